"""Dropout: how many are dropped, that the mean stays, that draws are independent and follow the seed."""

import pytest
import torch

from minigpt.attention import CausalSelfAttention
from minigpt.fast.dropout import Dropout, dropout


def assert_drops_correctly(drop, p):
    """Of a million ones: dropped with probability p, each on its own, the rest grown so that the mean is 1."""
    torch.manual_seed(0)
    n = 1_000_000
    found = drop(torch.ones(n), p)
    dropped = (found == 0).double()
    assert abs(dropped.mean() - p) < 5 * (p * (1 - p) / n) ** 0.5
    assert abs(found.double().mean() - 1) < 5 * (p / (1 - p) / n) ** 0.5
    assert len(found[found != 0].unique()) == 1
    for lag in (1, 2, 3, 4):  # four numbers come from one draw
        both = (dropped[lag:] * dropped[:-lag]).mean()
        assert abs(both - p * p) < 6 * p / n**0.5


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout(p):
    assert_drops_correctly(dropout, p)


def not_grown(x, p):
    return torch.where(torch.rand_like(x) < p, 0.0, x)


def one_draw_for_four(x, p):
    return x * (torch.rand(len(x) // 4) >= p).repeat_interleave(4) / (1 - p)


def keeps_p(x, p):
    return torch.where(torch.rand_like(x) < 1 - p, 0.0, x / p)


@pytest.mark.parametrize("wrong", [not_grown, one_draw_for_four, keeps_p])
def test_dropout_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_drops_correctly(wrong, 0.1)


def test_gradient_is_that_of_the_kept():
    torch.manual_seed(0)
    x = torch.randn(3, 5, 7, dtype=torch.float64, requires_grad=True)
    y = dropout(x, 0.3)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach() / x.detach())


def test_the_seed_decides_and_use_drops_nothing():
    layer, x = Dropout(0.5), torch.ones(64)
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(layer(x))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])
    assert torch.equal(layer.eval()(x), x)


def draws_on_the_cpu(x, p):
    return x * (torch.rand(x.shape) >= p) / (1 - p)


def assert_stays_on_its_device(drop):
    """Any device but the CPU will do: "meta" has shapes and no numbers, and mixes with no other, as a GPU."""
    found = drop(torch.ones(3, 5, device="meta"), 0.1)
    assert found.device.type == "meta" and found.shape == (3, 5)


def test_draws_are_made_where_x_is():
    assert_stays_on_its_device(dropout)


def test_the_device_check_catches():
    with pytest.raises((RuntimeError, AssertionError)):
        assert_stays_on_its_device(draws_on_the_cpu)


def test_attention_weights_are_dropped_in_training_only():
    """The mean of many passes with attention dropout is the pass without it."""
    torch.manual_seed(0)
    layer, x = CausalSelfAttention(8, 2, attention_dropout=0.5).double(), torch.randn(1, 6, 8, dtype=torch.float64)
    plain = layer.eval()(x)
    many = layer.train()(x.expand(20_000, 6, 8))
    assert (many[0] - plain[0]).abs().max() > 1e-3
    torch.testing.assert_close(many.mean(0), plain[0], rtol=0, atol=0.02)


def test_a_rate_next_to_one_keeps_the_mean():
    """A rate is rounded to 16 bits; the nearest one below 1 still divides by more than 0."""
    torch.manual_seed(0)
    kept = dropout(torch.ones(2**20), 0.999999)
    assert kept.isfinite().all() and 0 < (kept > 0).sum() < 64
