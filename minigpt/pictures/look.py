"""The one look of all pictures: what each colour means, and axes without a box around them.

What was pre-trained is blue, from scratch orange, baselines grey, the truth and the floor green. The colours differ in
brightness too, for eyes that do not tell them apart.
"""

from itertools import pairwise

from matplotlib.figure import Figure

BLUE, ORANGE, GREY, GREEN, VIOLET = "#1f6fb2", "#e07b00", "#8a8a8a", "#2a8f4f", "#7b3294"
STYLES = [(BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (GREY, "D"), (VIOLET, "v")]  # one a curve
CHANCE = "majority"  # drawn as a level, not as a bar
RULES = ("latest", '"not" rule', "hypothesis only", "options only")  # baselines of the lessons: grey
SPLITS = {"500 training examples": "#c4a3cf", "500 new examples": VIOLET}
ARMS = {
    CHANCE: "black",
    "bag of words": GREY,
    "word pairs": "#5c5c5c",
    "from scratch": ORANGE,
    "without statements": "#9cc3e6",
    "pre-trained": BLUE,
    "with questions": "#12436b",
    "named model": VIOLET,  # one that was pre-trained elsewhere, such as GPT-1
}


def empty(width, height):
    """A figure of so many inches with one pair of axes: no box around it, so that the curves are what one sees."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


END = "end of a curve"


def name_ends(axes, ends):
    """Each curve's name where it ends, or a legend where two names would meet.

    Args:
        ends: {name: (x, y, colour)}.
    """
    heights = sorted(
        axes.transAxes.inverted().transform(axes.transData.transform((x, y)))[1] for x, y, _ in ends.values()
    )
    if any(above - below < 0.07 for below, above in pairwise(heights)):
        axes.legend(frameon=False)
        return
    for name, (x, y, colour) in ends.items():
        axes.annotate(name, (x, y), (7, 0), textcoords="offset points", color=colour, va="center", gid=END)


def dashed(axes, height, name, colour, below=False):
    """A level across the whole picture, with its name on it, or below it where something is drawn above."""
    axes.axhline(height, color=colour, linestyle="--", linewidth=1.2)
    va = "top" if below else "bottom"
    axes.text(1, height, name, color=colour, ha="right", va=va, transform=axes.get_yaxis_transform())
