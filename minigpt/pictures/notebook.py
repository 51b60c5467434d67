"""What a notebook shows: a figure with the data that it draws, and the source of a function.

The data is what a later run is compared by, see `figure_data.py`.
"""

import base64
import inspect
import io
import re

from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from minigpt.pictures.figure_data import DATA, EXACT, figure_data

WIDEST = 1200  # pixels of a page that a picture may take
DENSITY = 2  # pixels of the picture for each of them


def png(figure, dpi=100):
    """A figure as the bytes of a PNG, the same on every run."""
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return small(file.getvalue())


def small(picture):
    """The bytes of a PNG with a palette of 256 colours: a third of the size, and plots have few colours."""
    file = io.BytesIO()
    colours = Image.open(io.BytesIO(picture)).convert("RGB")
    colours.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return file.getvalue()


def show(figure, alt, tolerance=EXACT):
    """Display a figure in a notebook, with the data that it draws, by which a later run is compared.

    It has DENSITY pixels for each one of its width on the page, so that it is sharp on a projector and on a phone.

    Args:
        alt: what it shows, in words, for those who do not see it.
        tolerance: how far the heights may differ on another machine, in the figure's units; what was trained differs.
    """
    from IPython.display import display

    data, metadata = output(figure, alt, tolerance)
    display(data, raw=True, metadata=metadata)


def output(figure, alt, tolerance):
    """What `show` gives to the notebook: (data, metadata), each by the type of content."""
    picture = base64.b64encode(png(figure, DENSITY * figure.dpi)).decode()
    width = min(WIDEST, round(figure.dpi * figure.get_figwidth()))
    data = {"image/png": picture, DATA: figure_data(figure, tolerance), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": width}}


def source(*functions):
    """The source of functions without their docstrings, for a lesson that has just explained them.

    >>> print(source(png).splitlines()[0])
    def png(figure, dpi=100):
    """
    codes = []
    for function in functions:
        code, doc = inspect.cleandoc("\n" + inspect.getsource(function)), inspect.getdoc(function)
        codes.append(re.sub(r'\n *""".*?"""', "", code, count=1, flags=re.DOTALL) if doc else code)
    return "\n\n\n".join(codes)
