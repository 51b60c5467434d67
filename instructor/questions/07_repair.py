"""Question 07.5: a fine-tuning repaired from its log."""

import numpy as np

from minigpt.grading import repair
from minigpt.grading.question import Question, Wrong


def failed_runs(rng, shown):
    """Six fine-tunings, each with one mistake in what is read or kept, and one in how far and fast it goes."""
    speeds, kinds = rng.permutation(["high", "low", "many"] * 2), rng.permutation(["place", "grows", "fades"] * 2)
    return [failed_run(rng, speed, kind) for speed, kind in zip(speeds, kinds, strict=True)]


def failed_run(rng, speed, kind):
    while True:
        states, labels, scale = states_of_a_body(rng)
        T = states.shape[1]
        right = [T - 1, rng.uniform(0.2, 0.3) / scale**2, rng.integers(10, 20), rng.uniform(0.001, 0.005)]
        first = {
            "high": (1, right[1] * rng.uniform(300, 600)),
            "low": (1, right[1] / rng.uniform(100, 200)),
            "many": (2, rng.integers(300, 500)),
        }[speed]
        second = {"place": (0, rng.integers(0, T - 1)), "grows": (3, -rng.uniform(0.2, 0.3)), "fades": (3, 0.8)}[kind]
        losses = [
            repair.finetune(states, labels, repair.changed(right, *wrong))[0] for wrong in ([], [first], [second])
        ]
        if min(losses[1:]) > losses[0] + 0.12:
            break
    settings = repair.changed(right, first, second)
    needed = losses[0] + 0.6 * (min(losses[1:]) - losses[0])
    log = repair.finetune(states, labels, settings)[1]
    return {"states": states, "labels": labels, "settings": settings, "log": log, "n_wrong": 2, "needed": float(needed)}


def states_of_a_body(rng):
    """States (160, T, 40) of which the last knows the label, in numbers so short that they can be stored."""
    N, T, d, scale = 160, int(rng.integers(2, 4)), 40, 2.0 ** rng.integers(-3, 4)
    labels, direction = rng.integers(0, 2, N), rng.normal(size=d)
    states = rng.normal(size=(N, T, d))
    states[:, -1] += 1.5 * np.outer(2 * labels - 1, direction / np.linalg.norm(direction))
    return np.float32(scale / 4 * np.round(4 * states)), labels, scale


def finetuning_repaired(states, labels, settings, log, n_wrong, needed):
    position, rate, epochs, decay = settings
    T, size = states.shape[1], (states**2).mean()
    if epochs > 100:
        epochs = 15
    elif rate * size > 3:
        rate /= 400
    else:
        rate *= 150
    if position == T - 1:
        decay = 0.002
    return np.array([T - 1, rate, epochs, decay])


def all_usual(states, labels, settings, log, n_wrong, needed):
    return np.array([states.shape[1] - 1, 0.25 / (states**2).mean(), 15, 0.002])


FINETUNING = Question(
    "07.5",
    "finetuning_repaired",
    3,
    None,
    finetuning_repaired,
    (
        Wrong(lambda states, labels, settings, log, n_wrong, needed: np.array(settings), repair.NOT_REPAIRED),
        Wrong(all_usual, repair.TOO_MANY),
        Wrong(lambda states, labels, settings, log, n_wrong, needed: settings * np.nan, repair.BOUNDS),
    ),
    n_cases=6,
    draw=failed_runs,
    verify="finetunes",
)

QUESTIONS = (FINETUNING,)
