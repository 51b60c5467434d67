"""Generation without reading the text again: keep each token's keys and values.

    generate.last_logits      reads the whole text for every new token: T rows of attention
    CachedReader              reads the new token alone: one row, the same logits to rounding

Attention looks left only, so x_t's key and value depend on x_1 .. x_t and never change when the text grows.
Read `generate.py` first; a test holds the two equal.
"""

from functools import cached_property, partial

import torch
import torch.nn.functional as F

from minigpt.fast.token import TokenReader
from minigpt.support.errors import InputError


class KVCache:
    """The keys and values of a text so far, each layer's own; a new token's query looks at the kept ones.

    A key's slot is its position, in arrays of n_ctx slots that are made once. Rows may have different `lengths` (B,):
    a query at position t sees slots 0 .. t only, so what padding left in later slots is not seen, and is overwritten.

    It ends at n_ctx: past it the window moves, each token gets another learned position, and so another key.
    It is written in place, so use it under `torch.no_grad()`: no gradient flows through it.
    """

    def __init__(self, config, B, device="cpu", dtype=torch.float32):
        shape = (config.n_layer, 2, B, config.n_head, config.n_ctx, config.d_model // config.n_head)
        self.kept = torch.zeros(shape, device=device, dtype=dtype)
        self.layers = [tuple(layer) for layer in self.kept]
        self.n_ctx = config.n_ctx
        self.lengths = torch.zeros(B, dtype=torch.long, device=device)
        self.longest = 0  # of the lengths, known without asking the device
        self.same_length = True  # all rows are of one length
        self.rows = torch.arange(B, device=device)[:, None]

    def hidden(self, model, ids):
        """As `model.hidden`, for tokens (B, T) that go on where the kept text ends, and join it."""
        model.check(ids)
        positions, mask = self.begin(ids.shape[1])
        h = model.embed(ids, positions)  # (B, T, d_model)
        for layer, block in enumerate(model.blocks):
            h = block(h, partial(self.attend, layer, mask))
        return h

    def attend(self, layer, mask, q, k, v):
        """Attention of T new tokens to all T' that are kept: q, k, v (B, H, T, d_k)."""
        k, v = self.extend(layer, k, v)  # (B, H, T', d_k)
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None and q.shape == k.shape)

    def set_lengths(self, lengths):
        """Each row's true length (B,): what was read behind it is padding, and will be written over."""
        self.lengths = lengths.clone()
        self.same_length = bool((lengths == self.longest).all())

    def begin(self, T):
        """Take T more tokens a row: their positions (B, T), and the mask (B, 1, T, longest), None if none is needed."""
        if self.longest + T > self.n_ctx:
            raise InputError(f"{self.longest + T} tokens do not fit a cache of n_ctx {self.n_ctx}; read them again")
        self.positions = self.lengths[:, None] + torch.arange(T, device=self.lengths.device)
        self.longest += T
        self.lengths = self.lengths + T
        if self.same_length and T in (1, self.longest):
            return self.positions, None  # one new token needs no mask; the first ones have the usual causal one
        slots = torch.arange(self.longest, device=self.lengths.device)
        return self.positions, slots <= self.positions[:, None, :, None]

    def extend(self, layer, k, v):
        """Keep a layer's new k, v (B, H, T, d_k); returns all of them so far, (B, H, longest, d_k)."""
        T = k.shape[2]
        for kept, new in zip(self.layers[layer], (k, v), strict=True):
            if self.same_length:
                kept.narrow(2, self.longest - T, T).copy_(new)
            else:
                kept[self.rows, :, self.positions] = new.transpose(1, 2)  # (B, T, H, d_k)
        return [kept.narrow(2, 0, self.longest) for kept in self.layers[layer]]


class CachedReader:
    """`generate.last_logits` of the same texts again and again, each time one token longer."""

    def __init__(self, model, B, whole):
        weight = model.token_embedding.weight
        self.model, self.B, self.whole = model, B, whole  # what reads texts that have outgrown the cache
        self.cache = KVCache(model.config, B, weight.device, weight.dtype)

    @cached_property
    def read_token(self):
        return TokenReader(self.model, self.B)  # made when the second token is wanted: its weights take time

    def __call__(self, ids, lengths, longest):
        if longest > self.model.config.n_ctx:
            return self.whole(ids, lengths, longest)
        if self.cache.longest == 0:  # the prompts, padded on the right
            rows = torch.arange(len(ids), device=ids.device)
            states = self.cache.hidden(self.model, ids[:, :longest])[rows, lengths - 1]
            self.cache.set_lengths(lengths)
        else:
            new = ids.gather(1, lengths[:, None] - 1)  # (B, 1)
            if self.cache.same_length:
                return self.read_token(self.cache, new)
            states = self.cache.hidden(self.model, new)[:, 0]
        return self.model.lm_head(states)
