"""A large model in less memory: keep only what goes from block to block, compute the rest again in the backward pass.

    memory: B T d_model numbers a block instead of about 16 B T d_model;   time: one more forward pass

Dropout's draws are remembered, so that the second pass drops the same numbers. Source: Chen et al. 2016.
"""

from contextlib import contextmanager
from functools import partial

import torch
from torch.utils.checkpoint import checkpoint

from minigpt.support.errors import InputError


@contextmanager
def recomputed(body, wanted=True):
    """Inside this context, `body`'s decoder blocks are computed again in the backward pass.

    Raises:
        InputError: if `body` has no blocks, as an LSTM.
    """
    if wanted and not hasattr(body, "blocks"):
        raise InputError(f"recompute is for a GPT's blocks, and {type(body).__name__} has none; leave it out")
    changed = list(body.blocks) if wanted else []
    for block in changed:
        block.forward = partial(again, block.forward)
    try:
        yield
    finally:
        for block in changed:
            del block.forward  # the class's own comes back


def again(forward, *given):
    if not torch.is_grad_enabled():
        return forward(*given)
    return checkpoint(forward, *given, use_reentrant=False)
