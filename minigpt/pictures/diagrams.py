"""Tokens drawn: next-token prediction, which is the lecture's own figure, and sequences as rows of boxes.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

from itertools import pairwise, zip_longest

from minigpt.pictures import fonts
from minigpt.pictures.drawing import SMALL, Drawing, wide
from minigpt.pictures.look import BLUE, ORANGE

WORDS = {
    "en": {
        "input": "input", "target": "target", "guess": "drawn", "padding": "pad",
        "lstm": "LSTM: its token, and one state", "attention": "attention: every token so far",
        "merges": "merges: {}",
    },
    "zh": {
        "input": "输入", "target": "目标", "guess": "抽到的", "padding": "填充",
        "lstm": "LSTM：当前词元，加上前一个状态", "attention": "注意力：到此为止的每个词元",
        "merges": "合并 {} 次",
    },
}  # fmt: skip
HIGH = 4.6  # of a token's box


def next_token_prediction(tokens, labels="en", own=False):
    """The lecture's figure: what goes in below, what should come out above, one place later.

    Args:
        own: the model reads its own words instead of the true ones, as it does when it writes: what it drew becomes
            the next input.
    """
    T, cell, left = len(tokens) - 1, max(map(wide, tokens)) + 4, 11
    drawing = Drawing(left + T * cell + 1, 25, WORDS, labels)
    low, high = 4, 20.5
    for y, name in ((low, "input"), (high, "guess" if own else "target")):
        drawing.text(left - 2.5, y, drawing.words[name], "right", SMALL)
    shown = T // 2  # one output, with all the inputs that it sees
    for t, (given, wanted) in enumerate(pairwise(tokens)):
        x = left + (t + 0.5) * cell
        drawing.token(x, low, cell - 1.6, HIGH, given)
        drawing.block(x, high, cell - 1.6, HIGH, wanted, "blue" if own else "green")
        if own:
            drawing.arrow((x, low + HIGH / 2), (x, high - HIGH / 2), BLUE)
            if t + 1 < T:
                drawing.arrow((x + 0.3 * cell, high - HIGH / 2), (x + 0.8 * cell, low + HIGH / 2), ORANGE)
        elif t <= shown:
            drawing.arrow((x, low + HIGH / 2), (left + (shown + 0.5) * cell, high - HIGH / 2), BLUE)
    return drawing.figure


def token_boxes(rows, names=None, labels="en"):
    """Sequences as boxes, one row each: text blue, markers orange, padding grey, `<e>`, which is read, rounder.

    Args:
        rows: lists of tokens. names: what stands in front of each row, such as "option 1".
    """
    padding = WORDS[fonts.language(labels)]["padding"]
    columns = list(zip_longest(*rows, fillvalue=padding))
    cells = [max(map(wide, column)) + 3 for column in columns]
    left = max(wide(name) for name in names) + 2 if names else 0
    drawing = Drawing(left + sum(cells) + 1, 6 * len(rows) + 1, WORDS, labels)
    for i, row in enumerate(rows):
        y = 6 * (len(rows) - i) - 2.5
        if names:
            drawing.text(left - 0.5, y, names[i], "right")
        for j, cell in enumerate(cells):
            x = left + sum(cells[:j]) + cell / 2 + 0.5
            if j < len(row):
                drawing.token(x, y, cell - 0.8, HIGH, row[j])
            else:
                drawing.block(x, y, cell - 0.8, HIGH, drawing.words["padding"], "grey")
    return drawing.figure


def readers(tokens, labels="en"):
    """What a state is made of: an LSTM's of its token and the state before, attention's of all tokens up to its own."""
    T, cell, low, high = len(tokens), max(map(wide, tokens)) + 4.5, 3, 15
    drawing = Drawing(2 * T * cell + 7, 25, WORDS, labels)
    for side, name in enumerate(("lstm", "attention")):
        at = [1 + side * (T * cell + 5) + (t + 0.5) * cell for t in range(T)]
        drawing.text(sum(at) / T, 22.5, drawing.words[name], weight="bold")
        for t, (x, token) in enumerate(zip(at, tokens, strict=True)):
            drawing.token(x, low, cell - 3, HIGH, token)
            drawing.block(x, high, cell - 3, HIGH, f"$h_{{{t + 1}}}$", "violet")
            if name == "lstm" and t:
                drawing.arrow((at[t - 1] + cell / 2 - 1.5, high), (x - cell / 2 + 1.5, high), ORANGE)
            if name == "lstm" or t + 1 == T:
                for start in [x] if name == "lstm" else at:
                    drawing.arrow((start, low + HIGH / 2), (x, high - HIGH / 2), BLUE)
    return drawing.figure


def merging(rows, counts, labels="en"):
    """Pieces of the same words after more and more merges of byte-pair encoding: a box spans what it joins.

    Args:
        rows: lists of pieces, a word's last one with `</w>`. counts: how many merges made each row.
    """
    cell, left = 8.6, 17
    letters = sum(len(piece.removesuffix("</w>")) for piece in rows[0])
    drawing = Drawing(left + letters * cell + 1, 6 * len(rows) + 1, WORDS, labels)
    for i, (row, count) in enumerate(zip(rows, counts, strict=True)):
        x, y = left, 6 * (len(rows) - i) - 2.5
        drawing.text(left - 2, y, drawing.words["merges"].format(count), "right", SMALL)
        for piece in row:
            room = len(piece.removesuffix("</w>")) * cell
            drawing.block(x + room / 2, y, room - 0.8, HIGH, piece)
            x += room
    return drawing.figure
