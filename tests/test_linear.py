"""The linear layer by oneDNN: the numbers and gradients of float64, and plain PyTorch where it would not help."""

import pytest
import torch
import torch.nn.functional as F

from minigpt import linear
from minigpt.linear import Linear, OneDNN

needs_onednn = pytest.mark.skipif(not linear.HAS_ONEDNN, reason="this PyTorch has no oneDNN")


def assert_linear_correct(apply, bias=True, leading=(3, 40)):
    """y, and the gradients of sum(grad_y * y), against float64 to float32's rounding of sums of up to 120 terms."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(*leading, 50), (70, 50), (70,)]
    x, weight, b = (torch.randn(shape, generator=generator) for shape in shapes)
    grad_y = torch.randn(*leading, 70, generator=generator)
    found, expected = [], []
    for function, dtype, into in ((apply, torch.float32, found), (F.linear, torch.float64, expected)):
        given = [t.to(dtype, copy=True).requires_grad_() for t in ((x, weight, b) if bias else (x, weight))]
        y = function(*given, *([] if bias else [None]))
        y.backward(grad_y.to(dtype))
        into += [y.detach(), *(t.grad for t in given)]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=5e-5)


@needs_onednn
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("leading", [(3, 40), (40,)])
def test_onednn(bias, leading):
    assert_linear_correct(OneDNN.apply, bias, leading)


class GradientOfXTurned(OneDNN):
    @staticmethod
    def backward(ctx, grad_y):
        grad_x, grad_weight, grad_bias = OneDNN.backward(ctx, grad_y)
        return grad_x.flip(-1), grad_weight, grad_bias


class BiasByMean(OneDNN):
    @staticmethod
    def backward(ctx, grad_y):
        grad_x, grad_weight, grad_bias = OneDNN.backward(ctx, grad_y)
        return grad_x, grad_weight, grad_bias / len(grad_y)


class Halved(OneDNN):
    @staticmethod
    def forward(ctx, x, weight, bias):
        return OneDNN.forward(ctx, x, weight, bias).bfloat16().float()


@needs_onednn
@pytest.mark.parametrize("wrong", [GradientOfXTurned, BiasByMean, Halved])
def test_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_linear_correct(wrong.apply)


@needs_onednn
@pytest.mark.parametrize(
    ("rows", "dtype", "used"), [(2**14, torch.float32, True), (2, torch.float32, False), (2**14, torch.float64, False)]
)
def test_where_it_is_used(rows, dtype, used, monkeypatch):
    """Large float32 products only; everything else is PyTorch's own, float64 to the last bit."""
    calls = []
    monkeypatch.setattr(linear, "USE_ONEDNN", True)
    monkeypatch.setattr(linear, "product", lambda *given: calls.append(given) or F.linear(*given))
    layer = Linear(16, 8).to(dtype)
    x = torch.randn(rows, 16, dtype=dtype, generator=torch.Generator().manual_seed(0))
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias)) and bool(calls) == used


def test_without_onednn(monkeypatch):
    monkeypatch.setattr(linear, "USE_ONEDNN", False)
    layer, x = Linear(64, 64), torch.ones(1024, 64)
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
