"""The lecture's own figures, drawn from tokens: next-token prediction, and the input formats as boxes.

Labels are English; each function returns a matplotlib figure for `plots.save` or `notebook.show`.
"""

from itertools import pairwise

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from minigpt.pictures.plots import BLUE, GREY, ORANGE

TEXT, MARKER, PADDING = "#d7e6f4", "#fbe3c7", "#eeeeee"
MARKERS = ("<s>", "$", "<e>")


def box(axes, x, y, token, colour, edge=GREY, ha="center"):
    style = {
        "boxstyle": "round,pad=0.35",
        "facecolor": colour,
        "edgecolor": edge,
        "linewidth": 1 if edge == GREY else 2.5,
    }
    axes.text(x, y, token, ha=ha, va="center", bbox=style, fontsize=11)


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


def fine_tuning(tasks):
    """The lecture's last figure, "Fine-tuning GPT": the four formats through one body into their heads.

    Args:
        tasks: rows of (name, sequences, head): sequences are lists of (token, id), head says what follows the states
            at `<e>`.
    """
    n_rows = sum(len(sequences) for _, sequences, _ in tasks) + 0.3 * (len(tasks) - 1)
    longest = max(len(sequence) for _, sequences, _ in tasks for sequence in sequences)
    figure = Figure(figsize=(0.75 * (longest + 8), 0.72 * n_rows + 0.4), layout="constrained")
    axes = figure.subplots()
    body, head, y = longest - 0.2, longest + 2.2, 0.0  # where the two stand
    for name, sequences, follows in tasks:
        middle = y - (len(sequences) - 1) / 2
        axes.text(-1.6, middle, name, ha="right", va="center", fontsize=11, weight="bold")
        for sequence in sequences:
            for x, (token, i) in enumerate(sequence, start=longest - len(sequence) - 1):
                read = x == longest - 2
                box(axes, x, y, f"{token}\n{i}", MARKER if token in MARKERS else TEXT, edge=ORANGE if read else GREY)
            arrow(axes, (longest - 1.5, y), (body + 0.1, y))
            arrow(axes, (body + 1.3, y), (head, middle))
            y -= 1
        box(axes, head + 0.25, middle, follows, "white", edge=BLUE, ha="left")
        y -= 0.3
    style = {"boxstyle": "round,pad=0.1", "facecolor": "#e6efe3", "edgecolor": GREY}
    axes.add_patch(FancyBboxPatch((body + 0.25, y + 0.9), 0.9, -y - 0.5, **style))
    axes.text(body + 0.7, (y + 1.3) / 2, "the same GPT, read at <e>", rotation=90, ha="center", va="center")
    axes.set(xlim=(-4.4, head + 3.4), ylim=(y + 0.7, 0.6))
    axes.axis("off")
    return figure


def arrow(axes, start, end):
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": GREY})
