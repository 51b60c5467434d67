"""Question 07.5: a fine-tuning repaired from its log."""

import numpy as np

from minigpt.grading import repair
from minigpt.grading.question import Question, Wrong


def failed_runs(rng, shown):
    """Six fine-tunings, each with one mistake in how fast it goes and one in what is read or kept."""
    pairs = [("high", "place"), ("low", "place")] * 2 + [("high", "grows"), ("low", "fades")]
    return [failed_run(rng, *pairs[i]) for i in rng.permutation(6)]


def failed_run(rng, speed, kind):
    """Rate and epochs of a sound run lie anywhere in several powers of ten; only the log tells the scale."""
    first_norm = 0.31 if kind == "place" else 0.76  # of the gradient, at scale 1: the reader's measure
    while True:
        number, epochs = int(rng.integers(2**31)), int(10 ** rng.uniform(1.3, 2.3))
        _, _, knows, scale = repair.states_of(number)
        rate = rng.uniform(1.5, 2) / epochs / scale**2
        position = repair.PLACES - 1 if kind == "place" else rng.integers(knows, repair.PLACES)
        right = [position, rate, epochs, rng.uniform(-0.2, 0.2) / epochs]
        first = (1, rate * rng.uniform(7, 10) ** (1 if speed == "high" else -1))
        second = {
            "place": (0, rng.integers(0, knows)),
            "grows": (3, -rng.uniform(2.5, 3) / epochs),
            "fades": (3, rng.uniform(8, 10) / epochs),
        }[kind]
        case = repair.failing_run(right, first, second, repair.finetune, number)
        if case and 0.8 < case["log"][0, 1] / scale / first_norm < 1.25:
            return case


def finetuning_repaired(run, settings, log, n_wrong, needed):
    position, _, epochs, decay = settings
    norm = log[0, 1]  # of the first gradient, where w is 0
    if abs(decay * epochs) > 1:
        decay, scale = 0, norm / 0.76  # the states tell the label
    else:
        position, scale = 5, norm / 0.31  # they do not: noise alone
    return np.array([position, 1.75 / epochs / scale**2, epochs, decay])


def all_usual(run, settings, log, n_wrong, needed):
    return np.array([5, 0.1, 15, 0.002])


FINETUNING = Question(
    "07.5",
    "finetuning_repaired",
    3,
    None,
    finetuning_repaired,
    (
        Wrong(lambda run, settings, log, n_wrong, needed: np.array(settings), repair.NOT_REPAIRED),
        Wrong(all_usual, repair.TOO_MANY),
        Wrong(lambda run, settings, log, n_wrong, needed: settings * np.nan, repair.BOUNDS),
    ),
    n_cases=6,
    draw=failed_runs,
    verify="finetunes",
)

QUESTIONS = (FINETUNING,)
