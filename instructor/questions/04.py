"""Homework 04, the forward pass and pieces of the way back: GELU, a pre-LN block, RMSNorm, tied weights."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong

C, CUBE = math.sqrt(2 / math.pi), 0.044715

# --- 04.1 the derivative of GELU ----------------------------------------------------------------------------------


def gelu_inputs(rng):
    return {"x": rng.normal(scale=2, size=(int(rng.integers(2, 5)), int(rng.integers(2, 5))))}


def gelu_derivative(x):
    t = np.tanh(C * (x + CUBE * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * C * (1 + 3 * CUBE * x**2)


def inner_forgotten(x):
    t = np.tanh(C * (x + CUBE * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2)


def exact_gelu(x):
    below = np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))))(x)
    return below + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def gelu_edges():
    """Far out, where cosh overflows; near 0; one axis, and three."""
    return [{"x": np.array([0.0, 1e-9, -1.0, 30.0, -1000.0, 1000.0])}, {"x": np.linspace(-3, 3, 6).reshape(2, 1, 3)}]


GELU = Question(
    "04.1",
    "gelu_derivative",
    2,
    gelu_inputs,
    gelu_derivative,
    (
        Wrong(
            lambda x: 0.5 * (1 + np.tanh(C * (x + CUBE * x**3))),
            "x stands in two places, so the derivative of the product has two terms",
        ),
        Wrong(inner_forgotten, "the chain rule goes on inside the tanh"),
        Wrong(exact_gelu, "that belongs to the GELU of the normal distribution, not to the one with tanh"),
    ),
    gelu_edges,
    n_cases=6,
)

# --- 04.2 a pre-LN block ------------------------------------------------------------------------------------------


def block_inputs(rng):
    T, d = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    return {
        "x": rng.normal(scale=2, size=(T, d)),
        "W_qkv": rng.normal(size=(d, 3 * d)),
        "W_o": rng.normal(size=(d, d)),
        "W_1": rng.normal(size=(d, 4 * d)),
        "W_2": rng.normal(size=(4 * d, d)),
    }


def normed(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def attention(x, W_qkv, W_o):
    q, k, v = np.split(x @ W_qkv, 3, axis=-1)
    scores = np.where(np.tri(len(x), dtype=bool), q @ k.T / math.sqrt(x.shape[-1]), -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True) @ v @ W_o


def mlp(x, W_1, W_2):
    inner = x @ W_1
    return 0.5 * inner * (1 + np.tanh(C * (inner + CUBE * inner**3))) @ W_2


def pre_ln_block(x, W_qkv, W_o, W_1, W_2):
    n = x + attention(normed(x), W_qkv, W_o)
    return n + mlp(normed(n), W_1, W_2)


def post_ln_block(x, W_qkv, W_o, W_1, W_2):
    n = normed(x + attention(x, W_qkv, W_o))
    return normed(n + mlp(n, W_1, W_2))


def normed_residual(x, W_qkv, W_o, W_1, W_2):
    n = normed(x) + attention(normed(x), W_qkv, W_o)
    return normed(n) + mlp(normed(n), W_1, W_2)


def one_norm(x, W_qkv, W_o, W_1, W_2):
    n = x + attention(normed(x), W_qkv, W_o)
    return n + mlp(n, W_1, W_2)


def block_edges():
    """A single token; rows that differ by less than eps, one by nothing; scores thousands apart."""
    one, near, far = (block_inputs(np.random.default_rng(n)) for n in range(3))
    near["x"] *= 1e-3
    near["x"][0] = 2.0
    return [one | {"x": one["x"][:1]}, near, far | {"W_qkv": 60 * far["W_qkv"]}]


BLOCK = Question(
    "04.2",
    "pre_ln_block",
    3,
    block_inputs,
    pre_ln_block,
    (
        Wrong(post_ln_block, "that is GPT-1's post-LN block: look at where the norm stands"),
        Wrong(normed_residual, "the residual sum must carry x itself: look at what you add to"),
        Wrong(one_norm, "both sub-layers read a normalised input"),
        Wrong(lambda **a: normed(pre_ln_block(**a)), "one norm too many: nothing follows the last sum inside a block"),
    ),
    block_edges,
    n_cases=7,
)

# --- 04.3 the way back through RMSNorm ----------------------------------------------------------------------------


def rms_inputs(rng):
    T, d = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    grad_out, x = rng.normal(size=(2, T, d))
    return {"grad_out": grad_out, "x": x, "g": rng.uniform(0.5, 2.0, size=d), "eps": float(rng.uniform(0.05, 0.3))}


def rms_norm_backward(grad_out, x, g, eps):
    r = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    grad_n = grad_out * g
    return grad_n / r - x * (grad_n * x).mean(axis=-1, keepdims=True) / r**3, (grad_out * x / r).sum(axis=0)


def constant_r(grad_out, x, g, eps):
    return grad_out * g / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps), rms_norm_backward(grad_out, x, g, eps)[1]


def sum_for_mean(grad_out, x, g, eps):
    (first, grad_g), whole = constant_r(grad_out, x, g, eps), rms_norm_backward(grad_out, x, g, eps)[0]
    return first + x.shape[1] * (whole - first), grad_g


def gain_forgotten(grad_out, x, g, eps):
    first, grad_g = constant_r(grad_out, x, g, eps)
    return first + rms_norm_backward(grad_out, x, 1, eps)[0] - constant_r(grad_out, x, 1, eps)[0], grad_g


def mean_over_rows(grad_out, x, g, eps):
    grad_x, grad_g = rms_norm_backward(grad_out, x, g, eps)
    return grad_x, grad_g / len(x)


def rms_edges():
    """A single number without eps; a row of zeros, and a gain of 0."""
    one, x = np.ones((1, 1)), np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]])
    return [
        {"grad_out": 2 * one, "x": -3 * one, "g": np.array([1.5]), "eps": 0.0},
        {
            "grad_out": np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]]),
            "x": x,
            "g": np.array([0.0, 2.0, -1.0]),
            "eps": 1e-3,
        },
    ]


RMS = Question(
    "04.3",
    "rms_norm_backward",
    3,
    rms_inputs,
    rms_norm_backward,
    (
        Wrong(constant_r, "r depends on x as well: every number of a row moves it"),
        Wrong(sum_for_mean, "r holds a mean over the row: look for the factor 1/d"),
        Wrong(gain_forgotten, "the gain stands between grad_out and r, too"),
        Wrong(mean_over_rows, "one gain serves all rows: do their gradients add up, or are they averaged?"),
    ),
    rms_edges,
    n_cases=6,
)

# --- 04.4 one matrix in two places --------------------------------------------------------------------------------


def tied_inputs(rng):
    T, V, d = int(rng.integers(4, 8)), int(rng.integers(4, 7)), int(rng.integers(2, 5))
    ids = rng.integers(V, size=T)
    ids[-1] = ids[0]  # a token that comes twice
    return {
        "ids": ids,
        "grad_h0": rng.normal(size=(T, d)),
        "h": rng.normal(size=(T, d)),
        "grad_logits": rng.normal(size=(T, V)),
    }


def read_part(ids, grad_h0, vocab_size):
    grad = np.zeros((vocab_size, grad_h0.shape[1]))
    np.add.at(grad, ids, grad_h0)
    return grad


def tied_gradient(ids, grad_h0, h, grad_logits):
    return read_part(ids, grad_h0, grad_logits.shape[1]) + grad_logits.T @ h


def last_wins(ids, grad_h0, h, grad_logits):
    grad = grad_logits.T @ h
    grad[ids] += grad_h0
    return grad


def tied_edges():
    """A single token, and one token alone, three times."""
    cases = []
    for ids in (np.array([1]), np.array([2, 2, 2], dtype=np.int32)):
        grad_h0, h = np.random.default_rng(0).normal(size=(2, len(ids), 2))
        cases.append({"ids": ids, "grad_h0": grad_h0, "h": h, "grad_logits": np.arange(4.0 * len(ids)).reshape(-1, 4)})
    return cases


TIED = Question(
    "04.4",
    "tied_gradient",
    2,
    tied_inputs,
    tied_gradient,
    (
        Wrong(last_wins, "a token that occurs twice: grad[ids] += ... adds only once for each row"),
        Wrong(
            lambda ids, grad_h0, h, grad_logits: grad_logits.T @ h,
            "the matrix is used twice, and one use is missing: the embedding",
        ),
        Wrong(
            lambda ids, grad_h0, h, grad_logits: read_part(ids, grad_h0, grad_logits.shape[1]),
            "the matrix is used twice, and one use is missing: the logits",
        ),
        Wrong(
            lambda **a: tied_gradient(**a) / 2,
            "two uses of one matrix: do the gradients add up, or are they averaged?",
        ),
    ),
    tied_edges,
    n_cases=6,
)

QUESTIONS = (GELU, BLOCK, RMS, TIED)
