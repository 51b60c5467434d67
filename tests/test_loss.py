"""Equations (1) and (4) against sums written out, and the wrong ones that the check catches."""

import math

import numpy as np
import pytest
import torch

from minigpt.fast import cross_entropy
from minigpt.loss import NO_TARGET, classification_loss, lm_loss, log_loss

LOGITS = torch.tensor(np.random.default_rng(0).standard_normal((2, 4, 5)))
TARGETS = torch.tensor([[1, 4, 0, 2], [3, 3, NO_TARGET, NO_TARGET]])


def assert_eq1_correct(loss):
    """-log P of each target, from exp and sums alone; the mean is over the 6 tokens that exist."""
    total = 0.0
    for b in range(2):
        for t in range(4):
            if TARGETS[b, t] != NO_TARGET:
                e = [math.exp(x) for x in LOGITS[b, t].tolist()]
                total -= math.log(e[TARGETS[b, t]] / sum(e))
    assert math.isclose(float(loss(LOGITS, TARGETS)), total / 6, rel_tol=1e-12)


def test_eq1():
    assert_eq1_correct(lm_loss)


WRONG = {
    "mean over rows, then over the batch": lambda x, y: torch.stack(
        [lm_loss(a[None], b[None]) for a, b in zip(x, y, strict=True)]
    ).mean(),
    "padding counted": lambda x, y: log_loss(x, y).mean(),
    "softmax over the positions": lambda x, y: lm_loss(x.log_softmax(1), y),
    "no log": lambda x, y: (1 - (-log_loss(x, y)).exp()).sum() / 6,
    "targets not shifted": lambda x, y: lm_loss(x[:, 1:], y[:, :-1]),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_eq1_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_eq1_correct(wrong)


def test_eq4_softmax_is_over_the_options():
    logits = torch.tensor([[0.0, math.log(3), -math.inf], [0.0, 0.0, 0.0]])
    assert classification_loss(logits, torch.tensor([1, 2])).item() == pytest.approx(
        (math.log(4 / 3) + math.log(3)) / 2
    )


def test_an_excluded_option_has_no_gradient():
    logits = torch.tensor([[0.0, 1.0, -math.inf]], requires_grad=True)
    classification_loss(logits, torch.tensor([0])).backward()
    assert torch.isfinite(logits.grad).all() and logits.grad[0, 2] == 0


# --- in pieces ------------------------------------------------------------------------------------------------


def assert_pieces_correct(log_loss_of, monkeypatch):
    """`fast.cross_entropy` in pieces of two rows, forward and gradient, against PyTorch's in float64."""
    monkeypatch.setattr(cross_entropy, "PIECE", 11)
    generator = torch.Generator().manual_seed(0)
    z = (9 * torch.randn(7, 5, dtype=torch.float64, generator=generator)).requires_grad_()
    z.data[2, 1] = -math.inf
    y, weights = torch.tensor([0, 4, NO_TARGET, 2, 2, 1, 3]), torch.linspace(1, 2, 7, dtype=torch.float64)
    found = [log_loss_of(z, y), torch.nn.functional.cross_entropy(z, y, reduction="none")]
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(nats, z, weights)[0] for nats in found), rtol=0, atol=1e-12)


def test_in_pieces(monkeypatch):
    assert_pieces_correct(cross_entropy.cross_entropy, monkeypatch)


class PaddingPulls(cross_entropy.LogLoss):
    @staticmethod
    def backward(ctx, grad):
        grad_z, _ = cross_entropy.LogLoss.backward(ctx, grad)
        return grad_z + (ctx.saved_tensors[2])[:, None], None


class LabelForgotten(cross_entropy.LogLoss):
    @staticmethod
    def backward(ctx, grad):
        z, _, none = ctx.saved_tensors
        return z.softmax(-1) * grad.masked_fill(none, 0.0)[:, None], None


class UnevenlyWeighted(cross_entropy.LogLoss):
    @staticmethod
    def backward(ctx, grad):
        return cross_entropy.LogLoss.backward(ctx, grad.mean().expand_as(grad))


@pytest.mark.parametrize("wrong", [PaddingPulls, LabelForgotten, UnevenlyWeighted])
def test_in_pieces_check_catches(wrong, monkeypatch):
    with pytest.raises(AssertionError):
        assert_pieces_correct(wrong.apply, monkeypatch)


def test_a_target_outside_the_vocabulary_is_an_error():
    for wrong in (5, -1):
        with pytest.raises((IndexError, RuntimeError)):
            cross_entropy.cross_entropy(torch.zeros(1, 5), torch.tensor([wrong]))
