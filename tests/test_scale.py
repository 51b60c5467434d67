"""A step at scale: several processes, parts, 16 bits and shared weights give the curve of one process, and go on."""

import shutil

import numpy as np
import pytest
import torch
from several import several
from test_train import SEQUENCES, TOK, small

from minigpt.fast import parallel, scale
from minigpt.train import TrainConfig, pretrain

RECIPE = TrainConfig(steps=8, batch_size=7, lr=0.01)  # 7: no number of processes divides it
CPU = torch.device("cpu")


def trained(folder, settings, resume=False, stop=None):
    """The log of a run, and its weights; `stop` ends it after so many steps, as if somebody had pulled the plug."""
    model = small(dropout=0.0)
    take_step = settings.prepare(model, CPU)
    options = {"checkpoint_every": 2, "resume": resume, "progress": False, "take_step": take_step}
    log = pretrain(model, SEQUENCES[:40], RECIPE, folder / "run", watch=stop, **options)
    return log, {name: p.detach().numpy() for name, p in parallel.gathered(model).named_parameters()}
