"""Eq. (2) by numbers: the look-up of an embedding, and one head's attention step by step, as small matrices.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

import numpy as np
from matplotlib.patches import Rectangle

from minigpt.pictures.drawing import SMALL, Drawing, wide
from minigpt.pictures.look import BLUE, GREEN, GREY, ORANGE, VIOLET
from minigpt.reference import softmax

WORDS = {
    "en": {
        "scores": "1 scores", "scaled": "2 scaled", "masked": "3 masked", "weights": "4 weights",
        "mask": "$+$ mask", "sum of": r"$\mathrm{weights} \cdot v$",
        "values": "values", "sum": "5 weighted sum", "place": "its row of position {}",
    },
    "zh": {
        "scores": "1 打分", "scaled": "2 缩放", "masked": "3 加掩码", "weights": "4 权重",
        "mask": "+ 掩码", "sum of": "权重 · v",
        "values": "值", "sum": "5 加权和", "place": "位置 {} 的那一行",
    },
}  # fmt: skip


def matrix(drawing, x, y, values, cell, colour=BLUE, digits=1, hidden=None):
    """Numbers in a grid whose lower left corner is (x, y), the stronger the larger; -inf and `hidden` are hatched."""
    finite = np.abs(values[np.isfinite(values)])
    largest = max(finite.max(), 1e-9)
    for i, j in np.ndindex(values.shape):
        value, corner = values[i, j], (x + j * cell, y + (len(values) - 1 - i) * cell)
        shown = np.isfinite(value) and not (hidden is not None and hidden[i, j])
        face = (colour, 0.75 * abs(value) / largest) if shown else "white"
        hatch = {} if shown else {"hatch": "////"}
        drawing.add(
            drawing.axes.add_patch(Rectangle(corner, cell, cell, lw=0.8, edgecolor=GREY, facecolor=face, **hatch))
        )
        if shown:
            drawing.text(
                corner[0] + cell / 2, corner[1] + cell / 2, f"{value:.{digits}f}".replace("-0.00", "0.00"), size=14
            )


def lookup(words, chosen, table, position, place=None, labels="en"):
    """A one-hot row times W^e is a row of W^e; W^p adds the row of the place.

    Args:
        words: n of them. chosen: which one stands here. table: rows of W^e (n, d).
        position: a row of W^p (d). place: which one, for its name.
    """
    (n, d), cell = table.shape, 7
    one_hot, row, left = np.eye(n)[[chosen]], table[[chosen]], max(map(wide, words)) + 5
    parts = [  # formula, numbers, colour, sign before
        (r"$e_{x\,′}$", one_hot, ORANGE, ""),
        ("$W^e$", table, VIOLET, "·"),
        ("$W^p$", position[None], BLUE, "+"),
        ("$h^{[0]}$", row + position, GREEN, "="),
    ]
    drawing = Drawing((n + 3 * d) * cell + left + 14, n * cell + 6, WORDS, labels)
    x = 0.5
    for step, (formula, values, colour, sign) in enumerate(parts):
        drawing.step = step
        rows, middle = len(values), n * cell / 2 + 0.5
        x += left if formula == "$W^e$" else 6 if sign else 0
        drawing.text(x - (left - 1.5 if formula == "$W^e$" else 3), middle, sign)
        matrix(drawing, x, middle - rows * cell / 2, values, cell, colour, digits=0 if values is one_hot else 2)
        drawing.text(x + values.shape[1] * cell / 2, middle + rows * cell / 2 + 2.6, formula)
        if formula == "$W^p$" and place is not None:
            drawing.note(x + d * cell / 2, middle - cell / 2 - 2, drawing.words["place"].format(place), "center")
        for i, word in enumerate(words if rows == n else []):
            drawing.text(x - 1, (n - 0.5 - i) * cell + 0.5, word, "right", weight="bold" if i == chosen else "normal")
        x += values.shape[1] * cell
    return drawing.figure


def attention_steps(q, k, v, tokens, labels="en", columns=()):
    """One head by numbers: q k^T, divided by sqrt(d_k), masked, softmax, times v. q, k, v are (T, d_k).

    Args:
        columns: what each number of a value means, d_k names; none where they mean nothing.
    """
    T, d_k = q.shape
    scores = q @ k.T
    masked = np.where(np.tri(T, dtype=bool), scores / np.sqrt(d_k), -np.inf)
    weights = softmax(masked)
    steps = [
        ("scores", r"$q k^\top$", scores, BLUE),
        ("scaled", "÷ √$d_k$", scores / np.sqrt(d_k), BLUE),
        ("masked", "mask", masked, BLUE),
        ("weights", "softmax", weights, BLUE),
        ("values", "$v$", v, ORANGE),
        ("sum", "sum of", weights @ v, GREEN),
    ]
    cell, gap, left = 6.6, 5.4, max(map(wide, tokens)) + 2
    high, widths = T * cell + 13, [max(T, d_k) * cell + gap] * 3
    drawing = Drawing(left + sum(widths) - gap + 1, 2 * high + 1, WORDS, labels)
    for step, (name, formula, values, colour) in enumerate(steps):
        drawing.step = step
        row, column = divmod(step, 3)
        x, y = left + sum(widths[:column]), (1 - row) * high + 1
        middle = x + values.shape[1] * cell / 2
        drawing.text(middle, y + T * cell + 8.2, drawing.words[name], weight="bold")
        drawing.text(middle, y + T * cell + 4.7, drawing.words.get(formula, formula))
        hidden = np.triu(np.ones((T, T)), 1) if name == "weights" else None
        matrix(drawing, x, y, values, cell, colour, digits=2, hidden=hidden)
        for j, named in enumerate(columns if name in ("values", "sum") else tokens):
            drawing.text(x + (j + 0.5) * cell, y + T * cell + 1.4, named, size=SMALL)
        if column == 0:
            for i, token in enumerate(tokens):
                drawing.text(left - 1, y + (T - 0.5 - i) * cell, token, "right")
        else:
            drawing.text(x - gap / 2, y + T * cell / 2, "·" if name == "values" else "=" if name == "sum" else "→")
    return drawing.figure
