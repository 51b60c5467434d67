"""Rows in which several sequences share their beginning, read at once: the states are those of one row each.

`batch.pack` says how such a row is made. The loop is that of `GPT.hidden`, with positions and a mask of their own.
"""

from functools import partial


def packed_hidden(model, batch):
    """As `model.hidden`, of a `Batch` from `pack`: (B, T, d_model)."""
    ids = batch.ids.flatten(0, 1)  # (B, T)
    model.check(ids, batch.positions)
    h = model.embed(ids, batch.positions)
    for block in model.blocks:
        h = block(h, partial(block.attention.attend, mask=batch.mask))
    return h
