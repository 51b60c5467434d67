"""What `fast/` need not compute again, drawn: the cache step by step, and options packed in one row.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

from matplotlib.patches import Rectangle

from minigpt.pictures.drawing import NORMAL, SMALL, Drawing, wide
from minigpt.pictures.look import BLUE, GREY, ORANGE

WORDS = {
    "en": {
        "without": "without a cache: {} rows of attention", "with": "with a cache: {}",
        "new": "computed", "kept": "keys and values kept",
    },
    "zh": {
        "without": "没有缓存：算 {} 行注意力", "with": "有缓存：算 {} 行",
        "new": "要计算", "kept": "键和值已存",
    },
}  # fmt: skip


def cache(tokens, steps=3, labels="en"):
    """The last `steps` steps of writing `tokens`: without a cache each reads the whole text again, with one its last.

    Blue is computed in that step, grey was kept from the steps before.
    """
    cell, high, apart = max(map(wide, tokens)) + 2, 4.4, 6
    half = cell * len(tokens) + 1
    drawing = Drawing(2 * half + apart, (high + 1.4) * steps + 11, WORDS, labels)
    lengths = range(len(tokens) - steps + 1, len(tokens) + 1)
    counts = {"without": sum(lengths), "with": lengths[0] + steps - 1}
    for side, (name, rows) in enumerate(counts.items()):
        left = side * (half + apart) + 0.5
        drawing.text(left + half / 2, (high + 1.4) * steps + 8, drawing.words[name].format(rows), weight="bold")
        for step, T in enumerate(lengths):
            drawing.step = step
            y = (high + 1.4) * (steps - step) + 2
            for t in range(T):
                computed = name == "without" or step == 0 or t == T - 1
                drawing.block(left + (t + 0.5) * cell, y, cell - 0.6, high, tokens[t], "blue" if computed else "grey")
        drawing.step = 0
    for x, colour, name in ((half - 12, "blue", "new"), (half + apart, "grey", "kept")):
        drawing.box(x, 2, 3, 2.4, colour)
        drawing.text(x + 2.5, 2, drawing.words[name], "left", SMALL)
    return drawing.figure


def packed(tokens, positions, mask, labels="en"):
    """N options in one row, from `batch.pack`: each token's position, and what it sees; what is masked is hatched.

    Args:
        tokens: (T). positions: (T). mask: (T, T), True where the row's token sees the column's.
    """
    T, cell = len(tokens), 3.4
    left = max(map(wide, tokens)) + 6
    drawing = Drawing(left + T * cell + 1, T * cell + left + 1, WORDS, labels)
    for i, token in enumerate(tokens):
        middle, y = left + (i + 0.5) * cell, (T - i - 0.5) * cell + 0.5
        colour = ORANGE if token in ("<s>", "$", "<e>") else "black"
        drawing.text(left - 1, y, token, "right", NORMAL, colour)
        drawing.text(middle, T * cell + 4.2, token, "center", NORMAL, colour, rotation=90, va="bottom")
        drawing.text(middle, T * cell + 2, str(positions[i]), size=SMALL, colour=GREY)
        for j in range(T):
            corner = (left + j * cell, y - cell / 2)
            look = {"facecolor": BLUE} if mask[i][j] else {"facecolor": "white", "hatch": "////"}
            drawing.axes.add_patch(Rectangle(corner, cell, cell, lw=0.6, edgecolor=GREY, alpha=0.75, **look))
    return drawing.figure
