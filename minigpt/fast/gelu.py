"""GPT-1's GELU and its derivative, by the sigmoid in place of the tanh, and piece by piece in the processor's cache.

    gelu(x) = x/2 (1 + tanh(u/2)) = x s,      s = sigmoid(u),    u = a (x + c x^3),    a = 2 sqrt(2/pi),  c = 0.044715
    gelu'(x) = s + s (1 - s) x u',            x u' = a (x + 3 c x^3) = 3 u - 2 a x

PyTorch computes the tanh twice, in the forward and in the backward pass, and a tanh takes several times a sigmoid.
Here the derivative is made at once, beside the value, and is all that is kept.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

A = 2 * math.sqrt(2 / math.pi)
C = 0.044715
PIECE = 2**17  # numbers at a time: half a megabyte
LEAST = 2**16  # numbers; for fewer, so many short operations cost more than they save


def value(x, y):
    """Write gelu(x) into y."""
    u = torch.addcmul(x.new_tensor(A), x, x, value=A * C).mul_(x)
    torch.sigmoid(u, out=y).mul_(x)


def value_and_slope(x, y, slope):
    """Write gelu(x) into y, and gelu'(x) into slope, with no other array."""
    torch.addcmul(x.new_tensor(A), x, x, value=A * C, out=slope).mul_(x)  # u
    torch.sigmoid(slope, out=y)  # s
    slope.sub_(x, alpha=2 * A / 3)  # x u' / 3
    torch.ops.aten.sigmoid_backward.grad_input(slope, y, grad_input=slope)  # s (1 - s) x u' / 3
    torch.add(y, slope, alpha=3, out=slope)
    y.mul_(x)


def piecewise(write, *arrays):
    for pieces in zip(*(array.view(-1).split(PIECE) for array in arrays), strict=True):
        write(*pieces)


class Gelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x = x.contiguous()
        y, slope = torch.empty_like(x), torch.empty_like(x)
        piecewise(value_and_slope, x, y, slope)
        ctx.save_for_backward(slope)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        (slope,) = ctx.saved_tensors
        return grad_y * slope


def gelu(x):
    """`F.gelu(x, approximate="tanh")`, to rounding.

    >>> gelu(torch.tensor([-10.0, 0.0, 10.0]))
    tensor([-0.,  0., 10.])
    """
    if x.is_cpu and x.numel() >= LEAST and x.dtype in (torch.float32, torch.float64):
        if torch.is_grad_enabled():
            return Gelu.apply(x)
        x = x.contiguous()
        y = torch.empty_like(x)
        piecewise(value, x, y)
        return y
    return F.gelu(x, approximate="tanh")


class GELU(nn.Module):
    def forward(self, x):
        return gelu(x)
