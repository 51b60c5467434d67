"""One more token for each text of a cache, in as few operations as there are: `KVCache.hidden` for T = 1.

The weights are gathered once, no module is called, and the views that all layers need are made in one operation each:
with one token a row a product is so short that all around it counts. For several rows oneDNN also lays the weights out
in memory as it reads them, once for all tokens. Read `cache.py` first; a test holds both equal.
"""

import torch.nn.functional as F

from minigpt.fast import linear


def gathered(block):
    """What `DecoderBlock.forward` multiplies with, in its order: its matrices, and its layer norms."""
    matrices = block.attention.qkv, block.attention.out, block.mlp[0], block.mlp[2]
    return [[(part.weight, part.bias) for part in parts] for parts in (matrices, (block.ln_1, block.ln_2))]


class TokenReader:
    """The logits of one new token a row; all B rows of the cache are of one length."""

    def __init__(self, model, B):
        self.model = model
        self.eps = model.blocks[0].ln_1.eps
        self.lm_head = model.lm_head.weight
        self.weights = [gathered(block) for block in model.blocks]
        self.multiply = F.linear
        if linear.worth_laying_out(B, self.lm_head):
            self.multiply = linear.product
            self.lm_head = linear.laid_out(self.lm_head, B)
            for matrices, _ in self.weights:
                matrices[:] = [(linear.laid_out(weight, B), bias) for weight, bias in matrices]

    def __call__(self, cache, ids):
        """ids (B, 1), drawn from this model -> logits (B, |V|)."""
        positions, _ = cache.begin(1)
        h = self.model.embed(ids, positions)[:, 0]  # (B, d_model)
        slot = cache.longest - 1
        new = cache.kept[..., slot, :].unbind()  # a layer's slot, (2, B, H, d_k)
        seen = cache.kept.flatten(0, 1)[..., : slot + 1, :].unbind()  # keys, values of one layer after another
        for layer, weights in enumerate(self.weights):
            h = self.block(h, *weights, new[layer], seen[2 * layer], seen[2 * layer + 1])
        return self.multiply(h, self.lm_head)

    def block(self, x, matrices, norms, new, keys, values):
        """As `DecoderBlock.forward`: n = LN1(x + attention(x)), h = LN2(n + mlp(n)); x is (B, d_model)."""
        (qkv, out, mlp_1, mlp_2), (ln_1, ln_2) = matrices, norms
        B, H, _, d_k = keys.shape
        heads = self.multiply(x, *qkv).view(B, 3, H, d_k)
        new.copy_(heads[:, 1:].transpose(0, 1))
        attended = F.scaled_dot_product_attention(heads[:, 0, :, None], keys, values)  # (B, H, 1, d_k)
        n = F.layer_norm(x + self.multiply(attended.reshape(x.shape), *out), x.shape[-1:], *ln_1, self.eps)
        m = self.multiply(F.gelu(self.multiply(n, *mlp_1), approximate="tanh"), *mlp_2)
        return F.layer_norm(n + m, x.shape[-1:], *ln_2, self.eps)
