"""A font for Chinese labels: found on this machine, or none, and then labels stay English."""

from functools import cache
from pathlib import Path

from matplotlib import font_manager

LATIN = "DejaVu Sans"  # comes with matplotlib
CHINESE = (
    "NotoSansCJK",
    "NotoSansSC",
    "SourceHanSans",
    "PingFang",
    "msyh",
    "simhei",
    "STHeiti",
    "wqy-",
    "DroidSansFall",
)


@cache
def chinese():
    """The name of a font with Chinese signs, or None."""
    paths = [path for path in sorted(font_manager.findSystemFonts()) if Path(path).name.startswith(CHINESE)]
    for path in paths:  # all of a family's weights
        font_manager.fontManager.addfont(path)
    return font_manager.FontProperties(fname=paths[0]).get_name() if paths else None


def family(labels):
    """The fonts of a figure with `labels` "en" or "zh", the first that has a sign draws it."""
    return [LATIN] if language(labels) == "en" else [LATIN, chinese()]


def language(labels):
    """The language of a figure's labels: "zh" where it was asked for and can be drawn, else "en"."""
    return labels if chinese() else "en"
