"""Figures compared by what they draw: equal data pass, another number, curve or word is told."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from minigpt.pictures import plots
from minigpt.pictures.figure_data import differences, figure_data, spread

VALUES = np.array([0.2, 0.5, 0.3])


def curves(values=VALUES, label="loss", more=True, xlabel="step"):
    drawn = {label: np.stack([values, values + 0.1])} | ({"other": values / 2} if more else {})
    return plots.lines([1, 2, 3], drawn, xlabel, "nats")


def bars(values=VALUES, words=("a", "b", "c")):
    return plots.bars(list(words), {"one": values, "two": np.stack([values, values / 2])})


def shades(values=VALUES):
    return plots.attention_map(np.diag(values), ["a", "b", "c"])


def decades(values=VALUES):
    return plots.bars(["a", "b", "c"], {"one": values}, log=True)


def stored(figure, tolerance=1e-9):
    """As a notebook keeps it."""
    return json.loads(json.dumps(figure_data(figure, tolerance)))


@pytest.mark.parametrize("draw", [curves, bars, shades, decades])
def test_a_number_may_differ_by_the_tolerance(draw):
    before = stored(draw(), 0.02)
    assert differences(before, stored(draw(), 0.02)) == []
    near, far = (stored(draw(VALUES * factor), 0.02) for factor in (1.01, 1.2))
    assert differences(before, near) == [] and any("differs by" in told for told in differences(before, far))
    assert 0 < spread(before, near) < 0.02 < spread(before, far)
    assert differences(stored(draw()), stored(draw(VALUES * (1 + 1e-14)))) == []  # another rounding
    assert differences(stored(draw()), stored(draw(VALUES * (1 + 1e-6)))) != []


@pytest.mark.parametrize(
    "other",
    [
        curves(label="accuracy"),
        curves(more=False),
        curves(xlabel="epoch"),
        plots.lines([1, 2, 4], {"loss": np.stack([VALUES, VALUES + 0.1]), "other": VALUES / 2}, "step", "nats"),
        plots.lines(
            [1, 2, 3], {"loss": np.stack([VALUES, VALUES + 0.1]), "other": VALUES / 2}, "step", "nats", log=True
        ),
    ],
    ids=["label", "curve lost", "axis", "places", "scale"],
)
def test_what_no_tolerance_covers(other):
    assert differences(stored(curves(), 10.0), stored(other, 10.0)) != []


def test_words_titles_and_tolerances():
    before = stored(bars(), 10.0)
    assert differences(before, stored(bars(words="abd"), 10.0)) != []
    assert differences(before, stored(plots.bars(list("abc"), {"one": VALUES}, title="t"), 10.0)) != []
    assert differences(before, stored(bars(), 5.0)) != []  # the cell's tolerance is part of what is stored


def test_a_number_in_words_is_left_to_its_bar():
    """`bar_label` writes what the bar shows, rounded: at the border of a rounding its words could differ."""
    words = figure_data(plots.bars(["a"], {"one": [0.12345]}))["axes"][0]["words"]
    assert not [word for word in words if "0.12" in word]


def test_a_long_line_is_thinned():
    figure = Figure()
    figure.subplots().plot(range(1500), np.sqrt(range(1500)))
    (line,) = figure_data(figure)["axes"][0]["shapes"]
    assert 100 < len(line["y"]) <= 200


def test_names_at_ends_and_a_legend_say_the_same():
    """Which of the two it is depends on how near two curves end: on a last digit, where training made them."""

    def two(apart):
        return plots.lines([1, 2], {"a": [0, 1], "b": [0, 1 - apart]}, "step", "nats", floor=0.2)

    near, far = two(0.06), two(0.08)
    assert near.axes[0].get_legend() and not far.axes[0].get_legend()
    assert differences(stored(near, 0.05), stored(far, 0.05)) == []
