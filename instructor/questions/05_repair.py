"""Question 05.5: a run repaired from its log."""

import numpy as np

from minigpt.grading import repair
from minigpt.grading.question import Question, Wrong

SPEEDS = ("high", "low", "clip")
DATA = ("shift", "decay")


def broken_runs(rng, shown):
    """Six runs, each with one mistake in its speed and one in what it learns: every pair once."""
    pairs = [(speed, kind) for speed in SPEEDS for kind in DATA]
    return [broken_run(rng, *pairs[i]) for i in rng.permutation(6)]


def broken_run(rng, speed, kind):
    """Rate, warm-up and limit of a sound run lie anywhere in three powers of ten; only the log tells the scale."""
    while True:
        number, warmup = int(rng.integers(2**31)), int(10 ** rng.uniform(0.5, 2.2))
        _, shift, scale = repair.text_of(number)
        full = np.minimum(1, np.arange(1, repair.STEPS + 1) / warmup).mean()
        rate = rng.uniform(2.5, 3.5) / scale**2 / full
        right = [rate, warmup, scale * 10 ** rng.uniform(0, 3), rng.uniform(-1, 1) * 1e-3, shift]
        first = {
            "high": (0, rate * rng.uniform(7, 10)),
            "low": (0, rate / rng.uniform(9, 12)),
            "clip": (2, 0.3 * scale / rng.uniform(9, 12)),
        }[speed]
        second = {"shift": (4, 5 - shift), "decay": (3, -rng.uniform(0.05, 0.1))}[kind]
        norm = repair.train(number, repair.changed(right, second))[1][0, 3]
        if not 0.24 < norm / scale < 0.36:  # the first gradient tells the scale
            continue
        if case := repair.failing_run(right, first, second, repair.train, number):
            return case


def repaired(run, settings, log, n_wrong, needed):
    rate, warmup, clip, decay, shift = settings
    _, now, _, norm, _ = log.T
    scale = norm[0] / 0.3  # W is 0 there
    if norm[0] > 3 * clip:
        clip = 10 * norm.max()
    else:
        rate *= 3 / (now.mean() * scale**2)
    if abs(decay) > 0.01:
        decay = 0
    else:
        shift = 5 - shift
    return np.array([rate, warmup, clip, decay, shift])


def half_repaired(run, settings, log, n_wrong, needed):
    return np.array([*repaired(run, settings, log, n_wrong, needed)[:3], *settings[3:]])


def usual_settings(run, settings, log, n_wrong, needed):
    return np.array([4, 20, 3, 1e-4, 2])


REPAIR = Question(
    "05.5",
    "repaired",
    3,
    None,
    repaired,
    (
        Wrong(half_repaired, repair.NOT_REPAIRED),
        Wrong(usual_settings, repair.TOO_MANY),
        Wrong(lambda run, settings, log, n_wrong, needed: np.append(settings[:4], 1.5), repair.BOUNDS),
    ),
    n_cases=6,
    draw=broken_runs,
    verify="trains",
)

QUESTIONS = (REPAIR,)
