"""Who may look at whom, by the mask, and whom a word looks at, in each head.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from minigpt.pictures import fonts
from minigpt.pictures.drawing import NORMAL, SMALL, Drawing, wide
from minigpt.pictures.look import BLUE, GREY, ORANGE

PALE = "#c4c4c4"
WORDS = {
    "en": {"causal": "the causal mask", "leaking": "off by one", "heads": "head {}"},
    "zh": {"causal": "因果掩码", "leaking": "错开一位", "heads": "头 {}"},
}


def masks(tokens, labels="en"):
    """What each token may look at: itself and the past; and with a mask that is off by one, the next token too."""
    T, cell, left = len(tokens), 6, max(map(wide, tokens)) + 2
    drawing = Drawing(2 * (left + T * cell) + 5, T * cell + left + 6, WORDS, labels)
    for side, (name, ahead) in enumerate((("causal", 0), ("leaking", 1))):
        x0 = side * (left + T * cell + 4) + left
        drawing.text(x0 + T * cell / 2, T * cell + left + 3.5, drawing.words[name], weight="bold")
        for i, token in enumerate(tokens):
            y = (T - 1 - i) * cell + 0.5
            drawing.text(x0 - 1, y + cell / 2, token, "right")
            drawing.text(x0 + (i + 0.5) * cell, T * cell + 1.6, token, rotation=90, va="bottom")
            for j in range(T):
                face = "white" if j > i + ahead else ORANGE if j > i else BLUE
                style = {"linewidth": 0.6, "edgecolor": GREY, "facecolor": face, "alpha": 0.75}
                drawing.axes.add_patch(Rectangle((x0 + j * cell, y), cell, cell, **style))
    return drawing.figure


def looks(weights, tokens, labels="en"):
    """Whom the last token looks at, in each head of a layer: weights (H, T, T)."""
    H, T = weights.shape[:2]
    cell, high = 6.2, 5.6
    left = wide(WORDS["en"]["heads"].format(H)) + 3
    drawing = Drawing(left + T * cell + 1, H * high + max(map(wide, tokens)) + 4, WORDS, labels)
    for j, token in enumerate(tokens):
        style = {"rotation": 90, "va": "bottom", "weight": "bold" if j == T - 1 else "normal"}
        drawing.text(left + (j + 0.5) * cell, H * high + 1.6, token, **style)
    for i, row in enumerate(weights[:, -1]):
        y = (H - 0.5 - i) * high + 0.5
        drawing.text(left - 1.5, y, drawing.words["heads"].format(i + 1), "right")
        for j, share in enumerate(row):
            corner = (left + j * cell, y - high / 2)
            square = Rectangle(corner, cell, high, linewidth=0.8, edgecolor=GREY, facecolor=(BLUE, 0.85 * float(share)))
            drawing.axes.add_patch(square)
            if share >= 0.05:
                drawing.text(corner[0] + cell / 2, y, f"{share:.2f}", size=SMALL)
    return drawing.figure


def heads(weights, tokens, labels="en", layer=None, columns=2):
    """Who looks at whom in each head of a layer: weights (H, T, T); masked cells are hatched, the last row is framed.

    Args:
        layer: its number, from 1; head 2 of layer 3 is then called 3.2. columns: of maps.
    """
    words, family = WORDS[fonts.language(labels)], fonts.family(labels)
    H, T = weights.shape[:2]
    columns = min(H, columns)
    rows = -(-H // columns)
    side = max(2.6, 0.27 * T)  # inches
    figure = Figure(figsize=(columns * side + 1.9, rows * (side + 0.4) + 0.8), layout="constrained")
    all_axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for i, axes in enumerate(all_axes.flat):
        if i >= H:
            axes.axis("off")
            continue
        image = axes.imshow(weights[i], cmap="Blues", vmin=0, vmax=1)
        stairs = [(t + 0.5, y) for t in range(T) for y in (t - 0.5, t + 0.5)]  # down the diagonal
        hidden = Polygon([*stairs[:-1], (T - 0.5, -0.5)], facecolor="none", edgecolor=PALE, hatch="///", linewidth=0)
        axes.add_patch(hidden)
        axes.plot([-0.5, T - 0.5, T - 0.5, -0.5, -0.5], [T - 1.5, T - 1.5, T - 0.5, T - 0.5, T - 1.5], color=ORANGE)
        for t, s in np.argwhere(np.tri(T)) if T <= 4 else ():  # a small map has room for its numbers
            colour = "white" if weights[i][t, s] > 0.6 else "black"
            axes.text(s, t, f"{weights[i][t, s]:.2f}", ha="center", va="center", color=colour, fontsize=SMALL)
        axes.set_title(words["heads"].format(f"{layer}.{i + 1}" if layer else i + 1), fontsize=NORMAL, family=family)
        axes.set_xticks(range(T), tokens, rotation=90, family=family, fontsize=SMALL)
        axes.set_yticks(range(T), tokens, family=family, fontsize=SMALL)
        axes.tick_params(length=0)
    figure.colorbar(image, ax=all_axes, shrink=0.6, ticks=[0, 0.5, 1])
    return figure
