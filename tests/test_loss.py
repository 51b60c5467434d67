"""Equations (1) and (4) against sums written out, and the wrong ones that the check catches."""

import math

import numpy as np
import pytest
import torch

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
