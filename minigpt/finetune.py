"""Fine-tuning: eq. (4) on labelled examples, with the body that pre-training left.

    L = -mean over (x, y) of log P(y | x)  +  aux * eq. (1) on the same sequences

The recipe is GPT-1's: AdamW, warm-up over 0.002 of the steps (one step at least), then a linear decay, 3 epochs,
dropout 0.1, clip 1. The learning rate is larger than GPT-1's 6.25e-5, since our models are a hundred times smaller.
What is trained, and its loss, stands in `finetuned.py`.
Lecture page "Supervised fine-tuning"; Radford et al. 2018, sections 3.2 and 4.1.
"""

import math
from dataclasses import dataclass

import torch

from minigpt.finetuned import Finetuned, score
from minigpt.support.errors import InputError, require, require_whole
from minigpt.support.progress import progress as shown
from minigpt.train import batches, make_optimizer

__all__ = ["FinetuneConfig", "Finetuned", "finetune", "score"]


@dataclass(frozen=True)
class FinetuneConfig:
    """How to fine-tune.

    `aux` weighs the auxiliary language-model loss: 0.5 in the paper, where it helped some data sets, not all.
    Two options for large models save memory. `accumulate` reads a batch in so many parts and adds their gradients:
    the same sum, but for dropout's draws, and for `aux`, which is a mean over tokens in each part. `recompute` keeps
    no activations within a block and computes them again going backward: the same result.
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
            require_whole(name, getattr(self, name))
        require(0 < self.lr < math.inf, "lr", self.lr, "a number above 0, such as 0.0005")
        require(0 <= self.aux < math.inf, "aux", self.aux, "a number from 0; the paper has 0.5")
        require_whole("seed", self.seed, least=0)


def finetune(tuned, examples, config, progress=True):
    """Minimise eq. (4) on `examples`, in place; returns {"losses": one a step, "cut": examples that were cut}."""
    sequences, n_cut = tuned.encode(examples)
    targets = tuned.targets(examples)
    model, lengths = tuned.model, [max(map(len, s)) for s in sequences]
    model.gpt.recompute = config.recompute
    device = next(model.parameters()).device
    optimizer = make_optimizer(model.parameters(), config.lr, config.weight_decay)
    n_steps = config.epochs * math.ceil(len(examples) / config.batch_size)
    plan = [
        batch for epoch in range(config.epochs) for batch in batches(lengths, config.batch_size, config.seed, epoch)
    ]
    warmup = max(1, round(config.warmup * n_steps))
    torch.manual_seed(config.seed)
    model.train()
    losses = []
    for step, chosen in enumerate(shown(plan, f"fine-tuning {tuned.task}", progress, leave=False)):
        rate = min((step + 1) / warmup, (n_steps - step) / max(1, n_steps - warmup))
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min(1.0, rate)
        optimizer.zero_grad()
        losses.append(0.0)
        for part in (chosen[i :: config.accumulate] for i in range(min(config.accumulate, len(chosen)))):
            loss = tuned.loss([sequences[i] for i in part], targets[part].to(device), config.aux)
            loss = loss * len(part) / len(chosen)
            loss.backward()
            losses[-1] += loss.item()
        if not math.isfinite(losses[-1]):
            raise InputError(
                f"the loss is {losses[-1]}: training has diverged; lower the learning rate {config.lr:.2g}"
            )
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
    model.eval()
    return {"losses": losses, "cut": n_cut}
