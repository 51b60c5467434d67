"""How many steps fit into so many minutes: measured on this machine, with whatever else it does, before training.

The learning rate has to reach 0 at the last step (`train.learning_rate`), so the number of steps must be known at the
first. From then on it is a setting like others: it stands in the checkpoint, where a run that goes on finds it.
"""

import time
from dataclasses import replace

import numpy as np

from minigpt.checkpoint import identity_of
from minigpt.model import GPT
from minigpt.train import pretrain

WARM, TRIED = 5, 20  # steps: the first ones load what PyTorch loads when it is first used


def steps_within(minutes, model, sequences, config):
    """The steps of `config`'s kind that fit: `minutes` over the median time of a few, done by a model like `model`."""
    ends = []

    def watch(log):
        ends.append(time.perf_counter())

    like = GPT(model.config).to(next(model.parameters()).device)
    pretrain(like, sequences, replace(config, steps=WARM + TRIED), progress=False, watch=watch)
    return max(1, int(60 * minutes / np.median(np.diff(ends[WARM - 1 :]))))


def planned(minutes, model, sequences, config, checkpoint=None):
    """`config` with the steps that fit into `minutes`, or with those of a `checkpoint` that is gone on from."""
    if checkpoint is None:
        steps = steps_within(minutes, model, sequences, config)
    else:
        steps = identity_of(checkpoint)["train"]["steps"]
    return replace(config, steps=steps)
