"""Dropout: in training each number becomes 0 with probability p, else it is divided by 1 - p: the mean stays.

    dropout(x) = x * m / (1 - p),    m = 1 with probability 1 - p, else 0

On the CPU PyTorch draws a random number for every x. Here one draw of 64 bits decides four of them, 16 bits each;
`benchmarks/RESULTS.md` says what that is worth. Source: Srivastava et al. 2014.
"""

import torch
import torch.nn.functional as F
from torch import nn

LEVELS = 2**16  # p is rounded to a multiple of 1 / LEVELS


def dropout(x, p):
    """x with each number dropped with probability p; the draws follow `torch.manual_seed`, and are made where x is.

    >>> x = torch.ones(100_000)
    >>> sorted({round(value, 3) for value in dropout(x, 0.1).tolist()})
    [0.0, 1.111]
    """
    if p == 0:
        return x
    if not x.is_cpu:
        return F.dropout(x, p)
    threshold = min(round(p * LEVELS), LEVELS - 1)
    draws = torch.empty(x.numel() // 4 + 1, dtype=torch.int64).random_(-(2**63), None)
    draws = draws.view(torch.int16)[: x.numel()].view(x.shape)  # each from -LEVELS / 2 to LEVELS / 2 - 1
    kept = (draws >= threshold - LEVELS // 2).to(x.dtype)
    return x * kept.mul_(LEVELS / (LEVELS - threshold))


class Dropout(nn.Module):
    """`dropout` in training; afterwards x as it is."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return dropout(x, self.p) if self.training else x
