"""Question 02.5: a check of programs that compute attention."""

import numpy as np

from minigpt.grading.kinds import check_question, programs, variants

GIVEN = """
def right_1(q, k, v):
    T, d_k = q.shape
    scores = np.where(np.tri(T, dtype=bool), q @ k.T / np.sqrt(d_k), -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def right_2(q, k, v):
    out = []
    for i in range(len(q)):
        scores = [float(q[i] @ k[j]) / q.shape[1] ** 0.5 for j in range(i + 1)]
        weights = [np.exp(s - max(scores)) for s in scores]
        out.append(sum(w * v[j] for j, w in enumerate(weights)) / sum(weights))
    return np.array(out)


def right_3(q, k, v):
    scores = np.einsum("id,jd->ij", np.float32(q), np.float32(k)) / np.float32(np.sqrt(q.shape[1]))
    scores[np.triu_indices(len(q), 1)] = -np.inf
    scores = scores - np.max(scores, axis=1)[:, None]
    return (np.exp(scores) @ np.float32(v)) / np.exp(scores).sum(axis=1)[:, None]


def wrong_1(q, k, v):
    T, d_k = q.shape
    scores = np.where(np.tri(T, dtype=bool), q @ k.T, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def wrong_2(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def wrong_3(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=1, keepdims=True)
    return (weights * np.tri(len(q))) @ v


def wrong_4(q, k, v):
    T, d_k = q.shape
    scores = q @ k.T / np.sqrt(d_k) + np.where(np.tri(T, dtype=bool), 0, -30)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def wrong_5(q, k, v):
    scores = q @ k.T / np.sqrt(v.shape[1])
    scores = np.where(np.tri(len(q), dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def wrong_6(q, k, v):
    scores = np.exp(q @ k.T / np.sqrt(q.shape[1])) * np.tri(len(q))
    return scores / scores.sum(axis=1, keepdims=True) @ v
"""
SCALE = "scores on another scale · 分数的尺度不对"
SEES = "tokens that may not be seen, or unseen ones that may · 看见了不该看的，或没看见该看的"
SUMS = "weights that do not sum to 1 · 权重的和不是 1"
MIXED = "q, k and v mixed up · q、k、v 弄混了"
WIDTH = "values of another width than the keys · 值与键的宽度不同"
LARGE = "large scores · 分数很大"
LONG = "a long text · 文本很长"
ZERO = "a score of exactly 0 · 恰好为 0 的分数"
EQUAL = "equal scores · 相等的分数"
MANY = "hundreds of tokens · 几百个词元"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
def candidate(q, k, v):
    T, d_k = q.shape
    i, j = np.indices((T, T))
    scores = np.where(j <= i, q @ k.T / np.sqrt(d_k), -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v
"""
SECOND = """
def candidate(q, k, v):
    rows = []
    for t in range(1, len(q) + 1):
        s = k[:t] @ q[t - 1] * q.shape[1] ** -0.5
        w = np.exp(s - np.logaddexp.reduce(s))
        rows.append(v[:t].T @ w)
    return np.stack(rows)
"""
THIRD = """
def candidate(q, k, v):
    s = np.longdouble(q) @ np.longdouble(k).T / np.sqrt(np.longdouble(q.shape[1]))
    s = np.tril(s) - np.triu(np.full(s.shape, np.inf), 1)
    w = np.exp(s - s.max(axis=1)[:, None])
    return np.float64((w @ np.longdouble(v)) / w.sum(axis=1)[:, None])
"""
FOURTH = """
def candidate(q, k, v):
    most = np.full(len(q), -np.inf)
    total, out = np.zeros(len(q)), np.zeros((len(q), v.shape[1]))
    for j in range(len(k)):
        s = q[j:] @ k[j] / np.sqrt(k.shape[1])
        new = np.maximum(most[j:], s)
        shrink, w = np.exp(most[j:] - new), np.exp(s - new)
        total[j:] = total[j:] * shrink + w
        out[j:] = out[j:] * shrink[:, None] + w[:, None] * v[j]
        most[j:] = new
    return out / total[:, None]
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {SCALE: [("/ np.sqrt(d_k)", "/ d_k"), ("/ np.sqrt(d_k)", "* np.sqrt(d_k)")]}),
    *variants(FIRST, {SEES: [("j <= i", "j >= i"), ("j <= i", "(j < i) | (i + j == 0)"), ("-np.inf", "0")]}),
    *variants(FIRST, {MIXED: [("q @ k.T", "k @ q.T"), (" @ v", " @ k")], SUMS: [("e.sum(axis=1,", "e.sum(axis=0,")]}),
    *variants(SECOND, {SCALE: [("q.shape[1] ** -0.5", "len(q) ** -0.5"), ("* q.shape[1] ** -0.5", "")]}),
    *variants(SECOND, {MIXED: [("q[t - 1]", "q[0]"), ("v[:t].T", "v[:t][::-1].T")]}),
    *variants(THIRD, {SEES: [("np.inf), 1)", "np.inf), 2)")], SUMS: [("w.sum(axis=1)", "w.sum(axis=0)")]}),
    *variants(THIRD, {SCALE: [("np.sqrt(np.longdouble(q.shape[1]))", "np.longdouble(q.shape[1])")]}),
    *variants(FOURTH, {SUMS: [("w[:, None] * v[j]", "v[j]"), ("np.exp(most[j:] - new)", "np.ones(len(new))")]}),
    *variants(FOURTH, {MIXED: [("q[j:] @ k[j]", "k[j:] @ q[j]")], SEES: [("range(len(k))", "range(1, len(k))")]}),
]
EDGE = [
    *variants(FIRST, {WIDTH: [("np.sqrt(d_k)", "np.sqrt(v.shape[1])"), (" @ v", " @ v.reshape(T, d_k)")]}),
    *variants(
        FIRST,
        {LARGE: [("- scores.max(axis=1, keepdims=True)", ""), ("scores.max(axis=1, keepdims=True)", "scores.max()")]},
    ),
    *variants(FIRST, {LARGE: [("-np.inf", "-1e2")], LONG: [("j <= i", "(j <= i) & (i - j < 8)")]}),
    *variants(FIRST, {CHANGES: [("i, j =", "q /= np.sqrt(d_k)\n    d_k = 1\n    i, j =")]}),
    *variants(SECOND, {WIDTH: [("q.shape[1] **", "v.shape[1] **")]}),
    *variants(SECOND, {LARGE: [("np.exp(s - np.logaddexp.reduce(s))", "np.exp(s) / np.exp(s).sum()")]}),
    *variants(SECOND, {LONG: [("v[:t].T @ w", "v[max(0, t - 8) : t].T @ w[-8:]")]}),
    *variants(THIRD, {LARGE: [("np.full(s.shape, np.inf)", "np.full(s.shape, 50.0)")]}),
    *variants(THIRD, {WIDTH: [("np.longdouble(v))", "np.longdouble(v[:, : q.shape[1]]))")]}),
    *variants(THIRD, {CHANGES: [("    w = np.exp", "    k *= 0.5\n    w = np.exp")]}),
    *variants(
        FOURTH, {LARGE: [("np.full(len(q), -np.inf)", "np.zeros(len(q))"), ("np.maximum(most[j:], s)", "0 * s")]}
    ),
    *variants(FOURTH, {LONG: [("range(len(k))", "range(min(len(k), 16))")]}),
]
MASK = "np.where(j <= i, q @ k.T / np.sqrt(d_k), -np.inf)"
RARE = [
    *variants(
        FIRST,
        {
            ZERO: [(MASK, "np.tril(q @ k.T / np.sqrt(d_k))\n    scores[scores == 0] = -np.inf")],
            EQUAL: [("e.sum(axis=1, keepdims=True)", "(1 + (e * (e < 1)).sum(axis=1, keepdims=True))")],
            MANY: [("j <= i", "(j <= i) & (i - j < 64)")],
        },
    ),
    *variants(
        SECOND, {ZERO: [("np.exp(s - np.logaddexp.reduce(s))", "np.exp(s - np.logaddexp.reduce(s)) * (s != 0)")]}
    ),
    *variants(SECOND, {MANY: [("v[:t].T @ w", "v[max(0, t - 100) : t].T @ w[-100:]")]}),
    *variants(THIRD, {ZERO: [("np.exp(s - s.max(axis=1)[:, None])", "np.exp(s - s.max(axis=1)[:, None]) * (s != 0)")]}),
    *variants(FOURTH, {EQUAL: [("np.exp(most[j:] - new)", "np.exp(most[j:] - new) * (s != most[j:])")]}),
    *variants(FOURTH, {MANY: [("range(len(k))", "range(min(len(k), 128))")]}),
]


def true_attention(q, k, v):
    out = []
    for t in range(1, len(q) + 1):
        s = k[:t] @ q[t - 1] / np.sqrt(q.shape[1])
        out.append(np.exp(s - np.logaddexp.reduce(s)) @ v[:t])
    return np.array(out)


def attention_cases(edges):
    rng = np.random.default_rng(0)
    yield rng.normal(size=(3, 5, 4))
    yield rng.normal(size=(3, 6, 3))
    if edges:
        yield rng.normal(size=(3, 1, 2))
        yield rng.normal(size=(3, 20, 3))
        yield rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 7))
        yield rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 1))
        q, k = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[-1.0, 0.0], [-1.0, -1.0], [1.0, 1.0]])
        yield 40 * q, 40 * k, rng.normal(size=(3, 2))
        yield np.ones((2, 1)) * 40, np.array([[-40.0], [40.0]]), np.array([[1.0], [2.0]])
        yield np.array([[1000.0], [-1000.0], [1.0]]), np.array([[1.0], [2.0], [-1.0]]), rng.normal(size=(3, 1))
        yield np.zeros((4, 3)), *rng.normal(size=(2, 4, 3))
        yield rng.normal(size=(4, 3)), np.ones((4, 3)), rng.normal(size=(4, 2))
        yield np.eye(4), np.eye(4)[[1, 0, 2, 0]], rng.normal(size=(4, 2))
        yield rng.normal(size=(3, 300, 2))


def passes(candidate, edges=True):
    for case in attention_cases(edges):
        mine, wanted = [x.copy() for x in case], true_attention(*case)
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(candidate(*mine), float)
        except Exception:
            return False
        if found.shape != wanted.shape or not np.allclose(found, wanted, rtol=1e-3, atol=1e-3):
            return False
        if edges and not all(map(np.array_equal, mine, case)):
            return False
    return True


QUESTIONS = (check_question("02.5", "check_attention", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
