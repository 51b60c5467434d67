"""Sampling: probabilities by hand, greedy, top-k, top-p, the end marker, the context's limit, refusals."""

import math

import pytest
import torch

from minigpt.files import InputError
from minigpt.generate import generate, next_token_probabilities

LOGITS = torch.tensor([math.log(p) for p in (0.1, 0.4, 0.2, 0.3)])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0.1, 0.4, 0.2, 0.3]),
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_k": 9}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_p": 0.05}, [0, 1, 0, 0]),
        ({"top_p": 0.5}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_p": 0.71}, [0, 4 / 9, 2 / 9, 3 / 9]),
        ({"top_p": 1.0}, [0.1, 0.4, 0.2, 0.3]),
        ({"temperature": 0.5}, [0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3]),
    ],
)
def test_probabilities(settings, expected):
    torch.testing.assert_close(
        next_token_probabilities(LOGITS, **settings), torch.tensor(expected, dtype=torch.float32)
    )


def test_equal_tokens_are_cut_to_k():
    assert (next_token_probabilities(torch.zeros(10), top_k=3) > 0).sum() == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -1},
        {"temperature": math.nan},
        {"top_k": 0},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.1},
    ],
)
def test_out_of_range(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        next_token_probabilities(LOGITS, **settings)


def test_greedy_is_the_argmax_each_time(tiny, tok):
    ids = torch.tensor([[tok.start_id, 3], [tok.start_id, 5]])
    found = generate(tiny, ids, 30, temperature=0)
    assert found.shape == (2, 32)
    for t in range(2, 32):
        logits = tiny(found[:, max(0, t - 24) : t])[:, -1]  # past n_ctx = 24: the last 24
        assert (found[:, t] == logits.argmax(-1)).all()


def test_generator_decides(tiny, tok):
    ids = torch.tensor([[tok.start_id]])
    texts = [generate(tiny, ids, 20, generator=torch.Generator().manual_seed(seed)).tolist() for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]


def test_draws_follow_the_probabilities(tiny, tok):
    ids = torch.full((4000, 1), tok.start_id)
    drawn = generate(tiny, ids, 1, generator=torch.Generator().manual_seed(0))[:, 1]
    p = tiny(ids[:1])[0, -1].softmax(-1)
    frequency = torch.bincount(drawn, minlength=len(p)) / 4000
    assert ((frequency - p).abs() < 5 * (p / 4000).sqrt()).all()


def test_stops_at_the_end(tiny, tok):
    ids = torch.full((3, 1), tok.start_id)
    found = generate(tiny, ids, 200, generator=torch.Generator().manual_seed(3), end_id=tok.end_id)
    assert found.shape[1] < 201
    for row in found.tolist():
        at = row.index(tok.end_id)
        assert set(row[at:]) == {tok.end_id}


def test_empty_prompt_is_refused(tiny):
    with pytest.raises(InputError, match="start marker"):
        generate(tiny, torch.zeros(1, 0, dtype=torch.long), 1)
