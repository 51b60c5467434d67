"""Eq. (1)'s log loss in fewer passes over memory: of a large vocabulary the logits are a step's largest array.

    loss_i = log sum_j exp(z_ij) - z_i[y_i],      dloss_i / dz_ij = softmax(z_i)_j - 1[j = y_i]

PyTorch writes down log softmax(z), and later two gradients, each as large as z. Here the forward pass keeps none, the
backward pass one, and both go a few rows at a time, which stay in the processor's cache.
"""

import torch
import torch.nn.functional as F

NONE = -100  # PyTorch's mark where there is no target
PIECE = 2**17  # numbers at a time: half a megabyte


def pieces(array, row_length):
    """Views of some rows each."""
    return array.split(max(1, PIECE // row_length))


class LogLoss(torch.autograd.Function):
    """z (N, |V|), y (N), NONE where there is no target -> (N) nats, 0 where there is none."""

    @staticmethod
    def forward(ctx, z, y):
        none, y = y == NONE, y.masked_fill(y == NONE, 0)
        ctx.save_for_backward(z, y, none)
        sums = torch.cat([rows.logsumexp(-1) for rows in pieces(z, z.shape[1])])
        return (sums - z.gather(1, y[:, None])[:, 0]).masked_fill(none, 0.0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        z, y, none = ctx.saved_tensors
        grad = grad.masked_fill(none, 0.0)[:, None]  # (N, 1)
        grad_z = torch.empty_like(z)
        for rows, out, factor in zip(*(pieces(a, z.shape[1]) for a in (z, grad_z, grad)), strict=True):
            torch.softmax(rows, -1, out=out)
            out.mul_(factor)
        return grad_z.scatter_add_(1, y[:, None], -grad), None


def cross_entropy(z, y):
    """`F.cross_entropy(z, y, reduction="none")`, on the CPU in less time and memory.

    >>> cross_entropy(torch.tensor([[0.0, 0.0], [5.0, 0.0]]), torch.tensor([1, -100]))
    tensor([0.6931, 0.0000])
    """
    if z.is_cpu and z.dtype in (torch.float32, torch.float64):
        return LogLoss.apply(z, y)
    return F.cross_entropy(z, y, reduction="none")
