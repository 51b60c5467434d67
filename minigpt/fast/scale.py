"""The training step of a large model: `train.train_step`, sooner, in less memory, or both.

    micro        sequences that a process reads at once: a batch in parts, whose gradients add up to the whole batch's
    precision    bfloat16: products of 16 bits; weights, moments and the loss stay float32 (autocast)
    compiled     each decoder block, and the loss, one program instead of a dozen (torch.compile)
    shared       weights, gradients and moments shared among the processes (FSDP, see `parallel.shard`)

`choose` turns on what the device gains from. On a CPU that is nothing, and the step is `train.train_step`.
"""

from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import torch

from minigpt.batch import shift
from minigpt.fast import parallel
from minigpt.loss import lm_loss
from minigpt.support.diverged import check_finite
from minigpt.support.errors import require, require_whole
from minigpt.train import update

LARGE = 10_000_000  # weights in the blocks; below, a GPU waits for Python, and 16 bits win nothing
LONG = 2_000  # steps; compiling takes the time that it saves in 1,700 steps at GPT-1's size, benchmarks/RESULTS-GPU.md
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Scale:
    """What a step has beyond the lecture's; see the top of this module."""

    micro: int | None = None
    precision: str = "float32"
    compiled: bool = False
    shared: bool = False

    def __post_init__(self):
        if self.micro is not None:
            require_whole("micro_batch", self.micro)
        require(self.precision in PRECISIONS[1:], "precision", self.precision, "float32 or bfloat16")

    def __str__(self):
        told = {
            "bfloat16 products": self.precision == "bfloat16",
            "compiled blocks (the first steps take long)": self.compiled,
            f"{self.micro} documents at once": self.micro is not None,
            "weights shared among the processes (FSDP)": self.shared,
        }
        return ", ".join(what for what, on in told.items() if on)

    def prepare(self, model, device):
        """Put a GPT, or its part, on the device, in place; returns the step for `train.pretrain`, None for its own."""
        if self.compiled:
            for block in model.blocks:
                block.forward = torch.compile(block.forward)  # not the block: FSDP's hooks stay outside
        if self.shared:
            parallel.shard(model, device)
        else:
            model.to(device)
        if self == Scale(shared=self.shared):
            return None
        loss_of = torch.compile(lm_loss) if self.compiled else lm_loss
        return partial(step, micro=self.micro, precision=getattr(torch, self.precision), loss_of=loss_of)


def choose(config, device, steps, micro=None, precision="auto", shared=False):
    """What this device gains from, as a `Scale`; what is named is taken as it is.

    >>> from minigpt.model import GPTConfig
    >>> choose(GPTConfig(40_000, n_ctx=512, n_layer=12, n_head=12, d_model=768), torch.device("cpu"), steps=100_000)
    Scale(micro=None, precision='float32', compiled=False, shared=False)
    """
    gains = device.type == "cuda" and 12 * config.n_layer * config.d_model**2 >= LARGE
    if precision == "auto":
        in_16_bits = gains and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = "bfloat16" if in_16_bits else "float32"
    compiled = gains and steps >= LONG and find_spec("triton") is not None  # PyTorch's compiler for GPUs
    return Scale(micro, precision, compiled, shared)


def step(model, optimizer, batch, lr, clip, micro=None, precision=torch.float32, loss_of=lm_loss):
    """`train.train_step` in parts and in another precision: the same sums to rounding, but for dropout's draws.

        grad L(batch) = sum over parts j of n_j / n grad L(part j)        n_j of the n targets

    Every process takes as many parts as the others, since each waits for all.
    """
    device, parts = next(model.parameters()).device, n_parts(len(batch), micro)
    total = 0.0
    optimizer.zero_grad()
    for j in range(parts):
        own, weight = parallel.own_part(batch, j, parts)
        ids, targets = shift(own, device)
        with parallel.silent(model, wanted=j < parts - 1):
            with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                loss = weight * loss_of(model(ids), targets)
            loss.backward()
        total += loss.detach()
    total = parallel.mean(total).item()
    check_finite(total, lr)
    norm = update(model, optimizer, lr, clip)
    return total, norm.item()


def n_parts(n, micro):
    """In how many parts each process reads its share of n sequences.

    >>> n_parts(7, micro=2), n_parts(7, micro=None)
    (4, 1)
    """
    largest = -(-n // parallel.n_processes())
    return -(-largest // micro) if micro else 1
