"""Question 04.5: a check of programs that compute a layer norm."""

import math

import numpy as np

from minigpt.grading.kinds import check_question, programs, variants

C, CUBE = math.sqrt(2 / math.pi), 0.044715


GIVEN = """
def right_1(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * gain + bias


def right_2(x, gain, bias):
    rows = x.reshape(-1, x.shape[-1])
    out = []
    for row in rows:
        apart = [value - sum(row) / len(row) for value in row]
        scale = (sum(a * a for a in apart) / len(row) + 1e-5) ** -0.5
        out.append([g * a * scale + b for a, g, b in zip(apart, gain, bias)])
    return np.array(out).reshape(x.shape)


def right_3(x, gain, bias):
    d = x.shape[-1]
    centred = x @ (np.eye(d) - np.ones((d, d)) / d)
    size = np.sqrt(np.einsum("...i,...i->...", centred, centred) / d + 1e-5)
    return np.float32(gain * centred / size[..., None] + bias)


def wrong_1(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + 1e-5) * gain + bias


def wrong_2(x, gain, bias):
    mean = x.mean(axis=0, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=0, keepdims=True) + 1e-5) * gain + bias


def wrong_3(x, gain, bias):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5) * gain + bias


def wrong_4(x, gain, bias):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / (x.std(axis=-1, keepdims=True) + 1e-5) * gain + bias


def wrong_5(x, gain, bias):
    mean = x.mean(axis=1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5) * gain + bias


def wrong_6(x, gain, bias):
    mean, square = x.mean(axis=-1, keepdims=True), (x**2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(np.abs(square - mean**2) + 1e-5) * gain + bias
"""
HIDDEN = """
def candidate(x, gain, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    size = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / size * gain + bias
"""
RIGHT = [
    *programs(HIDDEN),
    *programs("""
def candidate(x, gain, bias):
    first = x - x[..., :1]
    first = first - first.sum(axis=-1, keepdims=True) / first.shape[-1]
    return bias + gain * first * (np.linalg.norm(first, axis=-1, keepdims=True) ** 2 / first.shape[-1] + 1e-5) ** -0.5
"""),
    *programs("""
def candidate(x, gain, bias):
    wide = np.longdouble(x)
    wide = wide - wide.mean(axis=-1)[..., None]
    return np.float32(wide / np.hypot(wide.std(axis=-1), np.sqrt(1e-5))[..., None] * gain + bias)
"""),
    *programs("""
def candidate(x, gain, bias):
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place] - x[place].mean()
        out[place] = gain * (row / np.sqrt(row @ row / row.size + 1e-5)) + bias
    return out
"""),
]
PLAIN = [
    *variants(HIDDEN, [("* gain + bias", "* (gain + bias)"), ("* gain + bias", "* gain"), ("* gain + bias", "+ bias")]),
    *variants(
        HIDDEN, [("x.mean(axis=-1, keepdims=True)", "x.mean()"), ("np.sqrt(", "("), ("centred / size", "x / size")]
    ),
    *variants(
        HIDDEN,
        [("x.mean(axis=-1, keepdims=True)", "x.max(axis=-1, keepdims=True)"), ("centred**2).mean", "centred**2).sum")],
    ),
    *variants(
        HIDDEN,
        [("(centred**2).mean(axis=-1, keepdims=True)", "(centred**2).mean()"), ("centred**2", "np.abs(centred)")],
    ),
    *variants(HIDDEN, [("* gain + bias", "* gain - bias"), ("return centred", "return 1 + centred")]),
]
EDGE = [
    *variants(HIDDEN, [("+ 1e-5)", ")"), ("+ 1e-5)", ") + 1e-5"), ("+ 1e-5)", "+ 1e-8)")]),
    *variants(HIDDEN, [("x - x.mean", "x.astype(np.float32) - x.mean")]),
    *programs("""
def candidate(x, gain, bias):
    x -= x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * gain + bias
"""),
    *programs("""
def candidate(x, gain, bias):
    T, d = x.shape[-2:]
    x = x.reshape(-1, d)[-T:]
    return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5) * gain + bias
"""),
    *programs("""
def candidate(x, gain, bias):
    centred = (x.T - x.mean(axis=-1).T).T if x.ndim < 3 else x - x.mean(axis=(0, 2), keepdims=True)
    return centred / np.sqrt(centred.var(axis=-1, keepdims=True) + 1e-5) * gain + bias
"""),
    *programs("""
def candidate(x, gain, bias):
    square, mean = np.mean(x * x, axis=-1, keepdims=True), np.mean(x, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(np.maximum(square - mean * mean, 0) + 1e-5) * gain + bias
"""),
]


def true_norm(x, gain, bias):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5) * gain + bias


def norm_cases(edges):
    rng = np.random.default_rng(0)
    yield rng.normal(size=(4, 6)), *rng.normal(size=(2, 6))
    yield rng.normal(2, 3, size=(5, 3)), *rng.normal(size=(2, 3))
    if edges:
        yield rng.normal(size=(3, 4, 5)), *rng.normal(size=(2, 5))
        yield rng.normal(size=7), *rng.normal(size=(2, 7))
        for scale in (0, 1e-3, 3e-3):
            yield scale * rng.normal(size=(3, 4)), *rng.normal(size=(2, 4))
        yield 1e8 + rng.normal(size=(3, 4)), *rng.normal(size=(2, 4))
        yield rng.normal(size=(3, 1)), np.ones(1), np.ones(1)


def passes(candidate, edges=True):
    for case in norm_cases(edges):
        mine, wanted = [x.copy() for x in case], true_norm(*case)
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


QUESTIONS = (check_question("04.5", "check_layer_norm", passes, GIVEN, RIGHT, PLAIN, EDGE),)
