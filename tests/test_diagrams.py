"""Diagrams: what stands in them is what was given, in both languages."""

import re

import numpy as np
import pytest

from minigpt.model import GPTConfig
from minigpt.pictures import blocks, fonts, overview
from minigpt.pictures.notebook import png

CONFIG = GPTConfig(vocab_size=43, n_ctx=88, n_layer=3, n_head=4, d_model=96)


def texts(figure):
    """Every text of a figure, from the bottom up, then from the left."""
    found = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    return [t.get_text() for t in sorted(found, key=lambda t: (round(t.get_position()[1], 1), t.get_position()[0]))]


def test_the_model_has_its_shapes():
    told = texts(blocks.model(CONFIG))
    assert [text for text in told if re.fullmatch(r"\(T.*\)", text)] == ["(T)", "(T, 96)", "(T, 96)", "(T, 43)"]
    assert "$W^L$ (96, 43)" in told and "$W^e$ (43, 96)\n$W^p$ (88, 96)" in told and "3 times" in told


def test_the_norm_stands_after_the_sum_or_before_the_layer():
    """Post-LN on the left, pre-LN on the right."""
    (axes,) = blocks.decoder_block(CONFIG).axes
    named = [t for t in axes.texts if t.get_text() in ("+", "layer norm", "MLP", "causal self-attention")]
    columns = {}
    for text in sorted(named, key=lambda t: t.get_position()[1]):
        columns.setdefault(text.get_position()[0], []).append(text.get_text())
    left, right = (columns[x] for x in sorted(columns))
    assert left == ["causal self-attention", "+", "layer norm", "MLP", "+", "layer norm"]
    assert right == ["layer norm", "causal self-attention", "+", "layer norm", "MLP", "+"]


def test_attention_by_numbers():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 3, 2))
    told = texts(blocks.attention_steps(q, k, v, ["a", "b", "c"]))
    numbers = [float(text) for text in told if re.fullmatch(r"-?\d+\.\d", text)]
    masked = np.where(np.tri(3), q @ k.T / 2**0.5, -np.inf)
    weights = np.exp(masked) / np.exp(masked).sum(axis=1, keepdims=True)
    assert len(numbers) == 9 + 9 + 6 + 9 + 6 + 6  # three of the nine masked ones are hatched
    assert numbers[-2:] == pytest.approx((weights @ v)[0], abs=0.051)  # the first row stands highest
    assert numbers[-7:-4] == [1.0, 0.0, 0.0]  # its weights: it sees itself alone


def test_the_staircase_trains_every_position():
    tokens = ["<s>", "The", "cat", "sleeps", "."]
    told = [text for text in texts(blocks.staircase(tokens)) if text in tokens]
    rows = [
        ["<s>", "The", "cat", "sleeps", "."],
        ["<s>", "The", "cat", "sleeps"],
        ["<s>", "The", "cat"],
        ["<s>", "The"],
    ]
    assert told == [token for row in rows for token in row]


def test_the_loss_of_the_token_that_came():
    told = texts(blocks.cross_entropy(["Paris", "Tokyo", "rest"], [0.5, 0.3, 0.2], came=1))
    assert "$-\\log 0.30 = 1.20$" in told


@pytest.mark.skipif(fonts.chinese() is None, reason="no font with Chinese signs is installed")
def test_chinese_labels_are_drawn(caplog):
    figure = blocks.decoder_block(CONFIG, "zh")
    assert "层归一化" in texts(figure)
    png(figure)
    assert "glyph" not in caplog.text.lower()


def test_without_a_font_labels_are_english(monkeypatch):
    monkeypatch.setattr(fonts, "chinese", lambda: None)
    assert "layer norm" in texts(blocks.decoder_block(CONFIG, "zh"))


def test_gpt_looks_left_only():
    """Of the four, GPT alone draws no arrow from the right; each guesses the token in the middle."""
    (axes,) = overview.family(["The", "cat", "sleeps", "in", "Paris"]).axes
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None) is not None]
    from_left, from_right = [0] * 4, [0] * 4
    for one in arrows:
        model, place = divmod(one.xyann[0], 32)
        (from_left if place < 15 else from_right)[int(model)] += 1
    assert (from_left, from_right) == ([2, 2, 2, 2], [2, 2, 0, 2])


def test_both_languages_have_the_same_words():
    for words in (blocks.WORDS, overview.WORDS):
        assert words["en"].keys() == words["zh"].keys()
