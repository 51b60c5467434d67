"""Attention looked at: a query and its keys as arrows in the plane, and the steps of a figure one after another."""

import numpy as np
from matplotlib.figure import Figure

from minigpt.pictures.look import BLUE, GREY, ORANGE
from minigpt.reference import softmax


def query_and_keys(q, k, names, query="query", directions=("", "")):
    """Where one query points, how far each key reaches along it, and the weights that follow.

    The dotted line drops from a key onto the query's line: the length up to its foot, times the query's length, is the
    dot product.

    Args:
        q: (2). k: (T, 2), what the query may see. names: T of them. query: the query's name.
        directions: what the first number of a key stands for, and the second.
    """
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    plane, bars = figure.subplots(1, 2, width_ratios=(1.15, 1))
    along = q / max(np.linalg.norm(q), 1e-9)
    arrow(plane, q, query, ORANGE)
    for key, name in zip(k, names, strict=True):
        foot = along * (key @ along)
        plane.plot([key[0], foot[0]], [key[1], foot[1]], ":", color=GREY)
        arrow(plane, key, f"key of {name}", BLUE)
    ends = np.vstack([[[0, 0]], k, [q]])
    low, high = ends.min(axis=0) - 0.6, ends.max(axis=0) + 0.6
    plane.set(xlim=(low[0], high[0] + 0.9), ylim=(low[1], high[1]), aspect="equal")
    plane.set_xlabel(directions[0], fontsize=13)
    plane.set_ylabel(directions[1], fontsize=13)
    for axes in (plane, bars):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=12)
    places = range(len(names))
    drawn = bars.barh(places, softmax(k @ q / np.sqrt(len(q))), color=BLUE)
    bars.bar_label(drawn, fmt="%.2f", padding=3, fontsize=13)
    bars.set_yticks(places, names, fontsize=14)
    bars.invert_yaxis()
    bars.set(xlim=(0, 1.1))
    bars.set_xlabel("attention weight", fontsize=13)
    return figure


def arrow(axes, end, name, colour):
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.4, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 18}
    axes.annotate("", end, (0, 0), arrowprops=style)
    offset = (-34, -19) if abs(end[1]) < 0.1 < abs(end[0]) else (6, 6)  # beside the axis no line crosses it
    axes.annotate(name, end, offset, textcoords="offset points", color=colour, fontsize=13)
