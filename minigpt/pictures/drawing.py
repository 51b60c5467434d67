"""What diagrams are drawn with: boxes, arrows and words in a figure whose units are tenths of an inch.

One look: what a model computes is blue, markers and what is added past a layer orange, the truth green.
"""

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from minigpt.pictures import fonts
from minigpt.pictures.plots import GREY

PALE = {"blue": "#d7e6f4", "orange": "#fbe3c7", "green": "#dcefe1", "grey": "#eeeeee", "white": "#ffffff"}
INK, SOFT, SMALL, NORMAL = "#1b1f24", "#5a626d", 12.5, 15


class Drawing:
    """An empty figure, and one language's words.

    Args:
        words: {"en": {name: word}, "zh": {name: word}}. labels: "en" or "zh", which needs a font, see `fonts.py`.
    """

    def __init__(self, width, height, words, labels):
        self.words, self.family = words[fonts.language(labels)], fonts.family(labels)
        self.figure = Figure(figsize=(width / 10, height / 10))
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.axis("off")

    def text(self, x, y, text, ha="center", size=NORMAL, colour=INK, **style):
        self.axes.text(x, y, text, ha=ha, va="center", fontsize=size, color=colour, family=self.family, **style)

    def note(self, x, y, text, ha="left"):
        self.text(x, y, text, ha, SMALL, SOFT)

    def block(self, x, y, width, height, text, colour="blue", edge=GREY, formula=None):
        """A rounded box around (x, y) with a text in it, and a formula below that."""
        style = {"boxstyle": "round,pad=0,rounding_size=0.9", "facecolor": PALE[colour], "edgecolor": edge}
        self.axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, linewidth=1.3, **style))
        self.text(x, y + (1.7 if formula else 0), text)
        if formula:
            self.text(x, y - 1.7, formula)

    def arrow(self, start, end, colour=GREY):
        self.axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6})
