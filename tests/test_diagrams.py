"""Diagrams: what stands in them is what was given, in both languages."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex

from minigpt import metrics
from minigpt.batch import pack
from minigpt.model import GPTConfig
from minigpt.pictures import blocks, diagrams, fonts, look, looking, matrices, overview, plots, read_once, tasks
from minigpt.pictures.notebook import png

CONFIG = GPTConfig(vocab_size=43, n_ctx=88, n_layer=3, n_head=4, d_model=96)


def texts(figure):
    """Every text of a figure, from the bottom up, then from the left."""
    found = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    return [t.get_text() for t in sorted(found, key=lambda t: (round(t.get_position()[1], 1), t.get_position()[0]))]


def test_the_model_has_its_shapes():
    told = texts(blocks.model(CONFIG))
    assert [text for text in told if re.fullmatch(r"\(T.*\)", text)] == ["(T)", "(T, 96)", "(T, 96)", "(T, 43)"]
    assert "$W^L$ (96, 43)" in told and "$W^e$ (43, 96)\n$W^p$ (88, 96)" in told and "L = 3 times" in told


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
    told = texts(matrices.attention_steps(q, k, v, ["a", "b", "c"]))
    numbers = [float(text) for text in told if re.fullmatch(r"-?\d+\.\d\d", text)]
    masked = np.where(np.tri(3), q @ k.T / 2**0.5, -np.inf)
    weights = np.exp(masked) / np.exp(masked).sum(axis=1, keepdims=True)
    assert len(numbers) == 9 + 9 + 6 + 6 + 6 + 6  # three of the nine masked ones are hatched, and their weights
    lower = numbers[: 6 + 6 + 6]  # weights, values and their product stand below, the first row highest
    assert lower[-2:] == pytest.approx((weights @ v)[0], abs=0.0051)
    assert lower[-5] == 1.0  # its weight: it sees itself alone


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
    assert "$-\\log 0.300 = 1.204$" in told


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
        column, place = divmod(one.xyann[0], 60)
        (from_left if place < 27 else from_right)[int(column) + 2 * (one.xyann[1] < 27)] += 1
    assert (from_left, from_right) == ([2, 2, 2, 2], [2, 2, 0, 2])


def test_both_languages_have_the_same_words():
    for module in (blocks, overview, diagrams, tasks, read_once, looking, matrices):
        assert module.WORDS["en"].keys() == module.WORDS["zh"].keys()


def test_a_softmax_over_the_options_and_over_the_batch():
    """Rows sum to 1 on the left; on the right columns do, and the sums beside the rows say that those do not."""
    z = np.array([[2.0, 1.0], [5.0, 0.0]])
    told = [float(text) for text in texts(tasks.softmaxes(z)) if re.fullmatch(r"\d\.\d\d", text)]
    left, right = np.exp(z) / np.exp(z).sum(1, keepdims=True), np.exp(z) / np.exp(z).sum(0)
    rows = [[*one[i], one[i].sum()] for i in (1, 0) for one in (left, right)]  # from the bottom up
    assert told == pytest.approx(np.concatenate(rows), abs=0.0051)


def arrows(figure):
    """Where the arrows begin and end."""
    return [(t.xyann, t.xy) for axes in figure.axes for t in axes.texts if getattr(t, "arrow_patch", None) is not None]


def test_an_output_sees_the_inputs_to_its_left():
    """The lecture's figure: the arrows of one output begin at the inputs up to it; a model that writes reads itself."""
    tokens = ["<s>", "Anna", "took", "the", "key", "."]
    seen = arrows(diagrams.next_token_prediction(tokens))
    assert len({end for _, end in seen}) == 1
    assert sorted(start[0] for start, _ in seen)[-1] == seen[0][1][0] and len(seen) == 3
    own = arrows(diagrams.next_token_prediction(tokens, own=True))
    assert sum(start[1] > end[1] for start, end in own) == len(tokens) - 2  # each drawn word but the last goes down


def test_an_lstm_hands_on_one_state_and_attention_looks_at_every_token():
    drawn = arrows(diagrams.readers(["The", "cat", "sleeps"]))
    along = [arrow for arrow in drawn if arrow[0][1] == arrow[1][1]]
    last = max(end[0] for _, end in drawn)
    assert len(along) == 2 and sum(end[0] == last for _, end in drawn) == 3  # all three tokens, into the last state
    assert len(drawn) == 2 + 3 + 3


def test_merged_pieces_span_their_letters():
    drawn = diagrams.merging([["t", "h", "e</w>"], ["th", "e</w>"]], [0, 1])
    wide = [(patch.get_width() + 0.8) / 8.6 for patch in drawn.axes[0].patches]
    assert wide == pytest.approx([1, 1, 1, 2, 1]) and "merges: 1" in texts(drawn)


@pytest.mark.parametrize(
    ("task", "rows", "states", "head"),
    [
        ("single_text", ["<s> x <e>"], ["T"], ["$W^y$", "softmax"]),
        ("entailment", ["<s> A $ B <e>"], ["T"], ["$W^y$", "softmax"]),
        ("similarity", ["<s> A $ B <e>", "<s> B $ A <e>"], ["ab", "ba"], ["+", "$W^y$", "softmax"]),
        (
            "multiple_choice",
            ["<s> p $ q $ 1 <e>", "<s> p $ q $ 2 <e>", "<s> p $ q $ N <e>"],
            ["1", "2", "N"],
            ["$w$"] * 3 + ["softmax"],
        ),
    ],
)
def test_a_format_as_the_lecture_writes_it(task, rows, states, head):
    """Equations (5) to (8), read from the picture from left to right, row by row from the top; each h by its name."""
    short = {tasks.A: "A", tasks.B: "B", r"$x_1 \cdots x_T$": "x", r"$p_1 \cdots p_n$": "p", r"$q_1 \cdots q_m$": "q"}
    short |= {rf"$c^{{({i})}}_1 \cdots c^{{({i})}}_k$": i for i in "12N"}
    (axes,) = tasks.symbols(task).axes
    named = [t for t in axes.texts if t.get_text() not in ("", "GPT", "⋮")]
    read = [t for t in named if t.get_text().startswith("$h")]
    named = [t for t in named if t not in read]
    assert [t.get_text().strip("$h_{}") for t in read] == states
    assert sorted(read, key=lambda t: -t.get_position()[1]) == read  # each at its row
    end = max(t.get_position()[0] for t in named if t.get_text() == "<e>")
    told = {}
    for text in sorted(named, key=lambda t: (-t.get_position()[1], t.get_position()[0])):
        x, y = text.get_position()
        if x <= end:
            told.setdefault(round(y, 1), []).append(short.get(text.get_text(), text.get_text()))
    assert [" ".join(row) for row in told.values()] == rows
    after = sorted((t for t in named if t.get_position()[0] > end), key=lambda t: t.get_position()[0])
    assert [t.get_text() for t in after] == head


def test_the_four_formats_meet_in_one_model():
    told = texts(tasks.fine_tuning())
    assert told.count("GPT") == 1 and told.count("<e>") == 7 and told.count("softmax") == 4


def colours(figure):
    return [patch.get_facecolor() for patch in figure.axes[0].patches]


def test_the_cache_computes_one_token_a_step():
    """Of the three steps 4 + 5 + 6 tokens are read without a cache, 4 + 1 + 1 with one; the legend has one of each."""
    figure = read_once.cache(["<s>", "Anna", "took", "the", "key", "."])
    told = colours(figure)
    blue, grey = told[-2], told[-1]
    assert (told.count(blue) - 1, told.count(grey) - 1) == (15 + 6, 3 + 1 + 5)
    assert "without a cache: 15 rows of attention" in texts(figure) and "with a cache: 6" in texts(figure)


def test_packed_options_do_not_see_each_other():
    batch = pack([[[7, 1, 2, 9], [7, 1, 3, 9]]])
    mask = batch.mask[0, 0].tolist()
    assert mask[5] == [True, True, False, False, True, True]
    figure = read_once.packed(["<s>", "a", "b", "<e>", "c", "<e>"], batch.positions[0].tolist(), mask)
    drawn = np.array([face[:3] != (1.0, 1.0, 1.0) for face in colours(figure)]).reshape(6, 6)
    assert (drawn == mask).all()
    assert [text for text in texts(figure) if text.isdigit()] == ["0", "1", "2", "3", "2", "3"]


def test_a_look_up_by_numbers():
    table, position = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), np.array([0.01, -0.02])
    told = texts(matrices.lookup(["a", "b", "c"], 1, table, position))
    assert [text for text in told if text in "01"] == ["0", "1", "0"] and told.count("0.30") == 1
    assert "0.31" in told and "0.38" in told


def test_a_figure_can_be_shown_in_steps():
    """A talk adds eq. (2)'s lines one by one: what belongs to a step has its name, the rest stands from the start."""
    (axes,) = blocks.model(CONFIG).axes
    step = {t.get_text(): t.get_gid() for t in axes.texts}
    assert (step["tokens"], step["embedding"], step["decoder block"]) == (None, "step1", "step2")
    assert step["output"] == step["next token"] == step["$W^L$ (96, 43)"] == "step3"


def test_baselines_are_levels_and_curves_have_their_names():
    """The majority is a dashed line and no bar; curves are named where they end, or by a legend."""
    axes = plots.bars(["a", "b"], {"majority": [50, 45], "pre-trained": [70, 80]}).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [70, 80]
    assert [segment[0][1] for segment in axes.collections[0].get_segments()] == [50, 45]
    apart = plots.lines([1, 2], {"a": [1.0, 2.0], "b": [3.0, 4.0]}, "x", "y").axes[0]
    assert apart.get_legend() is None and [t.get_text() for t in apart.texts] == ["a", "b"]
    together = plots.lines([1, 2], {"a": [1.0, 4.0], "b": [3.0, 4.0]}, "x", "y").axes[0]
    assert [t.get_text() for t in together.get_legend().get_texts()] == ["a", "b"]


def test_whom_the_last_word_looks_at():
    """One row a head, of the last token's weights; shares under 5% are shown by their shade alone."""
    weights = np.zeros((2, 3, 3))
    weights[0, -1], weights[1, -1] = [0.9, 0.08, 0.02], [0.0, 0.5, 0.5]
    told = texts(looking.looks(weights, ["<s>", "a", "b"]))
    assert [text for text in told if "." in text] == ["0.50", "0.50", "0.90", "0.08"]


def test_a_leaking_mask_shows_the_next_word():
    """Of four tokens each sees itself and the past, 10 cells; off by one, three see the next one too, in orange."""
    told = [face[:3] for face in colours(looking.masks(["<s>", "a", "b", "c"]))]
    kinds = {face: told.count(face) for face in dict.fromkeys(told)}
    assert sorted(kinds.values()) == [3, 32 - 23, 20]


def test_scores_are_drawn_with_their_intervals():
    """In per cent, the line from the interval's low end to its high one; each arm in its own colour."""
    arms = ["majority", "from scratch", "pre-trained"]
    scores = [metrics.accuracy([1] * n + [0] * (20 - n), [1] * 20) for n in (10, 11, 20)]
    axes = plots.bars(arms, {"accuracy": scores}).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([50, 55, 100])
    ends = [segment[:, 1] for segment in axes.collections[0].get_segments()]
    assert np.allclose(ends, [[100 * s.low, 100 * s.high] for s in scores])
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [look.GREY, look.ORANGE, look.BLUE]
    lead = metrics.paired([True] * 15 + [False] * 5, [True] * 5 + [False] * 15)
    axes = plots.bars(["from scratch"], {"lead": [lead]}).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([50])
    assert np.allclose(axes.collections[0].get_segments()[0][:, 1], [100 * lead.low, 100 * lead.high])


def test_few_bars_have_their_numbers_and_guessing_is_seen():
    """Up to 12 bars, whole numbers where there are groups; the line of guessing is drawn over the bars."""
    axes = plots.bars(["a", "b"], {"one": [70.4, 8.25], "two": [80.6, 0.123]}, chance=50).axes[0]
    assert {"70", "8.2", "81", "0.12"} < {text.get_text() for text in axes.texts}
    (line,) = axes.lines
    assert line.get_zorder() > max(bar.get_zorder() for bar in axes.patches) and set(line.get_ydata()) == {50}
    many = plots.bars(list("abcdefg"), {"one": range(7), "two": range(7)}).axes[0]
    assert not many.texts
    each = plots.bars(["a", "b", "c"], {"one": [1, 2, 3]}, chance=[50, None, 33]).axes[0]
    assert [drawn.get_segments()[0][0][1] for drawn in each.collections] == [50, 33]
