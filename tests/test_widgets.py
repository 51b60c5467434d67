"""Widgets: each is built, and moving a control changes what is shown; pictures are drawn from the numbers given."""

import ipywidgets
import numpy as np
import pytest
import torch
from matplotlib.image import imread

from minigpt.attention import attention
from minigpt.pictures import diagrams, plots, widgets
from minigpt.pictures.notebook import png
from minigpt.train import TrainConfig


def controls(box, kind):
    """All widgets of a kind inside a box, in order."""
    found = [box] if isinstance(box, kind) else []
    return found + [w for child in getattr(box, "children", ()) for w in controls(child, kind)]


def test_attention_weights_are_the_models(tiny, tok):
    """Layer 2 looks at the states that layer 1 leaves: put together by hand from the blocks."""
    ids, _ = widgets.with_start(tok, "the cat saw")
    h = tiny.token_embedding(torch.tensor([ids])) + tiny.position_embedding.weight[: len(ids)]
    block = tiny.blocks[1].attention
    q, k, v = block.heads(tiny.blocks[0](h))
    np.testing.assert_allclose(widgets.attention_weights(tiny, ids, 1), attention(q, k, v)[1][0].detach(), atol=1e-6)


def test_next_tokens_beside_the_truth(tiny, tok):
    """Possible words, the likelier first, equal ones by name; then those likely to the model; one bar for the rest."""
    true = {"saw": 0.25, "dog": 0.5, "bird": 0.25}
    (axes,) = widgets.next_token_figure(tiny, tok, "the cat", lambda text: true).axes
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert [*names[:3], names[-1]] == ["dog", "bird", "saw", "other"]
    model, truth = ([bar.get_height() for bar in bars] for bars in axes.containers)
    assert truth == [0.5, 0.25, 0.25] + [0.0] * (len(names) - 3) and sum(model) == pytest.approx(1)
    assert all(share > 0.05 for share in model[3:-1])  # impossible, but likely to the model
    few = widgets.next_token_figure(tiny, tok, "the cat", lambda text: true, n_shown=1).axes[0]
    assert [bar.get_height() for bar in few.containers[1]] == [0.5, 0.5]


def test_attention_stepper():
    """A step hides what comes later; the query that is moved is the last token's, and moving it back restores all."""
    box = widgets.attention_stepper(*np.random.default_rng(0).normal(size=(3, 3, 2)), ["a", "b", "c"])
    (step,), sliders = controls(box, ipywidgets.ToggleButtons), controls(box, ipywidgets.FloatSlider)
    shown = controls(box, ipywidgets.Image)
    begun = [bytes(image.value) for image in shown]
    step.value = widgets.STEPS["mask"]
    assert bytes(shown[0].value) == begun[0] and bytes(shown[1].value) != begun[1]
    step.value = widgets.STEPS["scores"]
    assert [bytes(image.value) for image in shown] == begun  # a picture is the same every time
    sliders[0].value += 1
    assert all(bytes(image.value) != before for image, before in zip(shown, begun, strict=True))


def test_heads_of_a_text_that_is_typed(tiny, tok):
    """One map a head; another text or layer is another picture; more words than the model reads are cut."""
    box = widgets.heads_box(tiny, tok, "the cat")
    (shown,), (text,) = controls(box, ipywidgets.Image), controls(box, ipywidgets.Text)
    (layer,) = controls(box, ipywidgets.ToggleButtons)
    seen = {bytes(shown.value)}
    text.value = "the cat saw"
    seen.add(bytes(shown.value))
    layer.value = 2
    seen.add(bytes(shown.value))
    assert len(seen) == 3
    figure = widgets.heads_of(tiny, tok, "the " * 200, 1)
    maps = [axes.images[0].get_array().shape for axes in figure.axes if axes.images]
    assert maps == [(tiny.config.n_ctx,) * 2] * tiny.config.n_head


def test_trained_is_what_was_saved(tiny, tok, tmp_path):
    tiny.save(tmp_path)
    tok.save(tmp_path)
    model, read = widgets.trained(tmp_path)
    assert torch.equal(model.lm_head.weight, tiny.lm_head.weight) and read.pieces == tok.pieces


def test_live_loss_trains(tiny, tok):
    before = tiny.lm_head.weight.clone()
    box = widgets.live_loss(tiny, [[tok.start_id, 1, 2, tok.end_id]] * 8, TrainConfig(steps=4, batch_size=2), every=2)
    (button,), (shown,) = controls(box, ipywidgets.Button), controls(box, ipywidgets.Image)
    assert not shown.value
    button.click()
    assert shown.value and not torch.equal(before, tiny.lm_head.weight) and not button.disabled


@pytest.mark.parametrize(
    "figure",
    [
        plots.lines([1, 2, 3], {"a": [1, 2, 3], "b": [[1, 2, 2], [2, 3, 4]]}, "x", "y", log=True, floor=1.5),
        plots.attention_map(np.eye(3), ["a", "b", "c"]),
        plots.bars(["a", "b"], {"one": [1, 2], "other": [2, 1]}),
        diagrams.next_token_prediction(["<s>", "a", "b", "<e>"]),
        diagrams.token_boxes([["<s>", "a", "<e>"], ["<s>", "<e>"]], names=["x", "y"]),
    ],
)
def test_pictures_can_be_read(figure, tmp_path):
    (tmp_path / "a.png").write_bytes(png(figure))
    picture = imread(tmp_path / "a.png")
    assert min(picture.shape[:2]) > 100 and picture.std() > 0.05  # not blank


def test_a_fitted_curve_is_dashed():
    axes = plots.lines([1, 2], {"measured": [1.0, 2.0], "power law": [1.0, 2.1]}, "x", "y", fitted=True).axes[0]
    assert [(line.get_linestyle(), line.get_marker()) for line in axes.lines] == [("-", "o"), ("--", "None")]


def test_a_curve_shows_its_spread():
    axes = plots.lines([1, 2], {"a": [[1.0, 2.0], [3.0, 6.0]]}, "x", "y").axes[0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 4.0]  # the mean of the runs
    low, high = (
        axes.collections[0].get_paths()[0].vertices[:, 1].min(),
        axes.collections[0].get_paths()[0].vertices[:, 1].max(),
    )
    assert (low, high) == (1.0, 6.0)


def test_a_curve_ends_where_it_was_measured_last():
    figure = plots.lines([1, 10, 100], {"a": [3.0, 2.0, 1.0], "b": [3.0, 2.5, np.nan]}, "x", "y", log="x")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log" and axes.get_yscale() == "linear"
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1, 10, 100], [1, 10]]
    assert {text.get_text(): text.xy for text in axes.texts} == {"a": (100, 1.0), "b": (10, 2.5)}
