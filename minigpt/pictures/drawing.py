"""What diagrams are drawn with: boxes, arrows and words in a figure whose units are tenths of an inch.

One look: what a model computes is blue, markers and what is new or added orange, the truth and the answer green.
"""

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from minigpt.pictures import fonts
from minigpt.pictures.look import BLUE, GREEN, GREY, ORANGE, VIOLET

PALE = {
    "blue": "#d7e6f4", "orange": "#fbe3c7", "green": "#dcefe1", "violet": "#ecdcf1", "grey": "#eeeeee",
    "white": "none",
}  # fmt: skip
EDGE = {"blue": BLUE, "orange": ORANGE, "green": GREEN, "violet": VIOLET, "grey": GREY}
INK, SOFT, SMALL, NORMAL = "#1b1f24", "#5a626d", 12.5, 15
MARKERS = ("<s>", "$", "<e>")
BELOW = 0.85  # the size of what stands below a token, such as its ids


class Drawing:
    """An empty figure, and one language's words.

    A talk may show it in steps: what is drawn while `step` is 2 belongs to the second.

    Args:
        words: {"en": {name: word}, "zh": {name: word}}. labels: "en" or "zh", which needs a font, see `fonts.py`.
    """

    def __init__(self, width, height, words, labels):
        self.words, self.family = words[fonts.language(labels)], fonts.family(labels)
        self.figure = Figure(figsize=(width / 10, height / 10))
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.axis("off")
        self.step = 0

    def add(self, artist):
        """Says which step an artist belongs to; the name gets into an SVG."""
        if self.step:
            artist.set_gid(f"step{self.step}")

    def text(self, x, y, text, ha="center", size=NORMAL, colour=INK, **style):
        style = {"family": self.family, "va": "center"} | style
        self.add(self.axes.text(x, y, text, ha=ha, fontsize=size, color=colour, **style))

    def note(self, x, y, text, ha="left"):
        self.text(x, y, text, ha, SMALL, SOFT)

    def box(self, x, y, width, height, colour="blue", edge=GREY, round=0.9, line=1.3):
        """A rounded box around (x, y)."""
        style = {"boxstyle": f"round,pad=0,rounding_size={round}", "facecolor": PALE[colour], "edgecolor": edge}
        corner = (x - width / 2, y - height / 2)
        self.add(self.axes.add_patch(FancyBboxPatch(corner, width, height, linewidth=line, **style)))

    def block(self, x, y, width, height, text, colour="blue", edge=GREY, formula=None):
        """A box around (x, y) with a text in it, and a formula below that."""
        self.box(x, y, width, height, colour, edge)
        self.text(x, y + (1.7 if formula else 0), text)
        if formula:
            self.text(x, y - 1.7, formula)

    def token(self, x, y, width, height, text, below="", size=NORMAL):
        """A token, or a run of them: text is blue, a marker orange, and `<e>`, where the answer is read, round too."""
        colour, edge = ("orange", ORANGE) if text in MARKERS else ("blue", GREY)
        self.box(x, y, width, height, colour, edge, round=height / 2 if text == "<e>" else 0.9)
        self.text(x, y + (0.2 * height if below else 0), text, size=size)
        if below:
            self.text(x, y - 0.24 * height, below, size=BELOW * size, colour=SOFT)

    def arrow(self, start, end, colour=GREY):
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
        self.add(self.axes.annotate("", end, start, arrowprops=style).arrow_patch)

    def bar(self, x, y, width, height, colour):
        """A bar from x to the right, y its middle."""
        self.add(self.axes.barh(y, width, left=x, height=height, color=colour)[0])

    def line(self, x, y, colour):
        self.add(*self.axes.plot(x, y, color=colour, linewidth=1.8))


def wide(text, size=NORMAL):
    """How wide a text or formula is, in tenths of an inch."""
    font = FontProperties(family=fonts.family("zh"), size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=text.count("$") > 1)[0] / 7.2


def shown_until(figure, step):
    """The figure without what belongs to a later step."""
    for axes in figure.axes:
        for artist in axes.get_children():
            named = artist.get_gid() or "step0"
            artist.set_visible(artist.get_visible() and int(named.removeprefix("step")) <= step)
    return figure
