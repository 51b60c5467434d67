"""Arrows in the plane: each key's foot on the query's line gives the dot product; a figure up to one of its steps."""

import numpy as np
import pytest

from minigpt.pictures import arrows, drawing, matrices

KEYS = np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 0.0]])


def test_a_key_drops_onto_the_query():
    q = np.array([0.0, 3.0])
    plane, bars = arrows.query_and_keys(q, KEYS, ["a", "b", "c"]).axes
    tips, feet = (np.array([line.get_xydata()[end] for line in plane.lines]) for end in (0, 1))
    assert (tips == KEYS).all()
    np.testing.assert_allclose(feet @ q, KEYS @ q)  # the foot has the key's dot product
    np.testing.assert_allclose(feet[:, 0], 0, atol=1e-12)  # and lies on the query
    e = np.exp(KEYS @ q / np.sqrt(2))
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(list(e / e.sum()))


def test_a_query_of_zero_looks_everywhere_alike():
    _, bars = arrows.query_and_keys(np.zeros(2), KEYS, ["a", "b", "c"]).axes
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(("step", "last"), [(0, "1 scores"), (2, "3 masked"), (3, "4 weights"), (5, "5 weighted sum")])
def test_shown_until(step, last):
    figure = drawing.shown_until(matrices.attention_steps(KEYS, KEYS, KEYS, ["a", "b", "c"]), step)
    titles = [t.get_text() for t in figure.axes[0].texts if t.get_visible() and t.get_weight() == "bold"]
    assert titles[-1] == last
