"""What a figure draws, as data: so that two figures are compared by their numbers and words, never by their pixels.

A machine with other rounding draws a trained model's curve a hair elsewhere. So a figure carries its tolerance, in its
own units: how far heights, points and shades may differ. Places along x, colours and words may not.
"""

import math

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator

from minigpt.pictures.look import END

DATA = "application/vnd.minigpt.figure+json"  # its name in a notebook's output, beside image/png
EXACT = 1e-9
MOST = 200  # points of one line that are kept


def figure_data(figure, tolerance=EXACT):
    """A matplotlib figure as {"tolerance", "title", "axes": [{"words", "scale", "shapes"}]}, fit for JSON.

    A shape is {"kind", "x", "y"}: a line, bars, error bars, a band, or an image, whose shades are its y. Of a line with
    more than 200 points every n-th is kept. Words that are numbers are left out: the shapes hold the numbers.
    """
    title = figure.get_suptitle()
    drawn = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]  # which holds nothing of its own
    return {"tolerance": tolerance, "title": title, "axes": [axes_data(axes) for axes in drawn]}


def axes_data(axes):
    words = [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    words += [word for axis in (axes.xaxis, axes.yaxis) for word in fixed_ticks(axis)]
    words += [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
    words += [text.get_text() for text in axes.texts if not is_number(text.get_text())]
    return {"words": words, "scale": axes.get_yscale(), "shapes": list(shapes(axes))}


def fixed_ticks(axis):
    """The names that were given to the ticks; those that matplotlib chose say nothing of their own."""
    locator = axis.get_major_locator()
    return axis.get_major_formatter().format_ticks(locator.locs) if isinstance(locator, FixedLocator) else []


def shapes(axes):
    for line in axes.lines:
        x, y = line.get_data()
        step = max(1, math.ceil(len(x) / MOST))
        yield shape("line", x[::step], y[::step], line.get_color())
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    if bars:
        yield shape(
            "bars", [b.get_x() for b in bars], [b.get_height() for b in bars], *(b.get_facecolor() for b in bars)
        )
    for drawn in axes.collections:
        kind = "error bars" if isinstance(drawn, LineCollection) else "band"
        yield shape(kind, *np.concatenate([path.vertices for path in drawn.get_paths()]).T)
    for image in axes.images:
        yield shape("image", image.get_array().shape, image.get_array().ravel())
    for text in axes.texts:
        follows = is_number(text.get_text()) or text.get_gid() == END  # from its bar, or from its curve
        if not follows:
            yield shape("text", [text.get_position()[0]], [text.get_position()[1]])


def shape(kind, x, y, *colours):
    x, y = ([float(f"{value:.12g}") for value in np.ma.filled(values, np.nan)] for values in (x, y))
    return {"kind": kind, "x": x, "y": y, "colours": list(dict.fromkeys(map(to_hex, colours)))}


def is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def differences(stored, new):
    """What differs between two results of `figure_data`, as sentences; within the stored tolerance nothing does."""
    differences = [
        f"{name}: {new[name]!r}, stored {stored[name]!r}"
        for name in ("tolerance", "title")
        if new[name] != stored[name]
    ]
    if len(new["axes"]) != len(stored["axes"]):
        return [*differences, f"{len(new['axes'])} axes, stored {len(stored['axes'])}"]
    for ours, theirs in zip(stored["axes"], new["axes"], strict=True):
        for name in ("words", "scale"):
            if ours[name] != theirs[name]:
                differences.append(f"{name}: {theirs[name]!r}, stored {ours[name]!r}")
        kinds = [[(s["kind"], len(s["y"]), s["colours"]) for s in axes["shapes"]] for axes in (ours, theirs)]
        if kinds[0] != kinds[1]:
            differences.append(f"shapes (kind, points, colours): {kinds[1]}, stored {kinds[0]}")
            continue
        for a, b in zip(ours["shapes"], theirs["shapes"], strict=True):
            for axis, allowed, scale in (("x", EXACT, "linear"), ("y", stored["tolerance"], ours["scale"])):
                apart = largest_difference(a[axis], b[axis], scale)
                if not apart <= allowed:
                    differences.append(f"{a['kind']}: {axis} differs by {apart:.3g}, allowed {allowed:g}")
    return differences


def spread(stored, new):
    """The largest difference in y between two figures of the same shapes, in the units of the tolerance."""
    pairs = zip(stored["axes"], new["axes"], strict=True)
    return max(
        (
            largest_difference(a["y"], b["y"], ours["scale"])
            for ours, theirs in pairs
            for a, b in zip(ours["shapes"], theirs["shapes"], strict=True)
        ),
        default=0.0,
    )


def largest_difference(a, b, scale="linear"):
    """Of two lists of numbers of one length, beyond their own rounding; in decades on a log scale."""
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    if scale == "log":
        a, b = (np.log10(np.maximum(values, 1e-300)) for values in (a, b))
    apart = np.maximum(np.abs(a - b) - EXACT * np.abs(a), 0)
    apart[np.isnan(a) & np.isnan(b)] = 0
    return float(np.max(apart, initial=0.0))
