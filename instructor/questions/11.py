"""Homework 11, does pre-training help: a gain's interval, the best of k runs, a sign test, and a fairer zero shot."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong

# --- 11.1 the bootstrap of a paired difference --------------------------------------------------------------------


def interval_inputs(rng):
    n, R = int(rng.integers(8, 15)), 60
    hard = rng.normal(size=n)  # an example that is hard for one model is hard for the other
    return {
        "a": hard + 0.3 * rng.normal(size=n),
        "b": hard + 0.3 * rng.normal(size=n) - 0.2,
        "draws": rng.integers(n, size=(R, n)),
        "level": float(rng.choice([0.8, 0.9, 0.95])),
    }


def quantiles(means, tail):
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def paired_interval(a, b, draws, level):
    d = a - b
    return d.mean(), *quantiles(d[draws].mean(axis=1), (1 - level) / 2)


def unpaired(a, b, draws, level):
    means = a[draws].mean(axis=1) - b[draws[::-1]].mean(axis=1)
    return (a - b).mean(), *quantiles(means, (1 - level) / 2)


def whole_tail_each(a, b, draws, level):
    d = a - b
    return d.mean(), *quantiles(d[draws].mean(axis=1), 1 - level)


def of_the_examples(a, b, draws, level):
    d = a - b
    return d.mean(), *quantiles(d, (1 - level) / 2)


def mean_of_the_draws(a, b, draws, level):
    means = (a - b)[draws].mean(axis=1)
    return means.mean(), *quantiles(means, (1 - level) / 2)


def interval_edges():
    """A single resample of a single example; no difference; the median as the interval."""
    a, draws = np.array([1.0, 3.0, 2.0]), np.array([[0, 0, 1], [2, 1, 2]], dtype=np.int32)
    return [
        {"a": a[:1], "b": a[1:2], "draws": np.array([[0]]), "level": 0.9},
        {"a": a, "b": a.copy(), "draws": draws, "level": 0.5},
        {"a": a, "b": a[::-1].copy(), "draws": draws, "level": 0.0},
    ]


INTERVAL = Question(
    "11.1",
    "paired_interval",
    3,
    interval_inputs,
    paired_interval,
    (
        Wrong(unpaired, "are both models judged on the same examples in each resample?"),
        Wrong(whole_tail_each, "how much of the resamples lies outside your interval, both ends together?"),
        Wrong(of_the_examples, "your interval holds single examples; what is one resample's result?"),
        Wrong(mean_of_the_draws, "the interval is right; the gain itself is that of the test set as it is"),
    ),
    interval_edges,
    n_cases=7,
)

# --- 11.2 the best of k runs, honestly ----------------------------------------------------------------------------


def best_inputs(rng):
    n = int(rng.integers(6, 12))
    dev = rng.permutation(n) + rng.uniform(0, 0.5, size=n)  # no two are equal
    return {"dev": 70 + dev, "test": 70 + 0.5 * dev + rng.normal(scale=2, size=n), "k": int(rng.integers(2, n - 1))}


def weights(n, k):
    """How probable it is that the i-th smallest of n is the best of k, drawn without replacement; i = 1 .. n."""
    return np.array([math.comb(i - 1, k - 1) / math.comb(n, k) for i in range(1, n + 1)])


def expected_best(dev, test, k):
    return test[np.argsort(dev)] @ weights(len(dev), k)


def with_replacement(dev, test, k):
    places = np.arange(len(dev) + 1) / len(dev)
    return test[np.argsort(dev)] @ np.diff(places**k)


def best_edges():
    """A single run; one of all; all of them; scores below 0."""
    dev, test = np.array([-3.0, -1.0, -2.0, -5.0]), np.array([0.5, -1.0, 0.5, 2.0])
    sizes = [(1, 1), (4, 1), (4, 4)]
    return [{"dev": dev[:n], "test": test[:n], "k": k} for n, k in sizes]


BEST = Question(
    "11.2",
    "expected_best",
    3,
    best_inputs,
    expected_best,
    (
        Wrong(with_replacement, "can the same run be among your k twice?"),
        Wrong(
            lambda dev, test, k: np.sort(test) @ weights(len(dev), k), "who chooses the run: the dev or the test score?"
        ),
        Wrong(
            lambda dev, test, k: np.sort(dev) @ weights(len(dev), k), "which of the chosen run's scores is reported?"
        ),
        Wrong(
            lambda dev, test, k: test[np.argsort(dev)[-k:]].mean(),
            "these are the k best of all n; which k runs does one have who has only k?",
        ),
    ),
    best_edges,
    n_cases=7,
)

# --- 11.3 the sign test -------------------------------------------------------------------------------------------


def signs_inputs(rng):
    n_win, n_lose, n_tied = int(rng.integers(5, 10)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    a = rng.integers(60, 90, size=n_win + n_lose + n_tied).astype(float)
    step = rng.integers(1, 6, size=len(a)) * np.repeat([1, -1, 0], [n_win, n_lose, n_tied])
    order = rng.permutation(len(a))
    if rng.random() < 0.5:
        step = -step
    return {"a": a[order], "b": (a - step)[order]}


def signs_edges():
    """As many won as lost; nothing but ties; all won; more runs than a 64-bit binomial coefficient allows."""
    ties, many = np.array([70.0, 70.0]), np.arange(80) % 8
    return [
        {"a": np.array([70.0, 80.0, 75.0]), "b": np.array([71.0, 79.0, 75.0])},
        {"a": ties, "b": ties.copy()},
        {"a": ties + 1, "b": ties},
        {"a": many, "b": np.full(80, 3)},
    ]


def tail(m, n):
    """P(X <= m) of n tosses of a fair coin."""
    return sum(math.comb(n, i) for i in range(m + 1)) / 2**n


def won_and_lost(a, b):
    return int((a > b).sum()), int((a < b).sum())


def sign_test(a, b):
    won, lost = won_and_lost(a, b)
    return won, lost, min(1.0, 2 * tail(min(won, lost), won + lost))


def ties_kept(a, b):
    won, lost = won_and_lost(a, b)
    return won, lost, min(1.0, 2 * tail(min(won, lost), len(a)))


def one_sided(a, b):
    won, lost = won_and_lost(a, b)
    return won, lost, tail(min(won, lost), won + lost)


def this_count_only(a, b):
    won, lost = won_and_lost(a, b)
    return won, lost, 2 * math.comb(won + lost, won) / 2 ** (won + lost)


SIGNS = Question(
    "11.3",
    "sign_test",
    2,
    signs_inputs,
    sign_test,
    (
        Wrong(ties_kept, "the counts are right; how often was the coin tossed, if a tie is no toss?"),
        Wrong(one_sided, "the counts are right; would you have been as surprised if the other arm had won?"),
        Wrong(this_count_only, "the counts are right; p is the chance of a result at least as uneven as this one"),
    ),
    signs_edges,
    n_cases=9,
)

# --- 11.4 zero shot, less what an option is worth anywhere ------------------------------------------------------------


def zero_inputs(rng):
    lengths = np.append(rng.permutation([1, 2, 4]), rng.integers(1, 5, size=rng.integers(0, 3)))
    alone = -rng.uniform(1, 6, size=lengths.sum())
    return {"given": alone + rng.uniform(-1, 2, size=lengths.sum()), "alone": alone, "lengths": lengths}


def sums(values, lengths):
    return np.add.reduceat(values, np.cumsum(lengths) - lengths)


def chosen(scores):
    return int(np.argmax(scores)), scores


def zero_edges():
    """A single option, and equal ones, in numbers that no computer rounds."""
    given = np.array([-2.0, -0.5, -0.5, -1.0, -3.0])
    alone = np.array([-1.0, -1.5, -1.5, -2.0, -4.0])
    lengths = np.array([1, 2, 1, 1], dtype=np.int32)
    one = {"given": given[:2], "alone": alone[:2], "lengths": np.array([2])}
    return [one, {"given": given, "alone": alone, "lengths": lengths}]


ZERO = Question(
    "11.4",
    "calibrated_choice",
    2,
    zero_inputs,
    lambda given, alone, lengths: chosen(sums(given - alone, lengths) / lengths),
    (
        Wrong(
            lambda given, alone, lengths: chosen(sums(given - alone, lengths)),
            "write one option's tokens twice: does your score change?",
        ),
        Wrong(
            lambda given, alone, lengths: chosen(sums(given, lengths) / lengths),
            "an option that is likely after any text: what does your score do about it?",
        ),
        Wrong(
            lambda given, alone, lengths: chosen(sums(given, lengths) / sums(alone, lengths)),
            "these are logarithms: what does a quotient of probabilities become?",
        ),
        Wrong(
            lambda given, alone, lengths: chosen(sums(alone - given, lengths) / lengths),
            "the question makes an option likelier: does your score rise?",
        ),
    ),
    zero_edges,
    n_cases=7,
)

QUESTIONS = (INTERVAL, BEST, SIGNS, ZERO)
