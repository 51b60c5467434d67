"""Training that has diverged: said at once, and never gone on with."""

import math

from minigpt.support.errors import InputError


def check_finite(loss, lr):
    if not math.isfinite(loss):
        raise InputError(f"the loss is {loss}: training has diverged; lower the learning rate (now {lr:.2g})")


def check_weights(model):
    """Refuse a model whose last step went wrong: no later loss would tell."""
    if not all(p.isfinite().all() for p in model.parameters()):
        raise InputError("a weight is not finite after the last step: training has diverged; lower the learning rate")
