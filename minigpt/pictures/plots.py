"""The plots of the lessons: lines, bars, who looks at whom. Those that a run saves are in `runs`.

Labels are English, so that no Chinese font is needed. Each function returns a matplotlib figure, which `show` displays
in a notebook.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator

from minigpt.pictures.look import (
    ARMS,
    BLUE,
    CHANCE,
    GREEN,
    GREY,
    ORANGE,
    RULES,
    SPLITS,
    STYLES,
    empty,
    name_ends,
)

RIM = withStroke(linewidth=3, foreground="white")


def lines(x, curves, xlabel, ylabel, log=False, floor=None, fitted=False):
    """Curves over the same x, each with its spread.

    Args:
        curves: {label: values (len(x)), or one row a run (n, len(x))}; a line is the mean, its band lowest to highest.
            Where a value is nan nothing was measured.
        log: both axes logarithmic; "x": that one alone.
        floor: a dashed line that no honest curve crosses.
        fitted: the last curve was not measured but fitted, and is dashed.
    """
    figure, axes = empty(7, 4)
    ends = {}
    styles = [style for style in STYLES if floor is None or style[0] != GREEN]  # green is the floor's, beside it
    for (label, values), (colour, marker) in zip(curves.items(), styles, strict=False):
        values, is_fit = np.atleast_2d(values), fitted and label == list(curves)[-1]
        measured = ~np.isnan(values).any(axis=0)
        at, values = np.array(x)[measured], values[:, measured]
        style = {"linestyle": "--"} if is_fit else {"marker": marker if len(x) < 30 else ""}
        axes.plot(at, values.mean(axis=0), color=colour, label=label, **style)
        axes.fill_between(at, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
        ends[label] = (at[-1], values.mean(axis=0)[-1], colour)
    if floor is not None:
        name = f"exact floor {floor:.3f}"
        axes.axhline(floor, color=GREEN, linestyle="--", linewidth=1.2, label=name)
        ends[name] = (x[-1], floor, GREEN)  # at the end, where no curve lies under it
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        axes.set_xscale("log")
        axes.set_xticks(x, [counted(value) for value in x])
        if log != "x":
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    if len(ends) > 1:  # a single curve is what the axis says
        name_ends(axes, ends)
    return figure


def stacked(names, parts, ylabel):
    """One bar a name, made of parts: {label: heights}, the first lowest; on top the sum."""
    figure, axes = empty(max(6, 1.3 + 0.2 * sum(map(len, names))), 3.4)
    low = np.zeros(len(names))
    for (label, heights), colour in zip(parts.items(), (GREEN, BLUE, ORANGE), strict=False):
        drawn = axes.bar(range(len(names)), heights, bottom=low, width=0.6, color=colour, label=label)
        low = low + heights
    axes.bar_label(drawn, [f"{total:.3f}" for total in low], padding=2)
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel=ylabel)
    axes.margins(y=0.12)
    axes.legend(frameon=False)
    return figure


def counted(value):
    """A number on an axis: 1,000,000, and from ten millions on as 3·10^7."""
    power = int(np.log10(value))
    return f"{value:,.0f}" if value < 1e7 else rf"${value / 10**power:.0f}\cdot10^{{{power}}}$"


def attention_map(weights, tokens, title=""):
    """Who looks at whom: weights (T, T), one row per query; darker is more. Small grids show the numbers but 0."""
    T = len(tokens)
    cell = 1.0 if T <= 4 else 0.55  # inches
    figure = Figure(figsize=(1.6 + cell * T, 1.1 + cell * T), layout="constrained")
    axes = figure.subplots()
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(T), tokens, rotation=90 if T > 6 else 0)
    axes.set_yticks(range(T), tokens)
    axes.set(xlabel="looks at (key)", ylabel="position (query)", title=title)
    for i in range(T if T <= 8 else 0):
        for j in np.flatnonzero(weights[i]):
            colour = "white" if weights[i][j] > 0.6 else "black"
            axes.text(j, i, f"{weights[i][j]:.2f}", ha="center", va="center", color=colour, fontsize=9 + 4 * (T <= 4))
    return figure


def bars(words, distributions, title="", ylabel="probability", log=False, chance=None):
    """One group of bars per word, one bar per distribution: {label: values, one per word}.

    Values are numbers; or rows of numbers, several runs: the bar is their mean, its line lowest to highest; or
    `metrics.Score`s and `metrics.Lead`s: in per cent, with their 95% intervals. A single distribution, or up to 12
    bars, show their numbers; a single one has no legend, and its arms have their colours of `task_table`. `chance` is
    what guessing gets: one number, or one a word, None where there is none.
    """
    few = len(words) <= 8
    upright = few or max(map(len, words)) <= 4
    longest = max(len(line) for word in words for line in word.split("\n"))
    room = 1.3 + 0.11 * len(words) * longest if few else 2 + 0.55 * len(words)  # inches
    figure, axes = empty(max(6, min(12, room)), 3.4)
    bars = [label for label in distributions if label != CHANCE]
    width = 0.8 / len(bars)
    fixed = ARMS | SPLITS | dict.fromkeys(RULES, GREY) | {"truth": GREEN, "floor": GREEN, "paper": GREY}
    fixed["plain stories"] = BLUE  # what the pre-trained body has read
    taken = {fixed[label] for label in distributions if label in fixed}
    others = iter([colour for colour, _ in STYLES if colour not in taken])
    for label, values in distributions.items():
        mean, spread = extents(values)
        if label == CHANCE:
            level(axes, range(len(words)), mean)
            continue
        colour = fixed.get(label) or next(others)
        if len(distributions) == 1 and hasattr(values[0], "low"):
            arms = [word.replace("\n", " ").split(",")[0] for word in words]
            colour = [GREY if arm == CHANCE else fixed.get(arm, colour) for arm in arms]
        at = [i + (bars.index(label) - (len(bars) - 1) / 2) * width for i in range(len(words))]
        drawn = axes.bar(at, mean, width * 0.95, yerr=spread, color=colour, label=label)
        if len(distributions) == 1 or len(words) * len(bars) <= 12:
            names = axes.bar_label(drawn, [told(height, log, len(bars)) for height in mean], padding=2, fontsize=9.5)
            for name in names:  # a line of guessing does not strike them through
                name.set(zorder=4, path_effects=[RIM])
                if isinstance(chance, (int, float)) and chance - 7 < name.xy[1] < chance:
                    name.xy = (name.xy[0], chance)  # nor stands in it, between dashes like minus signs
    axes.set_xticks(range(len(words)), words, rotation=0 if upright else 45)
    axes.set(ylabel=ylabel, yscale="log" if log else "linear")
    figure.suptitle(title, fontsize=11)
    if chance is not None:
        levels = chance if isinstance(chance, list) else [chance] * len(words)
        guess(axes, levels, apart=isinstance(chance, list))
        axes.set_xlim(right=len(words))  # its name stands beside the bars
    axes.margins(y=0.12)
    if axes.get_ylim()[0] < 0:  # bars on both sides of 0
        axes.spines["top"].set(visible=True, position=("data", 0))
    if len(distributions) > 1:
        axes.legend(ncols=len(distributions), loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
    return figure


def extents(values):
    """Of one distribution's bars: their heights, and how far their lines reach below and above, None if nowhere."""
    if hasattr(values[0], "low"):
        scores = [(getattr(v, "score", getattr(v, "lead", None)), v.low, v.high) for v in values]
        mean, low, high = 100 * np.array(scores).T
    else:
        runs = np.atleast_2d(values)
        mean, low, high = runs.mean(axis=0), runs.min(axis=0), runs.max(axis=0)
        if len(runs) == 1:
            return mean, None
    return mean, np.maximum([mean - low, high - mean], 0)


def told(height, log, n_bars):
    """A bar's number: whole where there are many large ones, so that all fit."""
    if log:
        return f"{height:.1e}"
    return f"{height:.3g}" if n_bars == 1 else f"{height:.0f}" if abs(height) >= 10 else f"{height:.2g}"


def guess(axes, levels, apart):
    """What guessing gets, a dashed line over the bars, with a white rim so that it is seen on dark ones.

    Args:
        levels: its height at each word, or None. apart: a line for each word, instead of one for all.
    """
    style = {"color": "black", "linestyle": "--", "linewidth": 1.2, "zorder": 3, "path_effects": [RIM]}
    there = [(place, height) for place, height in enumerate(levels) if height is not None]
    for place, height in there if apart else []:
        end = place + (1 if place == there[-1][0] else 0.45)  # the last one's goes on, under its name
        axes.hlines(height, place - 0.45, end, **style)
    if not apart:
        axes.axhline(levels[0], **style)
    place, height = there[-1]
    axes.text(1, height, "chance", ha="right", va="bottom", transform=axes.get_yaxis_transform())


def level(axes, places, heights):
    """What comes of always answering the commonest label: a dashed line across each group of bars."""
    axes.hlines(
        heights, [x - 0.45 for x in places], [x + 0.45 for x in places], "black", "--", linewidth=1.2, label=CHANCE
    )
