"""On a GPU: GPT-1's size in bfloat16, plain and compiled: tokens per second, and the share of the card's peak.

MFU = FLOPs of the step / seconds / peak,    the peak being that of a large bfloat16 product, measured in the same run
"""

import dataclasses
import statistics
import time

import torch

from benchmarks.peers import random_ids
from benchmarks.timing import training_flops
from minigpt.loss import lm_loss
from minigpt.model import GPT
from minigpt.pretrained import GPT1
from minigpt.train import make_optimizer


def seconds_of(work, device, repeats=10):
    """Median seconds of a call, the device's queue emptied before and after."""
    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None
    found = []
    for _ in range(3 + repeats):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        found.append(time.perf_counter() - start)
    return statistics.median(found[3:])


def step_of(config, B, device, compiled):
    """One training step under bfloat16 autocast: forward, eq. (1), backward, clip, fused AdamW."""
    model = GPT(config).to(device).train()
    run = torch.compile(model) if compiled else model
    optimizer = make_optimizer(model.parameters(), 1e-4, 0.01)
    ids = random_ids(config, B, config.n_ctx).to(device)

    def step():
        with torch.autocast(device, torch.bfloat16):
            loss = lm_loss(run(ids), ids)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def lines(device="cuda", config=GPT1, B=16, n=8192):
    """A Markdown table, or one line that says why there is none."""
    if device == "cuda" and not torch.cuda.is_available():
        yield "On a GPU: skipped, this machine has none."
        return
    config = dataclasses.replace(config, dropout=0.0)
    a = torch.randn(n, n, device=device, dtype=torch.bfloat16)
    peak = 2 * n**3 / seconds_of(lambda: a @ a, device)
    yield f"| GPT-1's size on {torch.cuda.get_device_name() if device == 'cuda' else device} | tokens/s | MFU |"
    yield "|---|---|---|"
    for name, compiled in (("bfloat16", False), ("bfloat16, compiled", True)):
        seconds = seconds_of(step_of(config, B, device, compiled), device)
        share = training_flops(config, B, config.n_ctx) / seconds / peak
        yield f"| {name}, batch {B} | {B * config.n_ctx / seconds:,.0f} | {share:.0%} |"
