"""Question 08.4: McNemar's test."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong


def mcnemar_inputs(rng):
    n = int(rng.integers(40, 80))
    skill, luck = rng.random(n), rng.random((2, n))  # the two models find the same pairs hard
    return {
        "right_a": (0.6 * skill + 0.4 * luck[0] > 0.55).astype(int),
        "right_b": (0.6 * skill + 0.4 * luck[1] > 0.35).astype(int),
    }


def mcnemar_edges():
    """b = c = 0; b = c = 2; only A is ever alone, and only B; and a single pair."""
    a, mixed, none = np.array([1, 0, 1, 1, 0]), np.array([0, 1, 0, 1, 1]), np.zeros(5, dtype=int)
    pairs = [(a, a.copy()), (a, mixed), (a, none), (none, a), (none[:1], a[:1])]
    return [{"right_a": x, "right_b": y} for x, y in pairs]


def disagreements(right_a, right_b):
    return int((right_a & (1 - right_b)).sum()), int(((1 - right_a) & right_b).sum())


def chi2_of(b, c, correction=1):
    return max(abs(b - c) - correction, 0) ** 2 / (b + c) if b + c else 0.0


def p_of(chi2):
    return math.erfc(math.sqrt(chi2 / 2))


def mcnemar(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = chi2_of(b, c)
    return b, c, chi2, p_of(chi2)


def uncorrected(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = chi2_of(b, c, correction=0)
    return b, c, chi2, p_of(chi2)


def exchanged(right_a, right_b):
    return mcnemar(right_b, right_a)


def one_sided(right_a, right_b):
    b, c, chi2, p = mcnemar(right_a, right_b)
    return b, c, chi2, p / 2


def over_all_pairs(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = max(abs(b - c) - 1, 0) ** 2 / len(right_a)
    return b, c, chi2, p_of(chi2)


MCNEMAR = Question(
    "08.4",
    "mcnemar",
    3,
    mcnemar_inputs,
    mcnemar,
    (
        Wrong(uncorrected, "b and c are right; read the numerator again"),
        Wrong(exchanged, "which model is right in the pairs that b counts?"),
        Wrong(one_sided, "the statistic is right; p is that of a difference in either direction"),
        Wrong(over_all_pairs, "b and c are right; do pairs that both models get right say which is better?"),
    ),
    mcnemar_edges,
    n_cases=9,
)

QUESTIONS = (MCNEMAR,)
