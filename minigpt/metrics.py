"""How good an answer is, with a 95% interval: of 100 such intervals, about 95 hold the true score.

Accuracy: Wilson's interval. Pearson and Spearman: Fisher's z. Macro-F1: a bootstrap over the examples.
Two answerers of the same examples are compared example by example, which is sharper than two intervals side by side.
"""

import dataclasses
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Score:
    """How good: a metric's value, the ends of its 95% interval, and other metrics of the same answers by name."""

    metric: str
    score: float
    low: float
    high: float
    also: dict = field(default_factory=dict)

    def to_json(self):
        """What `metrics.json` holds: {"metric", "score", "low", "high", "also": {name: {"score", "low", "high"}}}."""
        also = {name: {"score": s.score, "low": s.low, "high": s.high} for name, s in self.also.items()}
        return {"metric": self.metric, "score": self.score, "low": self.low, "high": self.high, "also": also}


def accuracy(predicted, labels):
    """Share of right answers, with Wilson's interval (Wilson 1927): it is sound at 0 and 1 too.

    >>> accuracy([1, 1, 0, 1], [1, 1, 1, 1])
    Score(metric='accuracy', score=0.75, low=0.30..., high=0.95..., also={})
    """
    right = int(np.sum(np.asarray(predicted) == np.asarray(labels)))
    return Score("accuracy", right / len(labels), *wilson(right, len(labels)))


def wilson(right, n):
    """The ends of the interval of a share: `right` of n, both whole."""
    interval = stats.binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Lead:
    """How much more often one answerer is right than another on the same examples, with the ends of its interval.

    `p` is McNemar's exact one (1947): how often a lead, or a lag, as large comes about if both are right equally often.
    Of examples in groups, the same is asked of the groups that either of them wins: a sign test.
    """

    lead: float
    low: float
    high: float
    p: float


def paired(right, other, groups=1):
    """Compare two answerers example by example: only those examples count that one of them has right.

        lead = mean of g,   its variance = variance of g / n,   g = 1 (won), -1 (lost), 0 (both right, or both wrong)

    Args:
        right, other: whether each example was answered right, in the same order.
        groups: how many neighbours stand or fall together, such as a statement and its negation: then g is a mean over
            them, and n counts groups. As if they were independent, the interval would be too narrow.

    >>> paired([True, True, True, False], [True, False, False, False])
    Lead(lead=0.5, low=0.01..., high=0.98..., p=0.5)
    >>> paired([True, True, False, False], [False, False, False, False], groups=2)
    Lead(lead=0.5, low=-0.19..., high=1.19..., p=1.0)
    """
    right, other = np.asarray(right, dtype=bool), np.asarray(other, dtype=bool)
    gains = (right.astype(int) - other).reshape(-1, groups).mean(axis=1)  # (n,)
    won, lost = int((gains > 0).sum()), int((gains < 0).sum())
    half = stats.norm.ppf((1 + CONFIDENCE) / 2) * gains.std() / np.sqrt(len(gains))
    p = stats.binomtest(won, won + lost).pvalue if won + lost else 1.0
    lead = float(gains.mean())
    return Lead(lead, float(lead - half), float(lead + half), float(p))


def macro_f1(predicted, labels, seed=0, n_resamples=500):
    """The mean over the classes of F1 = 2 precision recall / (precision + recall), with a bootstrap interval.

    To draw n examples again from n is to draw the counts of the confusion matrix from a multinomial distribution.
    """
    place = {name: i for i, name in enumerate(sorted({*labels, *predicted}, key=str))}
    counts = np.zeros((len(place), len(place)), dtype=int)  # (k, k): label, answer
    np.add.at(counts, ([place[label] for label in labels], [place[answer] for answer in predicted]), 1)
    draws = np.random.default_rng(seed).multinomial(len(labels), counts.ravel() / len(labels), size=n_resamples)
    low, high = np.quantile(mean_f1(draws.reshape(-1, *counts.shape)), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Score("macro_f1", float(mean_f1(counts)), float(low), float(high))


def mean_f1(counts):
    """Macro-F1 of confusion matrices (..., k, k): 2 true positives / (labelled + answered), over classes that occur."""
    occur = counts.sum(axis=-1) + counts.sum(axis=-2)  # (..., k)
    f1 = 2 * np.diagonal(counts, axis1=-2, axis2=-1) / np.maximum(occur, 1)
    return f1.sum(axis=-1) / (occur > 0).sum(axis=-1)


def pearson(predicted, scores):
    """Pearson's r, with Fisher's interval: tanh(atanh r ± 1.96 / sqrt(n - 3)).

    A constant has no correlation, and fewer than 4 examples have no interval: such a score is 0, from -1 to 1.
    """
    if len(scores) < 4 or np.ptp(predicted) == 0 or np.ptp(scores) == 0:
        return Score("pearson", 0.0, -1.0, 1.0)
    r = stats.pearsonr(predicted, scores)
    interval = r.confidence_interval(CONFIDENCE)
    return Score("pearson", float(r.statistic), float(interval.low), float(interval.high))


def spearman(predicted, scores):
    """Spearman's rho: Pearson's r of the ranks."""
    ranked = pearson(stats.rankdata(predicted), stats.rankdata(scores))
    return dataclasses.replace(ranked, metric="spearman")
