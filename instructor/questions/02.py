"""Homework 02, attention in NumPy: variants of the mask and of the positions, and one way back."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def masked(q, k, v, seen):
    """Attention where query i sees key j if seen(i, j)."""
    scores = np.where(seen(*np.indices((len(q), len(q)))), q @ k.T / np.sqrt(q.shape[-1]), -np.inf)
    return softmax(scores) @ v


def fixed(*shape, scale=1):
    """The same q, k, v each time. At a scale of 100 scores lie thousands apart: exp overflows, or a whole row is 0."""
    q, k, v = np.random.default_rng(0).normal(size=(3, *shape))
    q[..., 0, :] = -9 * k[..., 0, :]  # all that the first token sees has a score far below 0: -1e4 is no mask
    return {"q": scale * q, "k": scale * k, "v": v}


# --- 02.1 a sliding window ----------------------------------------------------------------------------------------


def window_inputs(rng):
    T, d = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "w": int(rng.integers(2, T))}


def window_attention(q, k, v, w):
    return masked(q, k, v, lambda i, j: (j <= i) & (j > i - w))


def window_edges():
    return [
        fixed(4, 3) | {"w": 1},
        fixed(4, 2) | {"w": 4},
        fixed(3, 2) | {"w": 7},  # longer than the text: the causal mask is left
        fixed(1, 2) | {"w": 1},
        fixed(6, 3, scale=100) | {"w": 3},
    ]


WINDOW = Question(
    "02.1",
    "window_attention",
    3,
    window_inputs,
    window_attention,
    (
        Wrong(
            lambda q, k, v, w: masked(q, k, v, lambda i, j: (j <= i) & (j >= i - w)),
            "one position too many: w counts the token itself",
        ),
        Wrong(lambda q, k, v, w: masked(q, k, v, lambda i, j: abs(i - j) < w), "the window looks into the future"),
        Wrong(
            lambda q, k, v, w: masked(q, k, v, lambda i, j: abs(i - j) >= 0),
            "there is no mask: every token sees every other",
        ),
        Wrong(
            lambda q, k, v, w: window_attention(q * np.sqrt(q.shape[-1]), k, v, w),
            "the scores are not divided by sqrt(d_k)",
        ),
    ),
    window_edges,
    n_cases=9,
)

# --- 02.2 a prefix that is read in both directions ----------------------------------------------------------------


def prefix_inputs(rng):
    T, d = int(rng.integers(5, 9)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "p": int(rng.integers(2, T - 1))}


def prefix_attention(q, k, v, p):
    return masked(q, k, v, lambda i, j: (j <= i) | (j < p))


def prefix_edges():
    sizes = [fixed(4, 2) | {"p": 1}, fixed(4, 2) | {"p": 4}, fixed(1, 3) | {"p": 1}]
    return [*sizes, fixed(6, 3, scale=100) | {"p": 3}]


PREFIX = Question(
    "02.2",
    "prefix_attention",
    2,
    prefix_inputs,
    prefix_attention,
    (
        Wrong(
            lambda q, k, v, p: masked(q, k, v, lambda i, j: j <= i),
            "the prefix is read like the rest: p has no effect",
        ),
        Wrong(
            lambda q, k, v, p: prefix_attention(q, k, v, p + 1),
            "the prefix is one token too long: positions count from 0",
        ),
        Wrong(
            lambda q, k, v, p: masked(q, k, v, lambda i, j: np.where(i < p, j < p, (p <= j) & (j <= i))),
            "the tokens after the prefix must see the prefix",
        ),
        Wrong(lambda q, k, v, p: prefix_attention(q, k, v, len(q)), "a token after the prefix sees a later token"),
    ),
    prefix_edges,
    n_cases=8,
)

# --- 02.3 ALiBi: distance instead of positions --------------------------------------------------------------------


def alibi_inputs(rng):
    H, T, d = int(rng.choice([2, 4])), int(rng.integers(3, 7)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, H, T, d))
    return {"q": q, "k": k, "v": v}


def with_bias(q, k, v, first=1, sign=-1, bias_scale=1.0, per_head=8.0):
    H, T, d = q.shape
    slopes = 2.0 ** (-np.arange(first, first + H) * per_head / H)[:, None, None]
    i, j = np.indices((T, T))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(d) + sign * slopes * (i - j) * bias_scale
    return softmax(np.where(j <= i, scores, -np.inf)) @ v


def alibi_attention(q, k, v):
    return with_bias(q, k, v)


def alibi_edges():
    return [fixed(1, 3, 2), fixed(3, 5, 2), fixed(3, 6, 2, scale=100)]  # 8 / 3 is no whole number


ALIBI = Question(
    "02.3",
    "alibi_attention",
    2,
    alibi_inputs,
    alibi_attention,
    (
        Wrong(lambda q, k, v: with_bias(q, k, v, first=0), "look at the slope of the first head: heads count from 1"),
        Wrong(lambda q, k, v: with_bias(q, k, v, sign=1), "a far token gains by its distance: look at the sign"),
        Wrong(
            lambda q, k, v: with_bias(q, k, v, bias_scale=q.shape[-1] ** -0.5),
            "the distance is divided by sqrt(d_k) as well: look at the order",
        ),
        Wrong(lambda q, k, v: with_bias(q, k, v, sign=0), "the distance has no effect"),
        Wrong(
            lambda q, k, v: with_bias(q, k, v, per_head=8 // len(q) * len(q)),
            "try three heads: 8 h / H need not be a whole number",
        ),
    ),
    alibi_edges,
    n_cases=7,
)

# --- 02.4 the way back through capped scores ----------------------------------------------------------------------


def softcap_inputs(rng):
    T, d = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    q, k, v, grad_out = rng.normal(scale=1.5, size=(4, T, d))
    return {"grad_out": grad_out, "q": q, "k": k, "v": v, "cap": float(rng.uniform(1.2, 3.0))}


def way_back(grad_out, q, k, v, cap, through_cap, rowsum=True, scale=True):
    T, d = q.shape
    t = np.tanh(q @ k.T / np.sqrt(d) / cap)
    A = softmax(np.where(np.tri(T, dtype=bool), cap * t, -np.inf))
    grad_A = grad_out @ v.T
    grad_S = A * (grad_A - (grad_A * A).sum(axis=-1, keepdims=True) * rowsum)
    grad_S = grad_S * through_cap(t, cap) / (np.sqrt(d) if scale else 1)
    return grad_S @ k, grad_S.T @ q, A.T @ grad_out


def tanh_slope(t, cap):
    return 1 - t**2


def softcap_attention_backward(grad_out, q, k, v, cap):
    return way_back(grad_out, q, k, v, cap, tanh_slope)


def softcap_edges():
    """A single token, and a cap beyond what exp can hold."""
    return [
        {"grad_out": x["v"][::-1].copy(), **x, "cap": cap}
        for x, cap in [(fixed(1, 2), 2), (fixed(5, 3, scale=50), 1e3)]
    ]


SOFTCAP = Question(
    "02.4",
    "softcap_attention_backward",
    3,
    softcap_inputs,
    softcap_attention_backward,
    (
        Wrong(
            lambda grad_out, q, k, v, cap: way_back(grad_out, q, k, v, cap, lambda t, c: 1),
            "the gradient passes the cap unchanged: the tanh has a derivative",
        ),
        Wrong(
            lambda grad_out, q, k, v, cap: way_back(grad_out, q, k, v, cap, lambda t, c: 1 - (c * t) ** 2),
            "the tanh's derivative is taken from the capped scores: look at what the tanh itself returns",
        ),
        Wrong(
            lambda grad_out, q, k, v, cap: way_back(grad_out, q, k, v, cap, tanh_slope, rowsum=False),
            "the weights of a row sum to 1: the way back through softmax has a second term",
        ),
        Wrong(
            lambda grad_out, q, k, v, cap: way_back(grad_out, q, k, v, cap, tanh_slope, scale=False),
            "look for sqrt(d_k) on the way back",
        ),
    ),
    softcap_edges,
    n_cases=6,
)

QUESTIONS = (WINDOW, PREFIX, ALIBI, SOFTCAP)
