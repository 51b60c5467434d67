"""Causal multi-head attention: softmax(q k^T / sqrt(d_k) + mask) v, in several subspaces at once.

`attention` is the equation, spelled out, and returns the weights, for looking. `CausalSelfAttention` computes the
same with PyTorch's fused kernel, for speed: it never stores the (T, T) weights. A test holds them equal.
Lecture page "TransformerDecoder"; Vaswani et al. 2017, sections 3.2.1 and 3.2.2.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from minigpt.fast.dropout import Dropout, dropout
from minigpt.fast.linear import Linear


def attention(q, k, v):
    """Scaled dot-product attention; each position sees itself and the past.

        softmax(q k^T / sqrt(d_k) + mask) v        mask: 0 on and below the diagonal, -inf above

    Args:
        q, k, v: float tensors (..., T, d_k) with equal leading axes (batch, heads).
    Returns:
        out (..., T, d_k), and weights (..., T, T) whose rows sum to 1.
    Raises:
        ValueError: if the shapes disagree.
    Source: Vaswani et al. 2017, section 3.2.1.

    >>> out, weights = attention(*torch.ones(3, 2, 4))
    >>> weights
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    if not q.shape == k.shape == v.shape:
        raise ValueError(f"q, k, v must have one shape, got {tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)}")
    weights = attention_weights(q, k)
    return weights @ v, weights


def attention_weights(q, k, mask=None):
    """softmax(q k^T / sqrt(d_k) + mask): (..., T, T); `mask` is True where a query may look, None is causal."""
    T, d_k = q.shape[-2:]
    scores = (q / math.sqrt(d_k)) @ k.transpose(-1, -2)  # (..., T, T)
    if mask is None:
        mask = torch.ones(T, T, dtype=torch.bool, device=q.device).tril()
    return scores.masked_fill(~mask, -math.inf).softmax(dim=-1)


class CausalSelfAttention(nn.Module):
    """Multi-head attention of a text with itself.

        head_i = attention(x W^Q_i, x W^K_i, x W^V_i),   MultiHead(x) = [head_1 .. head_H] W^O

    One matrix `qkv` holds W^Q, W^K and W^V of all heads side by side, each with a bias, as in GPT-1.

    GPT-1 drops attention weights at 0.1. PyTorch's fused CPU kernel can't: with `attention_dropout` above 0, training
    on the CPU computes the weights one by one, in more than twice the time. So the default is 0; `dropout` on the
    output stays.

    Source: Vaswani et al. 2017, section 3.2.2.

    >>> CausalSelfAttention(d_model=8, n_head=2)(torch.zeros(1, 5, 8)).shape
    torch.Size([1, 5, 8])
    """

    def __init__(self, d_model, n_head, dropout=0.0, attention_dropout=0.0):
        super().__init__()
        self.n_head = n_head
        self.attention_dropout = attention_dropout
        self.qkv = Linear(d_model, 3 * d_model)
        self.out = Linear(d_model, d_model)
        self.dropout = Dropout(dropout)

    def heads(self, x):
        """x (B, T, d_model) -> q, k, v, each (B, H, T, d_k) with d_k = d_model / H."""
        B, T, C = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head)
        return [a.transpose(1, 2) for a in qkv.unbind(dim=2)]

    def forward(self, x, attend=None):
        """x (B, T, d_model) -> (B, T, d_model); `attend` is used in place of `self.attend`: see `fast/cache.py`."""
        q, k, v = self.heads(x)  # (B, H, T, d_k)
        out = (attend or self.attend)(q, k, v)  # (B, H, T, d_k)
        return self.dropout(self.out(out.transpose(1, 2).flatten(2)))  # (B, T, d_model)

    def attend(self, q, k, v, mask=None):
        """`attention` of all heads, (B, H, T, d_k); `mask` (B, 1, T, T): True where one may look, None is causal."""
        rate = self.attention_dropout if self.training else 0.0
        if rate and q.is_cpu:
            return dropout(attention_weights(q, k, mask), rate) @ v
        return F.scaled_dot_product_attention(q, k, v, mask, rate, is_causal=mask is None)

    def weights(self, x):
        """Who looks at whom: (B, H, T, T), each row a distribution over the present and the past."""
        q, k, v = self.heads(x)
        return attention(q, k, v)[1]
