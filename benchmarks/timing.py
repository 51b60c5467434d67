"""How things are timed: contenders take turns, round by round, and every round gives one ratio.

A machine's speed drifts within minutes, by more than what is measured here. Neighbours in time share the drift, so a
ratio within a round is steadier than seconds; what is told is the ratios' median, lowest and highest.
"""

import statistics
import time
from dataclasses import dataclass

import torch

from minigpt.fast import linear
from minigpt.support.files import replacing


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as a peer: the median over the rounds, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, theirs, ours):
        """Seconds of the peer and of minigpt, a pair a round.

        >>> print(Ratio.of([2.0, 3.0, 8.0], [1.0, 1.0, 2.0]))
        3.00 [2.00 to 4.00]
        """
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self):
        return f"{self.median:.2f} [{self.low:.2f} to {self.high:.2f}]"


@dataclass(frozen=True)
class Row:
    """One line of the table: minigpt's work, the peer, how many times as fast, and minigpt's share of the peak."""

    work: str
    peer: str
    ratio: Ratio
    share: float | None = None

    def __str__(self):
        return f"| {self.work} | {self.peer} | {self.ratio} | {'' if self.share is None else f'{self.share:.0%}'} |"


def rows_of(work, seconds, ours="minigpt", flops=None, peak=None):
    """A row for each peer from `interleave`'s seconds; with `flops` a call, minigpt's share of the peak."""
    share = flops / statistics.median(seconds[ours]) / peak if flops else None
    for peer, theirs in seconds.items():
        if peer != ours:
            yield Row(work, peer, Ratio.of(theirs, seconds[ours]), share)


def interleave(contenders, rounds, clock=time.process_time, least=0.25):
    """Time each contender once a round.

    Args:
        contenders: {name: function}; each is called once before, to warm up.
        clock: `time.process_time` on one thread, since another process then costs it little; else `perf_counter`.
        least: seconds that a measurement should last; short work is repeated.
    Returns:
        {name: [seconds a call, one a round]}.
    """
    repeats = {}
    for name, work in contenders.items():
        work()
        start = clock()
        work()
        repeats[name] = max(1, round(least / max(clock() - start, 1e-6)))
    seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            start = clock()
            for _ in range(repeats[name]):
                work()
            seconds[name].append((clock() - start) / repeats[name])
    return seconds


def peaks(rounds=5, n=2048):
    """The machine's rate of float32 products, FLOP/s, by library: the best of a few n x n products on these threads."""
    a, b = torch.randn(2, n, n, generator=torch.Generator().manual_seed(0))
    contenders = {"MKL": lambda: a @ b}
    if linear.HAS_ONEDNN:
        contenders["oneDNN"] = lambda: linear.product(a, b)
    return {name: 2 * n**3 / min(s) for name, s in interleave(contenders, rounds).items()}


def training_flops(config, B, T):
    """Floating-point operations of one training step: those of its matrix products, 2 for each product and sum.

        forward, a token:  24 L d^2 + 2 d |V| + 2 L T d,      a step: 3 B T times that

    24 d^2 are the weights of a block (12 d^2), 2 L T d the two products of attention, where a token sees T / 2 others
    on average. The backward pass makes two products for each of the forward pass.
    """
    d, L = config.d_model, config.n_layer
    return 3 * B * T * (24 * L * d**2 + 2 * d * config.vocab_size + 2 * L * T * d)


def reported(lines, path=None):
    """Print the lines as they come, and keep them all in the file `path`, whole or as it was before."""
    told = []
    for line in lines:
        print(line, flush=True)
        told.append(line)
    if path:
        with replacing(path) as temporary:
            temporary.write_text("\n".join(told) + "\n", encoding="utf-8")
