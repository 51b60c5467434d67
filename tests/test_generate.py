"""Sampling: probabilities by hand, greedy, top-k, top-p, the end marker, the context's limit, refusals."""

import math
from functools import partial

import pytest
import torch

from minigpt.fast import cache, linear
from minigpt.fast.cache import CachedReader, KVCache
from minigpt.fast.token import TokenReader
from minigpt.generate import generate, last_logits, next_token_probabilities, rectangle
from minigpt.support.errors import InputError

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


def by_sorting(logits, top_k, top_p):
    """The same with the whole vocabulary in order."""
    ordered, order = logits.softmax(-1).sort(descending=True, stable=True)
    dropped = ordered.cumsum(-1) - ordered >= (top_p or 2)
    dropped[:, 0] = False
    dropped[:, top_k or len(ordered[0]) :] = True
    kept = torch.zeros_like(ordered).scatter(-1, order, ordered.masked_fill(dropped, 0.0))
    return kept / kept.sum(-1, keepdim=True)


@pytest.mark.parametrize(("top_k", "top_p"), [(5, None), (None, 0.3), (None, 0.999), (40, 0.5), (5000, None)])
def test_the_first_few_are_those_of_the_sorted_vocabulary(top_k, top_p):
    """Rows whose first 256 tokens hold enough for top_p, and others, in one batch and alone."""
    noise = torch.randn(2, 3000, generator=torch.Generator().manual_seed(0))
    logits = noise * torch.tensor([[9.0], [0.5]])
    for rows in (logits, logits[:1], logits[1:]):
        expected = by_sorting(rows, top_k, top_p)
        torch.testing.assert_close(next_token_probabilities(rows, top_k=top_k, top_p=top_p), expected)


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


def test_a_prompt_longer_than_the_context_is_refused(tiny):
    generate(tiny, [[1] * 24], 1)
    with pytest.raises(InputError, match="a prompt of 25 tokens is longer than n_ctx 24; give its last 24"):
        generate(tiny, [[1], [1] * 25], 1)


def test_empty_prompt_is_refused(tiny):
    with pytest.raises(InputError, match="start marker"):
        generate(tiny, torch.zeros(1, 0, dtype=torch.long), 1)


# --- the cache ------------------------------------------------------------------------------------------------

PROMPTS = [[16, 3, 4, 5, 6, 7], [16, 2], [16, 9, 9, 1]]


@pytest.fixture
def large(tiny):
    """`tiny` in float64, with weights so large that a wrong key shows."""
    model = tiny.double()
    for p in model.parameters():
        p.data *= 20
    return model


def assert_cache_exact(model, prompts, n_new, cache_class=KVCache, dtype=torch.float64, atol=1e-10):
    """At every step, also past n_ctx, the cached logits are those of each row read alone, to `atol`."""
    n_ctx = model.config.n_ctx
    read = CachedReader(model, len(prompts), whole=partial(last_logits, model))
    read.cache = cache_class(model.config, len(prompts), dtype=dtype)
    ids, lengths = rectangle(prompts, n_new, n_ctx)
    for longest in range(int(lengths.max()), int(lengths.max()) + n_new):
        found = read(ids, lengths, longest)
        for row, n in enumerate(lengths.tolist()):
            alone = model(ids[row : row + 1, max(0, n - n_ctx) : n])[0, -1]
            torch.testing.assert_close(found[row], alone, rtol=0, atol=atol)
        ids[torch.arange(len(prompts)), lengths] = (found + lengths[:, None]).sin().argmax(-1)  # some other token
        lengths = lengths + 1


@torch.no_grad()
@pytest.mark.parametrize("prompts", [PROMPTS, PROMPTS[:1], [[16]] * 3, [list(range(12)) * 2, [16, 1]]])
def test_cache_is_exact(large, prompts):
    assert_cache_exact(large, prompts, 30)  # n_ctx is 24


needs_laying_out = pytest.mark.skipif(
    not linear.worth_laying_out(3, torch.ones(1)), reason="this PyTorch or processor has no oneDNN that agrees"
)


@needs_laying_out
@torch.no_grad()
def test_weights_laid_out(tiny, monkeypatch):
    """Several rows in float32: the same logits, to float32's rounding of sums of at most 64 terms. One row: none is."""
    calls, lay_out = [], linear.laid_out
    monkeypatch.setattr(linear, "laid_out", lambda *given: calls.append(given) or lay_out(*given))
    assert_cache_exact(tiny, PROMPTS[:1], 10, dtype=torch.float32, atol=2e-5)
    assert not calls
    assert_cache_exact(tiny, PROMPTS[:1] * 3, 10, dtype=torch.float32, atol=2e-5)
    assert len(calls) == 4 * tiny.config.n_layer + 1


@needs_laying_out
@torch.no_grad()
@pytest.mark.parametrize("wrong", [lambda weight: weight.flip(0), lambda weight: 1.001 * weight])
def test_the_check_catches_other_weights(tiny, wrong, monkeypatch):
    lay_out = linear.laid_out
    monkeypatch.setattr(linear, "laid_out", lambda weight, rows: lay_out(wrong(weight), rows))
    with pytest.raises(AssertionError):
        assert_cache_exact(tiny, PROMPTS[:1] * 3, 10, dtype=torch.float32, atol=2e-5)


class SeesPadding(KVCache):
    def begin(self, T):
        positions, mask = super().begin(T)
        return positions, None if mask is None else torch.ones_like(mask)


class SeesOneLess(KVCache):
    def begin(self, T):
        positions, mask = super().begin(T)
        return positions, mask & mask.roll(-1, -1) if T == 1 and self.longest > 1 else mask


class CountsFromZero(KVCache):
    def begin(self, T):
        positions, mask = super().begin(T)
        return torch.arange(T).expand_as(positions), mask


class ForgetsValues(KVCache):
    def extend(self, layer, k, v):
        keys, values = super().extend(layer, k, v)
        return keys, values * (torch.arange(values.shape[2]) >= self.positions.min())[:, None]


class WritesOneLate(KVCache):
    """For rows of one length: each new key and value in the slot behind its own."""

    def extend(self, layer, k, v):
        self.longest += 1
        found = super().extend(layer, k, v)
        self.longest -= 1
        return [kept[:, :, : self.longest] for kept in found]


class KeepsNothing(TokenReader):
    def __call__(self, cache, ids):
        kept = cache.kept.clone()
        h = super().__call__(cache, ids)
        cache.kept.copy_(kept)
        return h


class MixesKeysAndValues(TokenReader):
    def block(self, x, matrices, norms, new, keys, values):
        return super().block(x, matrices, norms, new, values, keys)


class ForgetsTheFirstSum(TokenReader):
    def block(self, x, matrices, *rest):
        qkv, out, *mlp = matrices
        return super().block(x, (qkv, (0 * out[0], out[1]), *mlp), *rest)


@torch.no_grad()
@pytest.mark.parametrize("wrong", [KeepsNothing, MixesKeysAndValues, ForgetsTheFirstSum])
def test_cache_check_catches_a_wrong_token_reader(large, wrong, monkeypatch):
    monkeypatch.setattr(cache, "TokenReader", wrong)
    with pytest.raises(AssertionError):
        assert_cache_exact(large, PROMPTS[:1] * 2, 10)


@torch.no_grad()
def test_cache_check_catches_a_wrong_slot(large):
    with pytest.raises(AssertionError):
        assert_cache_exact(large, PROMPTS[:1] * 2, 10, WritesOneLate)


@torch.no_grad()
@pytest.mark.parametrize("wrong", [SeesPadding, SeesOneLess, CountsFromZero, ForgetsValues])
def test_cache_check_catches(large, wrong):
    with pytest.raises(AssertionError):
        assert_cache_exact(large, PROMPTS, 30, wrong)


@pytest.mark.parametrize("settings", [{"temperature": 0}, {"top_k": 5}, {"top_p": 0.8, "temperature": 1.5}])
def test_same_text_with_and_without_cache(large, settings):
    draws = [torch.Generator().manual_seed(1) for _ in range(2)]
    texts = [
        generate(large, PROMPTS, 40, generator=g, use_cache=cached, **settings)
        for g, cached in zip(draws, (True, False), strict=True)
    ]
    assert texts[0] == texts[1] and [len(text) for text in texts[0]] == [46, 42, 44]


def test_a_list_ends_each_row_at_its_own_end(tiny, tok):
    prompts = [[tok.start_id, 1, 2], [tok.start_id]] * 3
    found = generate(tiny, prompts, 200, generator=torch.Generator().manual_seed(3), end_id=tok.end_id)
    assert len({len(row) for row in found}) > 1
    for prompt, row in zip(prompts, found, strict=True):
        assert row[: len(prompt)] == prompt and row.index(tok.end_id) == len(row) - 1


@torch.no_grad()
def test_a_full_cache_is_refused(tiny):
    cache = KVCache(tiny.config, 1)
    tiny.hidden(torch.zeros(1, 24, dtype=torch.long), cache)
    with pytest.raises(InputError, match="25 tokens do not fit a cache of n_ctx 24"):
        tiny.hidden(torch.zeros(1, 1, dtype=torch.long), cache)


def test_settings_at_the_edge():
    """top-p of 1 keeps all, however many rounded sums there are; a hair of either leaves the likeliest."""
    logits = 3 * torch.randn(40_478, generator=torch.Generator().manual_seed(0))
    assert torch.equal(next_token_probabilities(logits, top_p=1.0), next_token_probabilities(logits))
    for hair in ({"top_p": 1e-50}, {"temperature": 1e-39}, {"temperature": 1e-7}):
        p = next_token_probabilities(logits, **hair)
        assert p.argmax() == logits.argmax() and p.max() == 1 and p.sum() == 1
    cold = next_token_probabilities(1000 * logits, temperature=1e-5)
    assert cold.isfinite().all() and cold.sum() == 1


@torch.no_grad()
def test_a_refused_call_leaves_the_cache_as_it_was(tiny):
    cache = KVCache(tiny.config, 1)
    tiny.hidden(torch.zeros(1, 20, dtype=torch.long), cache)
    with pytest.raises(InputError):
        tiny.hidden(torch.zeros(1, 9, dtype=torch.long), cache)
    assert tiny.hidden(torch.zeros(1, 4, dtype=torch.long), cache).shape == (1, 4, 16)
