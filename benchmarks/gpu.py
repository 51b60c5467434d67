"""`make gpu`: on a GPU, GPT-1's size in bfloat16 beside nanoGPT's: tokens a second, share of the peak, memory.

    share = FLOPs of a step / seconds / peak,     the peak being that of a large bfloat16 product in the same run

Both models have the same sizes, tied weights, dropout and optimizer, and take turns; nanoGPT is read from a folder, see
`peers.py`. Where there is no GPU, one line says so; `--rehearse FILE` takes the same steps on the CPU, tiny.
"""

import argparse
import dataclasses
import datetime
import gc
import itertools
import platform
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from benchmarks import peers
from benchmarks.timing import Ratio, interleave, reported, training_flops
from minigpt.loss import lm_loss
from minigpt.model import GPT, GPTConfig
from minigpt.pretrained import GPT1
from minigpt.train import make_optimizer

HERE = Path(__file__).parent
BATCH = 32
TINY = GPTConfig(vocab_size=90, n_ctx=16, n_layer=1, n_head=2, d_model=8, tie_weights=True)  # for a rehearsal


def clock(device):
    """Seconds, once the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def peak(device, n=8192):
    """The rate of bfloat16 products of n x n, FLOP/s: the best of ten."""
    a = torch.randn(n, n, device=device, dtype=torch.bfloat16)
    seconds = interleave({"product": lambda: a @ a}, 10, lambda: clock(device), least=0.05)
    return 2 * n**3 / min(seconds["product"])


def minigpt_loss(model, ids, targets):
    return lm_loss(model(ids), targets)


def nanogpt_loss(model, ids, targets):
    return model(ids, targets)[1]


def step_of(model, loss_of, B, device, compiled):
    """One step of training under bfloat16 autocast: forward, eq. (1), backward, clip, fused AdamW."""
    model = model.to(device).train()
    config = model.config
    T, vocab_size = getattr(config, "n_ctx", None) or config.block_size, config.vocab_size
    ids = torch.randint(vocab_size, (B, T + 1), generator=torch.Generator().manual_seed(0)).to(device)
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
    optimizer = make_optimizer(model.parameters(), 1e-4, 0.01)
    loss_fn = torch.compile(loss_of) if compiled else loss_of  # nanoGPT's model holds its loss: both are compiled whole

    def step():
        with torch.autocast(device, torch.bfloat16):
            loss = loss_fn(model, inputs, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


@dataclass
class Contender:
    """A way to train, ready to step: what its first step took, and what memory it needs."""

    step: object
    first: float
    memory: float


def prepared(make, device):
    """Build a contender and take its first step, which compiles."""
    gc.collect()
    before = 0
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    started = clock(device)
    step = make()
    step()
    first = clock(device) - started
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()  # the first may hold more, while it compiles
        step()
        torch.cuda.synchronize()
    memory = torch.cuda.max_memory_allocated() - before if device == "cuda" else 0
    return Contender(step, first, memory)


def nanogpt_step(config, B, device, folder, compiled):
    return step_of(peers.nanogpt(config, config.dropout, folder), nanogpt_loss, B, device, compiled)


def contenders(config, B, device, folder, compiled):
    """{name: Contender} of one kind, all compiled or none."""
    made = {"minigpt": lambda: step_of(GPT(config), minigpt_loss, B, device, compiled)}
    wide = dataclasses.replace(config, vocab_size=-(-config.vocab_size // 64) * 64)
    if peers.load("nanoGPT", folder):
        for name, sizes in {"nanoGPT": config, f"nanoGPT, vocabulary of {wide.vocab_size}": wide}.items():
            made[name] = partial(nanogpt_step, sizes, B, device, folder, compiled)
    return {name: prepared(make, device) for name, make in made.items()}


def lines(device="cuda", config=GPT1, B=BATCH, folder=None, rounds=7, kinds=(False, True)):
    """A Markdown table, or one line that says why there is none; `kinds` of steps: plain, compiled."""
    if device == "cuda" and not torch.cuda.is_available():
        yield "On a GPU: skipped, this machine has none."
        return
    fastest = peak(device, 8192 if device == "cuda" else 256)
    card = torch.cuda.get_device_name() if device == "cuda" else device
    size = "GPT-1's size" if config == GPT1 else f"a rehearsal with {config.n_layer} layer of width {config.d_model}"
    heading = f"{size} on {card}, batch {B} of {config.n_ctx} tokens"
    yield f"{heading}; a bfloat16 product runs at {fastest / 1e12:.0f} TFLOP/s."
    yield ""
    yield "| dropout | step | who | tokens a second | minigpt is x times as fast | share of peak | GB | first step, s |"
    yield "|---|---|---|---|---|---|---|---|"
    for rate, compiled in itertools.product((0.0, 0.1), kinds):
        sizes = dataclasses.replace(config, dropout=rate, attention_dropout=rate)
        torch.compiler.reset()
        found = contenders(sizes, B, device, folder, compiled)
        seconds = interleave({name: c.step for name, c in found.items()}, rounds, lambda: clock(device))
        for name, contender in found.items():
            spent = sorted(seconds[name])[rounds // 2]
            share = training_flops(sizes, B, sizes.n_ctx) / spent / fastest
            ratio = "" if name == "minigpt" else Ratio.of(seconds[name], seconds["minigpt"])
            yield (
                f"| {rate} | {'compiled' if compiled else 'plain'} | {name} | {B * sizes.n_ctx / spent:,.0f} | {ratio} "
                f"| {share:.0%} | {contender.memory / 1e9:.1f} | {contender.first:.0f} |"
            )


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--peers", help="a folder with a checkout of nanoGPT")
    parser.add_argument("--rehearse", metavar="FILE", help="a tiny model on the CPU, the table into this file")
    args = parser.parse_args(argv)
    rehearsal = {"device": "cpu", "config": TINY, "B": 2, "rounds": 2, "kinds": (False,)}  # compiling asks for C++
    measured = args.rehearse or torch.cuda.is_available()
    reported(
        page(args.peers, **(rehearsal if args.rehearse else {})),
        (args.rehearse or HERE / "RESULTS-GPU.md") if measured else None,
    )


def page(folder, **settings):
    """The table, with what it was made with and how long that took."""
    started = time.perf_counter()
    yield "# Results on a GPU"
    yield ""
    yield (
        f"`python -m benchmarks.gpu{' --peers FOLDER' if folder else ''}` on {datetime.date.today().isoformat()}; "
        f"Python {platform.python_version()}, PyTorch {torch.__version__}; "
        f"nanoGPT: {peers.identity('nanoGPT', folder)}."
    )
    yield from lines(folder=folder, **settings)
    yield ""
    yield f"The whole took {time.perf_counter() - started:.0f} s."


if __name__ == "__main__":
    main()
