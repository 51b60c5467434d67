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
from minigpt.support.errors import InputError


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
    """softmax(q k^T / sqrt(d_k) + mask): (..., T, T); `mask` is True where looking is allowed, None to the left."""
    T, d_k = q.shape[-2:]
    scores = (q / math.sqrt(d_k)) @ k.transpose(-1, -2)  # (..., T, T)
    if mask is None:
        mask = torch.ones(T, T, dtype=torch.bool, device=q.device).tril()
    return scores.masked_fill(~mask, -math.inf).softmax(dim=-1)


class CausalSelfAttention(nn.Module):
    """Multi-head attention of a text with itself.

        head_i = attention(x W^Q_i, x W^K_i, x W^V_i),   MultiHead(x) = [head_1 .. head_H] W^O

    One matrix `qkv` holds W^Q, W^K and W^V of all heads side by side, each with a bias, as in GPT-1.

    PyTorch's fused CPU kernel refuses `attention_dropout` above 0, and what it falls back to takes more than
    twice the time. GPT-1 drops attention weights at 0.1; minigpt's default is 0, and `dropout` on the output stays.

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

    def forward(self, x, mask=None, extend=None):
        """x (B, T, d_model) -> (B, T, d_model).

        Args:
            mask: who may see whom, True where allowed, (B, 1, T, T'); None is the present and the past.
            extend: puts the keys and values of the past before ours, see `KVCache`: T' of them instead of T.
        """
        q, k, v = self.heads(x)  # (B, H, T, d_k)
        if extend is not None:
            k, v = extend(k, v)  # (B, H, T', d_k)
        rate = self.attention_dropout if self.training else 0.0
        if rate and x.is_cpu:
            out = dropout(attention_weights(q, k, mask), rate) @ v  # (B, H, T, d_k)
        else:
            causal = mask is None and q.shape == k.shape  # one new token sees all that is kept: no mask
            out = F.scaled_dot_product_attention(q, k, v, mask, rate, is_causal=causal)
        return self.dropout(self.out(out.transpose(1, 2).flatten(2)))  # (B, T, d_model)

    def weights(self, x):
        """Who looks at whom: (B, H, T, T), each row a distribution over the present and the past."""
        q, k, v = self.heads(x)
        return attention(q, k, v)[1]


class KVCache:
    """The keys and values of a text so far, so that a new token costs one row of attention instead of T.

    Attention looks left only, so x_t's key and value depend on x_1 .. x_t and never change when the text grows:
    compute them once, keep them, and let the next token's query look at the kept ones. Each layer keeps its own.

    A key's slot is its position, in arrays of n_ctx slots that are made once. Rows may have different `lengths` (B,):
    a query at position t sees slots 0 .. t only, so what padding left in later slots is not seen, and is overwritten.

    It ends at n_ctx: past it the window moves, each token gets another learned position, and so another key.
    It is written in place, so use it under `torch.no_grad()`: no gradient flows through it.
    """

    def __init__(self, config, B, device="cpu", dtype=torch.float32):
        shape = (config.n_layer, 2, B, config.n_head, config.n_ctx, config.d_model // config.n_head)
        self.layers = [tuple(layer) for layer in torch.zeros(shape, device=device, dtype=dtype)]
        self.n_ctx = config.n_ctx
        self.lengths = torch.zeros(B, dtype=torch.long, device=device)
        self.longest = 0  # of the lengths, known without asking the device
        self.even = True  # all rows are of one length
        self.rows = torch.arange(B, device=device)[:, None]

    def cut(self, lengths):
        """Say how long each row is, behind which padding was read."""
        self.lengths = lengths.clone()
        self.even = bool((lengths == self.longest).all())

    def begin(self, T):
        """Take T more tokens a row: their positions (B, T), and the mask (B, 1, T, longest), None if none is needed."""
        self.positions = self.lengths[:, None] + torch.arange(T, device=self.lengths.device)
        self.longest += T
        if self.longest > self.n_ctx:
            raise InputError(f"{self.longest} tokens do not fit a cache of n_ctx {self.n_ctx}; read them anew")
        self.lengths = self.lengths + T
        if self.even and T in (1, self.longest):  # one new token, or the first ones: the usual causal mask, or none
            return self.positions, None
        slots = torch.arange(self.longest, device=self.lengths.device)
        return self.positions, slots <= self.positions[:, None, :, None]

    def extend(self, layer, k, v):
        """Keep a layer's new k, v (B, H, T, d_k); returns all of them so far, (B, H, longest, d_k)."""
        T = k.shape[2]
        for kept, new in zip(self.layers[layer], (k, v), strict=True):
            if self.even:
                kept.narrow(2, self.longest - T, T).copy_(new)
            else:
                kept[self.rows, :, self.positions] = new.transpose(1, 2)  # (B, T, H, d_k)
        return [kept.narrow(2, 0, self.longest) for kept in self.layers[layer]]
