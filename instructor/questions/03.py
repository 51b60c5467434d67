"""Homework 03, more of attention: a key that stands for "nothing", positions as rotations, heads that share keys."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def causal_scores(q, k):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return np.where(np.tri(q.shape[-2], dtype=bool), scores, -np.inf)


def fixed(*shape, scale=1):
    """The same q, k, v each time. At a scale of 100 scores lie thousands apart: exp overflows, or a whole row is 0."""
    q, k, v = np.random.default_rng(0).normal(size=(3, *shape))
    q[..., 0, :] = -9 * k[..., 0, :]  # all that the first token sees has a score far below 0: -1e4 is no mask
    return {"q": scale * q, "k": scale * k, "v": v}


# --- 03.1 a null key ----------------------------------------------------------------------------------------------


def null_inputs(rng):
    T, d = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "null_key": rng.normal(size=d)}


def with_null(q, k, v, null_scores):
    A = softmax(np.concatenate([null_scores[:, None], causal_scores(q, k)], axis=1))  # (T, 1 + T), null first
    return A[:, 1:] @ v, A[:, 0]


def null_key_attention(q, k, v, null_key):
    return with_null(q, k, v, q @ null_key / np.sqrt(q.shape[-1]))


def renormalised(q, k, v, null_key):
    out, null = null_key_attention(q, k, v, null_key)
    return out / (1 - null)[:, None], null


def score_is_zero(q, k, v, null_key):
    return with_null(q, k, v, np.zeros(len(q)))


def unmasked(q, k, v, null_key):
    A = softmax(q @ np.vstack([null_key, k]).T / np.sqrt(q.shape[-1]))
    return A[:, 1:] @ v, A[:, 0]


def null_edges():
    """A single token, and scores thousands apart; the null key never takes all, so that each mistake stays a number."""
    one, far = fixed(1, 2), fixed(6, 3, scale=100)
    return [one | {"null_key": np.array([0.5, -2.0])}, far | {"null_key": far["k"][0].copy()}]


NULL = Question(
    "03.1",
    "null_key_attention",
    3,
    null_inputs,
    null_key_attention,
    (
        Wrong(renormalised, "the weights of the real keys are made to sum to 1 again; what is the null key for then?"),
        Wrong(score_is_zero, "null_key is not used: its score depends on the query"),
        Wrong(
            lambda q, k, v, null_key: with_null(q, k, v, q @ null_key),
            "the null key's score is not on the scale of the others",
        ),
        Wrong(unmasked, "tokens see the future: the null key is always seen, the others are not"),
    ),
    null_edges,
    n_cases=6,
)

# --- 03.2 rotary positions ----------------------------------------------------------------------------------------


def rotary_inputs(rng):
    T, d = int(rng.integers(3, 7)), int(rng.choice([4, 6, 8]))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "base": float(rng.choice([10.0, 100.0, 1000.0]))}


def rotate(x, base, halves=False, exponent=2, direction=1):
    """Each pair of numbers of row t turned by t * base^(-exponent * i / d)."""
    T, d = x.shape
    pairs = x.reshape(T, 2, d // 2).swapaxes(1, 2) if halves else x.reshape(T, d // 2, 2)
    angles = direction * np.arange(T)[:, None] * base ** (-exponent * np.arange(d // 2) / d)
    a, b = pairs[..., 0], pairs[..., 1]
    turned = np.stack([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)], axis=-1)
    return (turned.swapaxes(1, 2) if halves else turned).reshape(T, d)


def rotated(q, k, v, base, **how):
    return softmax(causal_scores(rotate(q, base, **how), rotate(k, base, **how))) @ v


def rotary_attention(q, k, v, base):
    return rotated(q, k, v, base)


def rotary_edges():
    sizes = [fixed(1, 4) | {"base": 10.0}, fixed(5, 2) | {"base": 10000}, fixed(12, 6) | {"base": 10000.0}]
    return [*sizes, fixed(5, 4, scale=100) | {"base": 100.0}]


ROTARY = Question(
    "03.2",
    "rotary_attention",
    3,
    rotary_inputs,
    rotary_attention,
    (
        Wrong(
            lambda q, k, v, base: rotated(q, k, v, base, halves=True),
            "which two numbers make a pair? Here they are neighbours",
        ),
        Wrong(lambda q, k, v, base: rotated(q, k, v, base, exponent=1), "look at the exponent: i counts pairs"),
        Wrong(
            lambda q, k, v, base: rotated(q, k, v, base, direction=-1),
            "look at the signs of the two sines: the pairs turn the other way",
        ),
        Wrong(
            lambda q, k, v, base: rotated(q, k, rotate(v, base), base),
            "look at v: only what makes the scores is turned",
        ),
    ),
    rotary_edges,
    n_cases=8,
)

# --- 03.3 grouped queries -----------------------------------------------------------------------------------------


def grouped_inputs(rng):
    G, each = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    T, d = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    return {
        "q": rng.normal(size=(G * each, T, d)),
        "k": rng.normal(size=(G, T, d)),
        "v": rng.normal(size=(G, T, d)),
    }


def side_by_side(heads):
    H, T, d = heads.shape
    return heads.swapaxes(0, 1).reshape(T, H * d)


def heads_of(q, k, v):
    """The outputs (H, T, d) of the heads, before they are laid side by side."""
    k, v = (np.repeat(x, len(q) // len(x), axis=0) for x in (k, v))
    return softmax(causal_scores(q, k)) @ v


def grouped_query_attention(q, k, v):
    return side_by_side(heads_of(q, k, v))


def in_turn(q, k, v):
    k, v = (np.tile(x, (len(q) // len(x), 1, 1)) for x in (k, v))
    return grouped_query_attention(q, k, v)


def only_reshaped(q, k, v):
    return heads_of(q, k, v).reshape(q.shape[1], -1)


def without_mask(q, k, v):
    k, v = (np.repeat(x, len(q) // len(x), axis=0) for x in (k, v))
    return side_by_side(softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])) @ v)


def grouped_edges():
    """One key head for all, one for each, a single token, and scores thousands apart."""
    sizes = [(fixed(4, 3, 2), 1), (fixed(3, 4, 2), 3), (fixed(2, 1, 3), 1), (fixed(4, 5, 3, scale=100), 2)]
    return [{"q": x["q"], "k": x["k"][:G], "v": x["v"][:G]} for x, G in sizes]


GROUPED = Question(
    "03.3",
    "grouped_query_attention",
    4,
    grouped_inputs,
    grouped_query_attention,
    (
        Wrong(in_turn, "which query heads share a key head? Neighbours do"),
        Wrong(only_reshaped, "the numbers are right, in the wrong places: reshape does not exchange axes"),
        Wrong(without_mask, "tokens see the future"),
        Wrong(
            lambda q, k, v: grouped_query_attention(q * np.sqrt(q.shape[-1]), k, v),
            "the scores are not divided by sqrt(d_k)",
        ),
    ),
    grouped_edges,
    n_cases=8,
)

QUESTIONS = (NULL, ROTARY, GROUPED)
