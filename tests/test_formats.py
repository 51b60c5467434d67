"""Equations (5) to (8): which ids stand where, cutting, batches; and the wrong formats that the check catches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minigpt import formats
from minigpt.batch import collate
from minigpt.formats import TASKS, cut
from minigpt.support.errors import InputError
from minigpt.tokenizer import Tokenizer

TOK = Tokenizer.train(["a b c d e f g h $ < s >"], 30, "word")
LETTERS = st.text(alphabet="abcdefgh", min_size=1, max_size=12).map(" ".join)


def assert_formats_correct(single_text, entailment, similarity, multiple_choice):
    """The ids of eqs. (5) to (8), written out; a typed `$` is no delimiter."""
    s, d, e = TOK.start_id, TOK.delimiter_id, TOK.end_id
    x, y, z, w = ([*TOK.encode(t)] for t in ("a b $", "c", "d e", "f"))
    assert single_text("a b $", TOK) == [[s, *x, e]]
    assert entailment("a b $", "c", TOK) == [[s, *x, d, *y, e]]
    assert similarity("a b $", "c", TOK) == [[s, *x, d, *y, e], [s, *y, d, *x, e]]
    assert multiple_choice("a b $", "c", ["d e", "f"], TOK) == [
        [s, *x, d, *y, d, *z, e],
        [s, *x, d, *y, d, *w, e],
    ]


RIGHT = {name: task.format for name, task in formats.TASKS.items()}


def test_formats():
    assert_formats_correct(**RIGHT)


WRONG = {
    "no delimiter": {"entailment": lambda p, h, tok: [formats.sequence([p + " " + h], tok)]},
    "one order only": {"similarity": lambda a, b, tok: [formats.sequence([a, b], tok)]},
    "the same order twice": {"similarity": lambda a, b, tok: [formats.sequence([a, b], tok)] * 2},
    "no end": {"single_text": lambda x, tok: [[tok.start_id, *tok.encode(x)]]},
    "no start": {"single_text": lambda x, tok: [[*tok.encode(x), tok.end_id]]},
    "the paper's (8), joined": {
        "multiple_choice": lambda p, q, o, tok: [formats.sequence([f"{p} {q}", option], tok) for option in o]
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_format_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_formats_correct(**RIGHT | wrong)


@pytest.mark.parametrize("task", ["entailment", "multiple_choice"])
@given(parts=st.lists(LETTERS, min_size=1, max_size=3), n_ctx=st.integers(7, 40))
def test_cutting_keeps_markers_and_fits(task, parts, n_ctx):
    (short,) = cut([formats.sequence(parts, TOK)], TOK, n_ctx, TASKS[task])
    assert len(short) <= n_ctx
    assert short[0] == TOK.start_id and short[-1] == TOK.end_id
    assert short.count(TOK.delimiter_id) == len(parts) - 1
    kept = formats.split_parts(short, TOK)
    for place, (part, left) in enumerate(zip(parts, kept, strict=True)):
        ids = TOK.encode(part)
        assert left and left == (ids[-len(left) :] if place == TASKS[task].loses_start else ids[: len(left)])
    whole = formats.sequence(parts, TOK)
    if len(whole) > n_ctx:
        assert len(short) == n_ctx  # nothing is cut that fits
        shortened = [len(k) for k, p in zip(kept, parts, strict=True) if len(k) < len(TOK.encode(p))]
        assert max(map(len, kept)) - min(shortened) <= 1  # the longest part gave way


@given(LETTERS, LETTERS, st.lists(LETTERS, min_size=2, max_size=4), st.integers(7, 30))
def test_options_are_cut_alike(passage, question, options, n_ctx):
    """Every option answers the same passage and question."""
    short = cut(formats.multiple_choice(passage, question, options, TOK), TOK, n_ctx, TASKS["multiple_choice"])
    assert len({tuple(map(tuple, formats.split_parts(ids, TOK)[:2])) for ids in short}) == 1
    assert max(map(len, short)) <= n_ctx


@given(LETTERS, LETTERS, st.integers(5, 30))
def test_cutting_knows_no_order(a, b, n_ctx):
    one, other = (cut(formats.similarity(*pair, TOK), TOK, n_ctx, TASKS["similarity"]) for pair in ((a, b), (b, a)))
    assert one == other[::-1]


def test_no_room():
    with pytest.raises(InputError, match="at least 7"):
        cut(formats.multiple_choice("a", "b", ["c", "d"], TOK), TOK, 6, TASKS["multiple_choice"])


@pytest.mark.parametrize(
    "call",
    [
        lambda: formats.single_text(" ", TOK),
        lambda: formats.entailment("a", "", TOK),
        lambda: formats.similarity(None, "a", TOK),
        lambda: formats.multiple_choice("a", "b", ["c", "\n"], TOK),
    ],
)
def test_empty_text_is_refused(call):
    with pytest.raises(InputError, match="empty or no text"):
        call()


@pytest.mark.parametrize("options", [[], ["a"], "ab"])
def test_too_few_options_are_refused(options):
    with pytest.raises(InputError, match="at least 2 options"):
        formats.multiple_choice("a", "b", options, TOK)


@given(
    st.lists(
        st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=6), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_collate(examples):
    batch = collate(examples)
    ids, last = batch.ids, batch.last
    for b, sequences in enumerate(examples):
        assert (last[b] >= 0).sum() == len(sequences)
        for s, tokens in enumerate(sequences):
            assert ids[b, s, : last[b, s] + 1].tolist() == tokens
    assert ids.dtype == last.dtype == torch.long
