"""GELU by the sigmoid, in pieces: PyTorch's numbers and gradients in float64, and wrong ones that the check catches."""

import pytest
import torch
import torch.nn.functional as F

from minigpt.fast import gelu
from minigpt.fast.gelu import GELU, Gelu

SHAPE = (3, 7, gelu.PIECE // 16)  # a piece, and a part of one


def inputs(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return (4 * torch.randn(SHAPE, dtype=dtype, generator=generator)).requires_grad_()


def assert_gelu_correct(function):
    """Values and gradients of numbers from about -16 to 16, turned about in memory too."""
    x, turned = inputs(), inputs().detach().transpose(0, 2).requires_grad_()
    for given in (x, turned):
        found, expected = function(given), F.gelu(given, approximate="tanh")
        grad = torch.linspace(-1, 1, given.numel(), dtype=given.dtype).view(given.shape)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        slopes = [torch.autograd.grad(y, given, grad)[0] for y in (found, expected)]
        torch.testing.assert_close(*slopes, rtol=0, atol=1e-12)


def test_gelu():
    assert_gelu_correct(gelu.gelu)
    with torch.no_grad():
        torch.testing.assert_close(gelu.gelu(inputs()), F.gelu(inputs(), approximate="tanh"), rtol=0, atol=1e-12)


def by_erf(x):
    return F.gelu(x)


class WithoutTheCube(Gelu):
    @staticmethod
    def forward(ctx, x):
        y = Gelu.forward(ctx, x)
        (slope,) = ctx.to_save
        ctx.save_for_backward(torch.sigmoid(gelu.A * x) + 0 * slope)
        return y


class FirstPieceOnly(Gelu):
    @staticmethod
    def forward(ctx, x):
        y = Gelu.forward(ctx, x)
        return torch.where(torch.arange(x.numel()).view(x.shape) < gelu.PIECE, y, 0.0)


@pytest.mark.parametrize("wrong", [by_erf, WithoutTheCube.apply, FirstPieceOnly.apply])
def test_gelu_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_gelu_correct(wrong)


def test_float32_and_numbers_at_the_ends():
    """Nothing overflows, what isn't a number stays so, and float32 is as near to float64 as PyTorch's own."""
    ends = torch.tensor([-1e30, -300.0, -0.0, 0.0, 300.0, 1e30, float("inf"), float("nan")]).repeat(gelu.LEAST)
    torch.testing.assert_close(GELU()(ends), F.gelu(ends, approximate="tanh"), equal_nan=True)
    x = inputs(torch.float32).detach()
    exact = F.gelu(x.double(), approximate="tanh")
    assert (gelu.gelu(x) - exact).abs().max() <= 2 * (F.gelu(x, approximate="tanh") - exact).abs().max()


def test_few_numbers_are_pytorchs_own():
    x = torch.randn(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(gelu.gelu(x), F.gelu(x, approximate="tanh"))
