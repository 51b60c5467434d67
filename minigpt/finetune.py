"""Fine-tuning: eq. (4) on labelled examples, with the body that pre-training left.

    L = -mean over (x, y) of log P(y | x)  +  aux * eq. (1) on the same sequences

The recipe is GPT-1's: AdamW, warm-up over 0.002 of the steps (none below 750 steps), then a linear decay, 3 epochs,
dropout 0.1, clip 1. The learning rate is larger than GPT-1's 6.25e-5, since our models are a hundred times smaller.
What is trained, and its loss, stands in `task_model.py`.
Lecture page "Supervised fine-tuning"; Radford et al. 2018, sections 3.2 and 4.1.
"""

import math
from dataclasses import asdict, dataclass

import torch

from minigpt.batch import plan
from minigpt.checkpoint import Checkpoints
from minigpt.fast.recompute import recomputed
from minigpt.support.diverged import check_finite, check_weights
from minigpt.support.errors import require, require_seed, require_whole
from minigpt.support.identity import digest
from minigpt.support.progress import progress as shown
from minigpt.train import linear, make_optimizer, schedule, update


@dataclass(frozen=True)
class FinetuneConfig:
    """How to fine-tune.

    `aux` weighs the auxiliary language-model loss: 0.5 in the paper, where it helped some data sets, not all.
    Two options for large models save memory. `accumulate` reads a batch in so many parts and adds their gradients:
    the same sum, but for dropout's draws, and for `aux`, which is a mean over tokens in each part. `recompute` keeps
    no activations within a block and computes them again in the backward pass: the same result.
    """

    epochs: int = 3
    batch_size: int = 32
    lr: float = 5e-4
    warmup: float = 0.002
    weight_decay: float = 0.01
    clip: float = 1.0
    aux: float = 0.0
    accumulate: int = 1
    recompute: bool = False
    seed: int = 0

    def __post_init__(self):
        for name in ("epochs", "batch_size", "accumulate"):
            require_whole(name, getattr(self, name), most=10**9)
        require(0 < self.lr < math.inf, "lr", self.lr, "a number above 0, such as 0.0005")
        require(0 <= self.warmup <= 1, "warmup", self.warmup, "a share of the steps, from 0 to 1")
        require(0 <= self.weight_decay < math.inf, "weight_decay", self.weight_decay, "a number from 0")
        require(self.clip > 0, "clip", self.clip, "a number above 0; inf clips nothing")
        require(0 <= self.aux < math.inf, "aux", self.aux, "a number from 0; the paper has 0.5")
        require_seed(self.seed)


def finetune(model, examples, config, progress=True, out=None, resume=False, checkpoint_every=200):
    """Minimise eq. (4) on `examples`, in place.

    Args:
        model: a `TaskModel`, on the device where it is trained.
        out: a folder for `checkpoint.safetensors` and `loss.csv`, every `checkpoint_every` steps; None writes nothing.
        resume: go on from the checkpoint in `out`, bit-equal to a run that was never stopped.
    Returns:
        {"losses": one a step, "cut": how many examples were too long and were cut}.
    Raises:
        InputError: if training diverges, the checkpoint is damaged or of another run, or `recompute` is asked of a body
            without blocks.
    """
    sequences, n_cut = model.encode(examples)
    numbers = model.kind.numbers(examples)
    optimizer = make_optimizer(model.parameters(), config.lr, config.weight_decay)
    lengths = [max(map(len, s)) for s in sequences]
    n_steps = config.epochs * math.ceil(len(examples) / config.batch_size)
    identity = {"finetune": asdict(config), "model": asdict(model.body.config), "task": model.name}
    identity |= {"examples": digest([sequences, numbers.tolist()])}
    checkpoints = Checkpoints(out, model, optimizer, identity, checkpoint_every, draws=True)
    torch.manual_seed(config.seed)
    done, log = checkpoints.resume() if resume else (0, [])
    chosen = plan(lengths, config.batch_size, config.seed, first=done)
    steps = shown(range(done, n_steps), f"fine-tuning {model.name}", progress, leave=False, initial=done, total=n_steps)
    model.train()
    with recomputed(model.body, config.recompute):
        for step, batch in zip(steps, chosen, strict=False):
            lr = config.lr * schedule(step, n_steps, config.warmup, linear)
            optimizer.zero_grad()
            loss = add_gradients(model, sequences, numbers, batch, config)
            check_finite(loss, lr)
            update(model, optimizer, lr, config.clip)
            log.append({"step": step + 1, "loss": loss, "lr": lr})
            checkpoints.keep(log, last=step + 1 == n_steps)
    check_weights(model)
    model.eval()
    return {"losses": [row["loss"] for row in log], "cut": n_cut}


def add_gradients(model, sequences, numbers, chosen, config):
    """The gradients of a batch's loss, in `accumulate` parts one after the other; returns the loss."""
    device = next(model.parameters()).device
    total = 0.0
    for start in range(min(config.accumulate, len(chosen))):
        part = chosen[start :: config.accumulate]
        loss = model.loss([sequences[i] for i in part], numbers[part].to(device), config.aux)
        loss = loss * len(part) / len(chosen)
        loss.backward()
        total += loss.item()
    return total
