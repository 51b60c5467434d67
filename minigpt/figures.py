"""The lecture's own figures, drawn from tokens: next-token prediction, and the input formats as boxes.

Labels are English; each function returns a matplotlib figure for `plots.save` or `plots.show`.
"""

from itertools import pairwise

from matplotlib.figure import Figure

from minigpt.plots import BLUE, GREY, ORANGE

TEXT, MARKER, PADDING = "#d7e6f4", "#fbe3c7", "#eeeeee"
MARKERS = ("<s>", "$", "<e>")


def box(axes, x, y, token, colour, edge=GREY):
    style = {
        "boxstyle": "round,pad=0.35",
        "facecolor": colour,
        "edgecolor": edge,
        "linewidth": 1 if edge == GREY else 2.5,
    }
    axes.text(x, y, token, ha="center", va="center", bbox=style, fontsize=11)


def next_token_prediction(tokens):
    """The lecture's figure: what goes in below, what should come out above, one place later."""
    figure = Figure(figsize=(1.15 * len(tokens), 2.6), layout="constrained")
    axes = figure.subplots()
    for t, (given, wanted) in enumerate(pairwise(tokens)):
        for y, token, colour in ((0, given, TEXT), (2, wanted, MARKER)):
            box(axes, t, y, token, colour)
    axes.text(-0.9, 0, "input", ha="right", va="center")
    axes.text(-0.9, 2, "target", ha="right", va="center")
    shown = len(tokens) // 2  # one output, with all the inputs that it sees
    for t in range(shown + 1):
        axes.annotate("", (shown, 1.62), (t, 0.4), arrowprops={"arrowstyle": "->", "color": BLUE})
    axes.text(len(tokens) - 1.5, 1, "each output sees the inputs\nbelow it and to the left", ha="right", va="center")
    axes.set(xlim=(-2, len(tokens) - 1.4), ylim=(-0.6, 2.6))
    axes.axis("off")
    return figure


def token_boxes(rows, labels=None):
    """Sequences as boxes, one row each: text blue, markers orange, padding grey, and `<e>`, which is read, ringed.

    Args:
        rows: lists of tokens. labels: what stands in front of each row, such as "option 1".
    """
    longest = max(map(len, rows))
    figure = Figure(figsize=(1.05 * longest + (1.5 if labels else 0.4), 0.62 * len(rows) + 0.3), layout="constrained")
    axes = figure.subplots()
    for y, row in enumerate(rows):
        if labels:
            axes.text(-0.8, -y, labels[y], ha="right", va="center")
        for x in range(longest):
            token = row[x] if x < len(row) else "pad"
            colour = PADDING if x >= len(row) else MARKER if token in MARKERS else TEXT
            box(axes, x, -y, token, colour, edge=ORANGE if x == len(row) - 1 else GREY)
    axes.set(xlim=(-2.2 if labels else -0.7, longest - 0.3), ylim=(0.6 - len(rows), 0.6))
    axes.axis("off")
    return figure
