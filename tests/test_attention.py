"""Attention: the NumPy reference, PyTorch's spelled-out version and the fused kernel, against the equation."""

import numpy as np
import pytest
import torch
from checks import assert_attention_correct, assert_backward_correct

from minigpt import reference
from minigpt.attention import CausalSelfAttention, attention
from minigpt.reference import softmax

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")),
]


def in_torch(q, k, v):
    return [x.numpy() for x in attention(*map(torch.from_numpy, (q, k, v)))]


def fused(q, k, v):
    """The kernel that the model uses; the weights, which it never stores, come from the spelled-out version."""
    q, k, v = map(torch.from_numpy, (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    return out.numpy(), attention(q, k, v)[1].numpy()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("right", [reference.attention, in_torch, fused])
def test_attention(right, seed):
    assert_attention_correct(right, seed)


def variant(mask=0, scale=True, axis=-1):
    """Attention with one thing changed: the mask's diagonal (None: no mask), the scale, the softmax's axis."""

    def wrong(q, k, v):
        T, d_k = q.shape[-2:]
        scores = q @ k.swapaxes(-1, -2) / (np.sqrt(d_k) if scale else 1)
        if mask is not None:
            scores = np.where(np.tri(T, k=mask, dtype=bool), scores, -1e30)
        weights = softmax(scores.swapaxes(-1, axis)).swapaxes(-1, axis)
        return weights @ v, weights

    return wrong


def test_the_variants_hold_the_right_version():
    assert_attention_correct(variant())


WRONG = {
    "no mask": variant(mask=None),
    "mask off by one, sees the next": variant(mask=1),
    "mask off by one, blind to itself": variant(mask=-1),
    "no scale": variant(scale=False),
    "softmax over the queries": variant(axis=-2),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_attention_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_attention_correct(wrong)


@pytest.mark.parametrize("seed", range(3))
def test_backward(seed):
    assert_backward_correct(reference.attention_backward, reference.attention, seed)


def no_row_sum(grad_out, q, k, v):
    _, A = reference.attention(q, k, v)
    grad_S = A * (grad_out @ v.swapaxes(-1, -2))
    return grad_S @ k / np.sqrt(3), grad_S.swapaxes(-1, -2) @ q / np.sqrt(3), A.swapaxes(-1, -2) @ grad_out


def no_scale(grad_out, q, k, v):
    grad_q, grad_k, grad_v = reference.attention_backward(grad_out, q, k, v)
    return grad_q * np.sqrt(3), grad_k * np.sqrt(3), grad_v


def not_transposed(grad_out, q, k, v):
    grad_q, grad_k, _ = reference.attention_backward(grad_out, q, k, v)
    return grad_q, grad_k, reference.attention(q, k, v)[1] @ grad_out


@pytest.mark.parametrize("wrong", [no_row_sum, no_scale, not_transposed])
def test_backward_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_backward_correct(wrong, reference.attention)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_gradient_in_numpy_is_torchs(device, dtype, bound):
    """The derived backward pass against autograd, through the spelled-out and the fused kernel."""
    rng = np.random.default_rng(0)
    q, k, v, grad_out = (rng.standard_normal((2, 3, 7, 8)) for _ in range(4))
    derived = reference.attention_backward(grad_out, q, k, v)
    kernels = [
        lambda *x: attention(*x)[0],
        lambda *x: torch.nn.functional.scaled_dot_product_attention(*x, is_causal=True),
    ]
    for kernel in kernels:
        tensors = [torch.tensor(x, dtype=dtype, device=device, requires_grad=True) for x in (q, k, v)]
        kernel(*tensors).backward(torch.tensor(grad_out, dtype=dtype, device=device))
        for tensor, expected in zip(tensors, derived, strict=True):
            np.testing.assert_allclose(tensor.grad.cpu().numpy(), expected, atol=bound)


def test_weights_are_those_of_the_forward_pass():
    """`weights` is for looking: with it, the module's output can be put together again."""
    module = CausalSelfAttention(d_model=8, n_head=2).double()
    x = torch.randn(1, 5, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    _, _, v = module.heads(x)
    out = (module.weights(x) @ v).transpose(1, 2).flatten(2)
    torch.testing.assert_close(module.out(out), module(x), atol=1e-12, rtol=0)


def test_fused_cpu_kernel_refuses_dropout():
    """What `CausalSelfAttention` says of PyTorch: with dropout the flash kernel is not to be had on the CPU."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    q = torch.ones(1, 1, 4, 8)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        torch.nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True)
        with pytest.raises(RuntimeError):
            torch.nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True, dropout_p=0.1)


@pytest.mark.parametrize("function", [reference.attention, in_torch])
def test_shapes_must_agree(function):
    with pytest.raises(ValueError, match="one shape"):
        function(np.ones((2, 4)), np.ones((3, 4)), np.ones((3, 4)))
