"""Homework 06, generation: min-p, a penalty for repetition, a cache that forgets, and beam search."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# --- 06.1 min-p ---------------------------------------------------------------------------------------------------


def min_p_inputs(rng):
    logits = rng.normal(scale=1.5, size=rng.integers([2, 5], [4, 8]))
    temperature = float(rng.choice([0.6, 1.8]))
    below = softmax(logits / temperature).max(axis=-1).min()  # so that each row keeps a token, whatever the mistake
    return {"logits": logits, "min_p": float(below * rng.uniform(0.4, 0.8)), "temperature": temperature}


def cut(p, keep):
    kept = np.where(keep, p, 0.0)
    return kept / kept.sum(axis=-1, keepdims=True)


def likely(p, min_p):
    return p >= min_p * p.max(axis=-1, keepdims=True)


def min_p_probabilities(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return cut(p, likely(p, min_p))


def not_normalised(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return np.where(likely(p, min_p), p, 0.0)


def absolute(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return cut(p, p >= min_p)


def temperature_last(logits, min_p, temperature):
    return cut(softmax(logits / temperature), likely(softmax(logits), min_p))


def min_p_edges():
    """Only the likeliest is kept, and then it is kept; a bound for each row, two that are equal; all are kept."""
    return [
        {"logits": np.array([[1000.0, 0, -1000], [-3000.0, -1000, -3000]]), "min_p": 1.0, "temperature": 1.0},
        {
            "logits": np.array([[0.7, 0.0, 0.0], [5.0, 5.0, -1000.0], [50.0, 0.0, 0.0]]),
            "min_p": 0.4,
            "temperature": 1.0,
        },
        {"logits": np.array([[1.0, 0.0, -1.0, 2.0]]), "min_p": 0.0, "temperature": 2.0},
    ]


MIN_P = Question(
    "06.1",
    "min_p_probabilities",
    2,
    min_p_inputs,
    min_p_probabilities,
    (
        Wrong(not_normalised, "look at the sum of a row"),
        Wrong(absolute, "the threshold is a share of something: of what?"),
        Wrong(temperature_last, "which comes first, the temperature or the cut?"),
        Wrong(lambda **a: min_p_probabilities(**a | {"temperature": 1.0}), "the temperature has no effect"),
    ),
    min_p_edges,
    n_cases=7,
)

# --- 06.2 a penalty for repetition --------------------------------------------------------------------------------


def penalty_inputs(rng):
    V = int(rng.integers(6, 10))
    logits = np.abs(rng.normal(size=V)) + 0.1
    low, high, other = rng.permutation(V)[:3]
    logits[[low, other]] *= -1
    return {
        "logits": logits,
        "ids": np.array([high, low, high]),  # one twice; others do not occur
        "penalty": float(rng.uniform(1.2, 2.0)),
    }


def where_read(logits, ids, changed):
    return np.where(np.isin(np.arange(len(logits)), ids), changed, logits)


def less(logits, penalty):
    return np.where(logits > 0, logits / penalty, logits * penalty)


def repetition_penalty(logits, ids, penalty):
    return where_read(logits, ids, less(logits, penalty))


def divided(logits, ids, penalty):
    return where_read(logits, ids, logits / penalty)


def at_each_occurrence(logits, ids, penalty):
    return less(logits, penalty ** np.bincount(ids, minlength=len(logits)))


def probability_divided(logits, ids, penalty):
    return where_read(logits, ids, logits - math.log(penalty))


def penalty_edges():
    """No text so far, a logit of 0, and a text with every token."""
    logits = np.array([0.0, -1.5, 2.0])
    texts = [np.array([], dtype=np.int64), np.array([0, 2, 0]), np.array([2, 1, 0, 1], dtype=np.int32)]
    return [{"logits": logits.copy(), "ids": ids, "penalty": 1.5} for ids in texts]


PENALTY = Question(
    "06.2",
    "repetition_penalty",
    2,
    penalty_inputs,
    repetition_penalty,
    (
        Wrong(divided, "divide -2 by the penalty: is the token less likely now?"),
        Wrong(at_each_occurrence, "a token that occurs twice is punished twice"),
        Wrong(probability_divided, "the penalty is a factor of the logit, not of the probability"),
        Wrong(lambda logits, ids, penalty: less(logits, penalty), "tokens that do not occur are punished too"),
    ),
    penalty_edges,
    n_cases=7,
)

# --- 06.3 a cache with sinks and a window -------------------------------------------------------------------------


def cache_inputs(rng):
    sinks, window = int(rng.integers(1, 3)), int(rng.integers(2, 4))
    T, d = sinks + window + int(rng.integers(2, 5)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "sinks": sinks, "window": window}


def sink_cache_attention(q, k, v, sinks, window):
    out, sizes = [], []
    for t in range(len(q)):
        held = [j for j in range(t + 1) if j < sinks or j > t - window]
        out.append(softmax(q[t] @ k[held].T / math.sqrt(q.shape[-1])) @ v[held])
        sizes.append(len(held))
    return np.array(out), sizes


def cache_edges():
    """No sinks, a window of the new token alone, a cache that is never full, scores thousands apart."""
    sizes = [(4, 0, 1), (5, 1, 1), (4, 2, 5), (1, 3, 2), (6, 1, 2)]  # T, sinks, window
    drawn = [np.random.default_rng(0).normal(size=(3, T, 2)) * [[[100]], [[100]], [[1]]] for T, _, _ in sizes]
    return [
        {"q": q, "k": k, "v": v, "sinks": sinks, "window": window}
        for (q, k, v), (_, sinks, window) in zip(drawn, sizes, strict=True)
    ]


CACHE = Question(
    "06.3",
    "sink_cache_attention",
    3,
    cache_inputs,
    sink_cache_attention,
    (
        Wrong(lambda **a: sink_cache_attention(**a | {"sinks": 0}), "the first tokens are forgotten"),
        Wrong(lambda **a: sink_cache_attention(**a | {"window": len(a["q"])}), "nothing is ever forgotten"),
        Wrong(
            lambda **a: sink_cache_attention(**a | {"window": a["window"] + 1}),
            "one token too many: the window counts the new token",
        ),
        Wrong(
            lambda **a: sink_cache_attention(**a | {"window": max(1, a["window"] - a["sinks"])}),
            "the sinks are kept beside the window, not inside it",
        ),
    ),
    cache_edges,
    n_cases=9,
)

QUESTIONS = (MIN_P, PENALTY, CACHE)
