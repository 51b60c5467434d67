"""The mathematical statements as checks: the right version passes each, and each listed wrong version fails.

Every check compares with NumPy written here or with central differences, never with the function under test.
"""

import math

import numpy as np


def draw(rng, *shape):
    return rng.standard_normal(shape)


def attention_by_loops(q, k, v):
    """The equation for one head, with loops: slow, and plain to see."""
    T, d_k = q.shape
    weights = np.zeros((T, T))
    for i in range(T):
        scores = [q[i] @ k[j] / math.sqrt(d_k) for j in range(i + 1)]
        e = [math.exp(s - max(scores)) for s in scores]
        weights[i, : i + 1] = [x / sum(e) for x in e]
    return weights @ v, weights


def assert_attention_correct(attention, seed=0):
    """`attention(q, k, v) -> (out, weights)` on arrays (B, H, T, d_k) follows the equation to 1e-10."""
    rng = np.random.default_rng(seed)
    B, H, T, d_k = rng.integers([1, 1, 3, 2], [4, 4, 6, 5])
    q, k, v = (draw(rng, B, H, T, d_k) for _ in range(3))
    out, weights = attention(q, k, v)
    for b in range(B):
        for h in range(H):
            expected_out, expected_weights = attention_by_loops(q[b, h], k[b, h], v[b, h])
            np.testing.assert_allclose(weights[b, h], expected_weights, atol=1e-10)
            np.testing.assert_allclose(out[b, h], expected_out, atol=1e-10)


def assert_backward_correct(backward, attention, seed=0):
    """`backward(d_out, q, k, v)` is the gradient of sum(d_out * attention): central differences agree to 1e-7."""
    rng = np.random.default_rng(seed)
    q, k, v, d_out = (draw(rng, 2, 4, 3) for _ in range(4))
    for given, found in zip((q, k, v), backward(d_out, q, k, v), strict=True):
        for at in np.ndindex(given.shape):
            kept, step = given[at], 1e-5
            given[at] = kept + step
            above = (d_out * attention(q, k, v)[0]).sum()
            given[at] = kept - step
            below = (d_out * attention(q, k, v)[0]).sum()
            given[at] = kept
            assert abs(found[at] - (above - below) / (2 * step)) < 1e-7


def assert_causal(hidden, vocab_size, T, seed=0):
    """`hidden(ids) -> (B, T, d)`: another future leaves every past state bit-equal, and all states are finite."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(vocab_size, size=(2, T))
    states = hidden(ids)
    assert np.isfinite(states).all()
    for t in range(1, T):
        changed = ids.copy()
        changed[:, t:] = rng.integers(vocab_size, size=(2, T - t))
        assert (hidden(changed)[:, :t] == states[:, :t]).all(), f"a change at position {t} reached the past"


def assert_eq2_correct(logits, params, ids, config):
    """`logits (B, T, |V|)` are eq. (2) of `params`: recomputed position by position in plain NumPy to 1e-10."""
    for b, row in enumerate(ids):
        h = np.stack([params["W_e"][token] + params["W_p"][t] for t, token in enumerate(row)])
        for layer in range(config.n_layer):
            p = {name.split(".")[1]: value for name, value in params.items() if name.startswith(f"{layer}.")}
            h = block_by_hand(h, p, config.n_head)
        np.testing.assert_allclose(logits[b], h @ params["W_L"], atol=1e-10)


def block_by_hand(h, p, n_head):
    """GPT-1's block for one text (T, d): heads one by one, layer norm after each sum."""
    d_k = h.shape[1] // n_head
    qkv = h @ p["W_qkv"] + p["b_qkv"]
    heads = []
    for i in range(n_head):
        q, k, v = (qkv[:, part * h.shape[1] :][:, i * d_k : (i + 1) * d_k] for part in range(3))
        heads.append(attention_by_loops(q, k, v)[0])
    n = norm(h + np.hstack(heads) @ p["W_o"] + p["b_o"], p["g_1"], p["c_1"])
    inner = n @ p["W_1"] + p["b_1"]
    inner = np.vectorize(lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))(inner)
    return norm(n + inner @ p["W_2"] + p["b_2"], p["g_2"], p["c_2"])


def norm(x, gain, bias):
    return np.stack([gain * (row - row.mean()) / math.sqrt(row.var() + 1e-5) + bias for row in x])
