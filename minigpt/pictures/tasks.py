"""The four input formats with their heads, eqs. (5) to (8), and all of them in the lecture's figure "Fine-tuning GPT".

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

import numpy as np

from minigpt.pictures.drawing import BELOW, NORMAL, SMALL, Drawing, wide
from minigpt.pictures.look import BLUE, GREEN, ORANGE
from minigpt.pictures.matrices import matrix
from minigpt.reference import softmax

WORDS = {
    "en": {
        "single_text": "single text (5)", "entailment": "entailment (6)", "similarity": "similarity (7)",
        "multiple_choice": "multiple\nchoice (8)",
        "rows": "softmax over the options", "columns": "softmax over the batch", "question": "question {}",
        "option": "option {}", "sum": "sum",
    },
    "zh": {
        "single_text": "单句文本分类 (5)", "entailment": "文本蕴含 (6)", "similarity": "文本相似度 (7)",
        "multiple_choice": "选择型\n阅读理解 (8)",
        "rows": "沿选项维度做 softmax", "columns": "沿批维度做 softmax", "question": "问题 {}",
        "option": "选项 {}", "sum": "和",
    },
}  # fmt: skip
A = r"$x^{(1)}_1 \cdots x^{(1)}_T$"
B = r"$x^{(2)}_1 \cdots x^{(2)}_{T\,′}$"  # ′: an apostrophe would become a sign of another font
SYMBOLS = {
    "single_text": [["<s>", r"$x_1 \cdots x_T$", "<e>"]],
    "entailment": [["<s>", A, "$", B, "<e>"]],
    "similarity": [["<s>", A, "$", B, "<e>"], ["<s>", B, "$", A, "<e>"]],
    "multiple_choice": [
        i
        and ["<s>", r"$p_1 \cdots p_n$", "$", r"$q_1 \cdots q_m$", "$", rf"$c^{{({i})}}_1 \cdots c^{{({i})}}_k$", "<e>"]
        for i in ("1", "2", None, "N")
    ],
}
HEADS = {  # what follows the states at <e>, stage by stage: one box for all sequences, or one each (True)
    "single_text": [("$W^y$", False), ("softmax", False)],
    "entailment": [("$W^y$", False), ("softmax", False)],
    "similarity": [("+", False), ("$W^y$", False), ("softmax", False)],
    "multiple_choice": [("$w$", True), ("softmax", False)],
}
STATES = {  # what is read at each sequence's <e>, by eqs. (3), (7) and (8)
    "single_text": ["$h_T$"],
    "entailment": ["$h_T$"],
    "similarity": ["$h_{ab}$", "$h_{ba}$"],
    "multiple_choice": ["$h_1$", "$h_2$", None, "$h_N$"],
}
HIGH, STEP, BODY, GAP = 4.8, 6.4, 7, 4  # a box, a row, the width of the body's box, an arrow
TALL = 1.6  # how much higher a box with ids is


def formats(rows, names=True, labels="en"):
    """Sequences from the left, through one GPT, into each task's head.

    Args:
        rows: {task: sequences}; a sequence is a list of texts, `<s>`, `$` and `<e>` among them, or of (text, ids), or
            None where some are left out.
    """
    rows = {task: [sequence and list(map(pair, sequence)) for sequence in rows[task]] for task in rows}
    tall = TALL if any(ids for sequences in rows.values() for row in filter(None, sequences) for _, ids in row) else 0
    high, step = HIGH + tall, STEP + tall
    named = [line for task in rows for words in WORDS.values() for line in words[task].split("\n")]
    left = max(map(wide, named)) + 3 if names else 0.5
    ends = left + max(sum(rooms(sequences)) for sequences in rows.values())
    heads = max(sum(GAP + wide(text) + 2 for text, _ in HEADS[task]) for task in rows)
    width = ends + GAP + BODY + heads + 1
    height = step * sum(map(len, rows.values())) + 2.4 * (len(rows) - 1) + 1.2
    drawing = Drawing(width, height, WORDS, labels)
    drawing.block(ends + GAP + BODY / 2, height / 2, BODY, height - 2, "GPT", "blue", BLUE)
    y = height - 0.6 - step / 2
    for task, sequences in rows.items():
        ys = [y - step * i for i in range(len(sequences))]
        if names:
            drawing.text(left - 1.5, sum(ys) / len(ys), drawing.words[task], "right")
        for at, sequence in zip(ys, sequences, strict=True):
            x = ends - sum(rooms(sequences))
            if sequence is None:
                drawing.text((x + ends) / 2, at, "⋮", weight="bold")
                continue
            for (text, ids), room in zip(sequence, rooms(sequences), strict=True):
                drawing.token(x + room / 2, at, room - 0.7, high, text, ids)
                x += room
            drawing.arrow((ends, at), (ends + GAP, at), ORANGE)
        read = [at for at, sequence in zip(ys, sequences, strict=True) if sequence]
        for at, state in zip(read, filter(None, STATES[task]), strict=False):
            side = -1.9 if at < sum(read) / len(read) - 0.1 else 1.9  # on the far side of an arrow to the middle
            drawing.text(ends + GAP + BODY + 1.8, at + side, state, size=SMALL)
        head(drawing, HEADS[task], ends + GAP + BODY, read)
        y = ys[-1] - step - 2.4
    return drawing.figure


def head(drawing, stages, x, ys):
    """The boxes after the body, from x on, for states at heights ys."""
    for n, (text, each) in enumerate(stages):
        drawing.step = n + 1
        at = ys if each else [sum(ys) / len(ys)]
        wider = wide(text) + 2
        for i, end in enumerate(at):
            for start in [ys[i]] if each else ys:
                drawing.arrow((x, start), (x + GAP, end))
            colour, edge = ("green", GREEN) if n + 1 == len(stages) else ("orange", ORANGE)
            drawing.block(x + GAP + wider / 2, end, wider, HIGH, text, colour, edge)
        x, ys = x + GAP + wider, at
    drawing.step = 0


def pair(piece):
    return (piece, "") if isinstance(piece, str) else piece


def rooms(sequences):
    """How wide each column of pieces is, so that sequences of one task stand below each other."""
    columns = zip(*filter(None, sequences), strict=True)
    return [max(max(wide(text), wide(ids, BELOW * NORMAL)) + 2.6 for text, ids in column) for column in columns]


def symbols(task, labels="en"):
    """One task's format and head, as the lecture writes it; of the N options the first two and the last."""
    return formats({task: SYMBOLS[task]}, names=False, labels=labels)


def fine_tuning(labels="en"):
    """The lecture's last figure: one body, four formats, four heads."""
    return formats(SYMBOLS, labels=labels)


def softmaxes(logits, labels="en"):
    """Probabilities of questions and options twice, softmax over the options and over the batch; a ring sums to 1.

    Args:
        logits: (B, N).
    """
    z = np.asarray(logits)
    (n, k), cell, left = z.shape, 9, 14
    drawing = Drawing(2 * (left + k * cell + 13), n * cell + 12, WORDS, labels)
    for side, (name, P) in enumerate({"rows": softmax(z), "columns": softmax(z.T).T}.items()):
        x, middle = left + side * (left + k * cell + 12), n * cell / 2 + 1
        drawing.text(x + k * cell / 2, n * cell + 9, drawing.words[name], weight="bold")
        matrix(drawing, x, 1, P, cell, digits=2)
        for j in range(k):
            drawing.text(x + (j + 0.5) * cell, n * cell + 3.4, drawing.words["option"].format(j + 1), size=SMALL)
            if name == "columns":
                drawing.box(x + (j + 0.5) * cell, middle, cell - 1.4, n * cell - 1.4, "white", ORANGE, line=2.5)
        drawing.text(x + k * cell + 5, n * cell + 3.4, drawing.words["sum"], size=SMALL)
        for i in range(n):
            y = 1 + (n - 0.5 - i) * cell
            drawing.text(x - 1.5, y, drawing.words["question"].format(i + 1), "right", SMALL)
            drawing.text(x + k * cell + 5, y, f"{P[i].sum():.2f}")
            if name == "rows":
                drawing.box(x + k * cell / 2, y, k * cell - 1.4, cell - 1.4, "white", ORANGE, line=2.5)
    return drawing.figure
