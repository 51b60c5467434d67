"""Question 05.5: a run repaired from its log."""

import numpy as np

from minigpt.grading import repair
from minigpt.grading.question import Question, Wrong

SPEEDS = ("high", "low", "warm", "clip")
DATA = ("leak", "skip", "decay")


def broken_runs(rng, shown):
    """Six runs, each with one mistake in its speed and one in what it learns; other pairs at each draw."""
    speeds = [*rng.permutation(SPEEDS), *rng.choice(SPEEDS, 2, replace=False)]
    return [broken_run(rng, speed, kind) for speed, kind in zip(speeds, rng.permutation(DATA * 2), strict=True)]


def broken_run(rng, speed, kind):
    while True:
        text, scale = bigram_text(rng), float(10 ** rng.uniform(-1, 1))
        right = [
            rng.uniform(3, 5) / scale**2,
            rng.integers(10, 30),
            scale * rng.uniform(2, 4),
            10 ** rng.uniform(-5, -4),
            1,
        ]
        first = {
            "high": (0, right[0] * rng.uniform(100, 200)),
            "low": (0, right[0] / rng.uniform(300, 600)),
            "warm": (1, rng.integers(40_000, 80_000)),
            "clip": (2, right[2] / rng.uniform(1000, 3000)),
        }[speed]
        second = {"leak": (4, 0), "skip": (4, 2), "decay": (3, -rng.uniform(0.04, 0.08))}[kind]
        losses = [repair.train(text, repair.changed(right, *wrong), scale)[0] for wrong in ([], [first], [second])]
        if min(losses[1:]) > losses[0] + 0.2:  # each of the two mistakes matters
            break
    settings = repair.changed(right, first, second)
    needed = losses[0] + 0.5 * (min(losses[1:]) - losses[0])
    log = repair.train(text, settings, scale)[1]
    return {"text": text, "scale": scale, "settings": settings, "log": log, "n_wrong": 2, "needed": float(needed)}


def bigram_text(rng):
    V = 8
    rows = rng.dirichlet(np.full(V, 0.25), size=V).cumsum(axis=1)
    text = [int(rng.integers(V))]
    for x in rng.random(1200):
        text.append(min(V - 1, int((rows[text[-1]] < x).sum())))
    return np.array(text)


def repaired(text, scale, settings, log, n_wrong, needed):
    rate, warmup, clip, decay, _ = settings
    step, _, _, norm, _ = log.T
    if warmup > step[-1]:
        warmup = 20
    elif np.median(norm) > 20 * clip:
        clip = 10 * norm.max()
    elif rate * scale**2 > 30:
        rate /= 150
    else:
        rate *= 400
    return np.array([rate, warmup, clip, 1e-5 if decay < 0 else decay, 1])


def usual_settings(text, scale, settings, log, n_wrong, needed):
    return np.array([4 / scale**2, 20, 3 * scale, 1e-4, 1])


def half_repaired(text, scale, settings, log, n_wrong, needed):
    fixed = settings.copy()
    fixed[3:] = max(0, fixed[3]), 1
    return fixed


REPAIR = Question(
    "05.5",
    "repaired",
    3,
    None,
    repaired,
    (
        Wrong(half_repaired, repair.NOT_REPAIRED),
        Wrong(usual_settings, repair.TOO_MANY),
        Wrong(lambda text, scale, settings, log, n_wrong, needed: np.append(settings[:4], 1.5), repair.BOUNDS),
    ),
    n_cases=6,
    draw=broken_runs,
    verify="trains",
)

QUESTIONS = (REPAIR,)
