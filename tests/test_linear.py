"""The linear layer by oneDNN: the numbers and gradients of float64, and plain PyTorch where it would not help."""

import pytest
import torch
import torch.nn.functional as F

from minigpt.fast import linear
from minigpt.fast.linear import Linear, OneDNN

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


@needs_onednn
def test_a_bias_with_gaps():
    """A column of a table: oneDNN itself would read the numbers beside it."""
    x, weight, bias = torch.eye(3), torch.zeros(2, 3), torch.tensor([[1.0, 7.0], [2.0, 7.0]])[:, 0]
    assert linear.product(x, weight, bias).tolist() == [[1, 2]] * 3


@needs_onednn
@pytest.mark.parametrize(("n", "k"), [(3, 5), (5, 3)])
@pytest.mark.parametrize(("width", "by_onednn"), [("AVX2", False), ("AVX512", True)])
def test_the_gradient_of_weights_whichever_is_narrower(n, k, width, by_onednn, monkeypatch):
    calls, product = [], linear.product
    monkeypatch.setattr(linear, "WIDTH", width)
    monkeypatch.setattr(linear, "product", lambda *given: calls.append(given) or product(*given))
    a, b = torch.arange(4.0 * n).view(4, n), torch.arange(4.0 * k).view(4, k)
    assert torch.equal(linear.transposed_product(a, b), a.t() @ b) and bool(calls) == by_onednn


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
    ("rows", "width", "dtype", "used"),
    [
        (2**14, 16, torch.float32, True),
        (2, 16, torch.float32, False),
        (2, 2**16, torch.float32, False),
        (2**14, 16, torch.float64, False),
    ],
)
def test_where_it_is_used(rows, width, dtype, used, monkeypatch):
    """Large float32 products of many rows only; everything else is PyTorch's own, float64 to the last bit."""
    calls = []
    monkeypatch.setattr(linear, "USE_ONEDNN", True)
    monkeypatch.setattr(linear, "product", lambda *given: calls.append(given) or F.linear(*given))
    layer = Linear(width, 8).to(dtype)
    x = torch.randn(rows, width, dtype=dtype, generator=torch.Generator().manual_seed(0))
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias)) and bool(calls) == used


@pytest.fixture
def untried():
    """The trial at first use has not been made, and what it finds is forgotten afterwards."""
    linear.agrees.cache_clear()
    yield
    linear.agrees.cache_clear()


def gone(x, weight, bias=None):
    return torch.ops.mkldnn._no_such_operation(x, weight, bias)


def other_arguments(x, weight, bias=None):
    return torch.ops.mkldnn._linear_pointwise(x, weight)


def no_bias(x, weight, bias=None):
    return F.linear(x, weight)


def weight_as_stored(x, weight, bias=None):
    """Reads a transposed weight as if it were not."""
    return F.linear(x, torch.as_strided(weight, weight.shape, (weight.shape[1], 1)), bias)


def in_bfloat16(x, weight, bias=None):
    return F.linear(x.bfloat16(), weight.bfloat16(), None if bias is None else bias.bfloat16()).float()


@needs_onednn
def test_the_private_operation_agrees(untried):
    assert linear.agrees()


@pytest.mark.parametrize("changed", [gone, other_arguments, no_bias, weight_as_stored, in_bfloat16])
def test_a_changed_operation_is_left_alone(untried, monkeypatch, changed):
    """After an update of PyTorch that changed it, the layer is PyTorch's own, forward and backward."""
    calls = []
    monkeypatch.setattr(linear, "USE_ONEDNN", True)
    monkeypatch.setattr(linear, "product", lambda *given: calls.append(given) or changed(*given))
    layer, x = Linear(64, 64), torch.ones(1024, 64, requires_grad=True)
    for _ in range(2):
        tried = len(calls)
        y = layer(x)
        assert torch.equal(y, F.linear(x, layer.weight, layer.bias))
    y.sum().backward()
    assert len(calls) == tried > 0  # at first use, and never again


def test_small_products_try_nothing(untried, monkeypatch):
    monkeypatch.setattr(linear, "USE_ONEDNN", True)
    monkeypatch.setattr(linear, "product", None)
    Linear(8, 8)(torch.ones(2, 8))
    assert linear.agrees.cache_info().misses == 0


def test_without_onednn(monkeypatch):
    monkeypatch.setattr(linear, "USE_ONEDNN", False)
    layer, x = Linear(64, 64), torch.ones(1024, 64)
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
