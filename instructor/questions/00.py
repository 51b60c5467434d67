"""Homework 00, overview: a budget of compute, a power law above a floor, the floor itself, and an experiment."""

import numpy as np

from minigpt.grading.question import Question, Wrong

# --- 00.1 what a budget buys --------------------------------------------------------------------------------------


def budget_inputs(rng):
    return {
        "flops": float(10 ** rng.uniform(15, 22)),
        "ratio": float(rng.uniform(5, 40)),
        "speed": float(10 ** rng.uniform(12, 15)),
        "share": float(rng.uniform(0.2, 0.6)),
    }


def budget_edges():
    """The text's example; budgets so small that N is no whole number by far, one of whole numbers."""
    return (
        {"flops": 6e18, "ratio": 1.0, "speed": 1e15, "share": 1.0},
        {"flops": 100.0, "ratio": 0.7, "speed": 3.0, "share": 0.3},
        {"flops": 700, "ratio": 3, "speed": 11, "share": 1},
    )


def planned(flops, ratio, speed, share, per_token=6):
    n = np.sqrt(flops / (per_token * ratio))
    return n, ratio * n, flops / (speed * share) / 86_400


def budget(flops, ratio, speed, share):
    return planned(flops, ratio, speed, share)


BUDGET = Question(
    "00.1",
    "budget",
    3,
    budget_inputs,
    budget,
    (
        Wrong(
            lambda flops, ratio, speed, share: planned(flops, ratio, speed, share, per_token=2),
            "that is the forward pass only; backward costs twice as much again\n这只是前向；反向还要两倍",
        ),
        Wrong(
            lambda flops, ratio, speed, share: (flops / 6 / ratio, flops / 6, planned(flops, ratio, speed, share)[2]),
            "the tokens grow with the parameters: N stands in C twice\n词元数随参数量增长：N 在 C 里出现两次",
        ),
        Wrong(
            lambda flops, ratio, speed, share: (*planned(flops, ratio, speed, share)[:2], flops / speed / 86_400),
            "the machine reaches only a share of its speed\n机器只达到峰值速度的一部分",
        ),
        Wrong(
            lambda flops, ratio, speed, share: (*planned(flops, ratio, speed, share)[:2], flops / speed / share),
            "these are seconds, not days\n这是秒，不是天",
        ),
    ),
    edges=budget_edges,
    n_cases=7,
)

# --- 00.2 a power law above a floor -------------------------------------------------------------------------------


def law_inputs(rng):
    n, floor = int(rng.integers(4, 8)), float(rng.uniform(0.3, 2))
    x = np.sort(10 ** rng.uniform(1, 5, n))
    excess = rng.uniform(2, 9) * x ** -rng.uniform(0.2, 0.7) * np.exp(rng.normal(scale=0.05, size=n))
    return {"x": x, "loss": floor + excess, "floor": floor, "wanted": float(floor + rng.uniform(0.01, 0.05))}


def law_edges():
    """The text's example; points in any order, which do not always fall, and `wanted` among them; a tiny excess."""
    return (
        {"x": np.array([1, 100]), "loss": np.array([3.0, 2.1]), "floor": 2.0, "wanted": 2.01},
        {"x": np.array([100, 1, 10]), "loss": np.array([2.3, 3.0, 2.2]), "floor": 2.0, "wanted": 2.4},
        {"x": np.array([1e1, 1e4, 1e9]), "loss": np.array([1e-3, 1e-8, 1e-13]), "floor": 0.0, "wanted": 1e-5},
    )


def through(x, y, floor, wanted):
    slope, height = np.polyfit(np.log(x), np.log(y), 1)
    return np.exp(height), -slope, ((wanted - floor) / np.exp(height)) ** (1 / slope)


def amount_needed(x, loss, floor, wanted):
    return through(x, loss - floor, floor, wanted)


def curved(x, loss, floor, wanted):
    """Least squares of the excess itself, by one Newton step after another on b."""
    grid = np.linspace(0.01, 3, 3000)
    basis = x[:, None] ** -grid
    heights = (basis * (loss - floor)[:, None]).sum(axis=0) / (basis**2).sum(axis=0)
    best = ((heights * basis - (loss - floor)[:, None]) ** 2).sum(axis=0).argmin()
    a, b = heights[best], grid[best]
    return a, b + 1e-6, ((wanted - floor) / a) ** (-1 / b)


LAW = Question(
    "00.2",
    "amount_needed",
    3,
    law_inputs,
    amount_needed,
    (
        Wrong(
            lambda x, loss, floor, wanted: through(x, loss, 0, wanted),
            "the power law is that of the excess: take the floor off first\n幂律说的是超出下限的部分：先减去下限",
        ),
        Wrong(
            lambda x, loss, floor, wanted: through(x, loss - floor, 0, wanted),
            "`wanted` is a loss too: its excess is what must be reached\n`wanted` 也是损失：要达到的是它超出下限的部分",
        ),
        Wrong(
            lambda x, loss, floor, wanted: (
                through(x, loss - floor, floor, wanted)[0],
                -through(x, loss - floor, floor, wanted)[1],
                through(x, loss - floor, floor, wanted)[2],
            ),
            "b is positive where the excess falls: look at the sign\n超出部分下降时 b 为正：看看符号",
        ),
        Wrong(curved, "the line goes through the LOGARITHMS of both\n直线要穿过两者的对数"),
    ),
    edges=law_edges,
    n_cases=7,
)

# --- 00.3 the floor of a small world ------------------------------------------------------------------------------


def world_inputs(rng):
    V = int(rng.integers(3, 6))
    rows = rng.dirichlet(np.full(V, 0.6), size=V)
    rows[rows < 0.1] = 0
    return {
        "start": rng.dirichlet(np.ones(V)),
        "rows": rows / rows.sum(axis=1, keepdims=True),
        "n": int(rng.integers(3, 9)),
    }


def world_edges():
    """A world without chance; one whose first word is the whole text; one word alone; a long text that soon ends."""
    half, lost = np.full((2, 2), 0.5), np.array([[0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.0, 0.0, 1.0]])
    return (
        {"start": np.array([1, 0]), "rows": np.array([[0, 1], [1, 0]]), "n": 4},
        {"start": np.array([0.25, 0.75]), "rows": half, "n": 1},
        {"start": np.array([1.0]), "rows": np.array([[1.0]]), "n": 3},
        {"start": np.array([0.5, 0.5, 0.0]), "rows": lost, "n": 60},
    )


def entropy(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


def summed(start, rows, n):
    p, total = start, entropy(start)
    for _ in range(n - 1):
        total, p = total + p @ entropy(rows), p @ rows
    return total


def floor_of(start, rows, n):
    return summed(start, rows, n) / n


def of_the_mixture(start, rows, n):
    p, total = start, 0.0
    for _ in range(n):
        total, p = total + entropy(p), p @ rows
    return total / n


FLOOR = Question(
    "00.3",
    "floor_of",
    4,
    world_inputs,
    floor_of,
    (
        Wrong(summed, "that is the floor of a whole text: per word is asked\n这是整篇文本的下限：要的是每个词"),
        Wrong(
            lambda start, rows, n: floor_of(start, rows, n) / np.log(2),
            "these are bits; a nat has the natural logarithm\n这是比特；纳特用自然对数",
        ),
        Wrong(
            of_the_mixture,
            "who knows the word before is less surprised: average the rows' entropies\n"
            "知道前一个词就不那么意外：求各行熵的平均",
        ),
        Wrong(
            lambda start, rows, n: (summed(start, rows, n) - entropy(start)) / n,
            "the first word has to be predicted too\n第一个词也要预测",
        ),
    ),
    edges=world_edges,
    n_cases=7,
)

QUESTIONS = (BUDGET, LAW, FLOOR)
