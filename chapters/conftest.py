"""nbval compares what a lesson prints with what is stored, but no pictures; here it compares them too.

Two pictures are alike if no more than a few pixels in a thousand differ visibly: other processors round a curve's last
digit otherwise, and that moves a pixel. Another curve moves far more.
"""

import base64
import io

import numpy as np
from matplotlib.image import imread

try:
    from nbval.plugin import IPyNbCell, IPyNbFile
except ImportError:  # without the test extra there is nothing to compare
    IPyNbCell = IPyNbFile = None

PNG = "image/png"
VISIBLE, ALIKE = 0.1, 0.005  # of the brightness, and of the pixels


def pixels(encoded):
    return imread(io.BytesIO(base64.b64decode(encoded)), format="png")[..., :3]


def alike(one, other):
    """Do two pictures, base64 PNG, look the same?"""
    a, b = pixels(one), pixels(other)
    return a.shape == b.shape and np.mean(np.abs(a - b).max(axis=-1) > VISIBLE) <= ALIKE


def comparing_pictures(compare):
    """nbval's comparison of a cell's outputs, which then does not skip PNG."""

    def compare_outputs(cell, test, ref, skip_compare=None):
        for new, stored in zip(test, ref, strict=False):
            pair = [output.get("data", {}).get(PNG) for output in (new, stored)]
            if all(pair) and alike(*pair):
                new["data"][PNG] = stored["data"][PNG]
        skipped = tuple(key for key in skip_compare or cell.parent.skip_compare if key != PNG)
        return compare(cell, test, ref, skipped)

    return compare_outputs


if IPyNbCell is not None:
    IPyNbCell.compare_outputs = comparing_pictures(IPyNbCell.compare_outputs)
