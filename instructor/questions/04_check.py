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
AFFINE = "gain or bias · 增益或偏置"
CENTRE = "the mean is not taken off, or another one · 没有减均值，或减的不是这个均值"
SIZE = "divided by something else than the root of the variance · 除的不是方差的平方根"
ALL = "statistics of all rows together · 各行一起算了"
EPSILON = "rows with little variance: the 1e-5 · 方差很小的行：1e-5"
FAR = "numbers far from 0 · 离 0 很远的数"
AXES = "one axis, or three · 一个轴或三个轴"
ZERO = "numbers that are 0 · 为 0 的数"
EQUAL = "equal numbers in a row · 一行里有相等的数"
NO_GAIN = "a gain of 0 · 为 0 的增益"
MANY = "rows of hundreds of numbers · 每行几百个数"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
def candidate(x, gain, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    size = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return centred / size * gain + bias
"""
SECOND = """
def candidate(x, gain, bias):
    first = x - x[..., :1]
    first = first - first.sum(axis=-1, keepdims=True) / first.shape[-1]
    return bias + gain * first * (np.linalg.norm(first, axis=-1, keepdims=True) ** 2 / first.shape[-1] + 1e-5) ** -0.5
"""
THIRD = """
def candidate(x, gain, bias):
    wide = np.longdouble(x)
    wide = wide - wide.mean(axis=-1)[..., None]
    return np.float32(wide / np.hypot(wide.std(axis=-1), np.sqrt(1e-5))[..., None] * gain + bias)
"""
FOURTH = """
def candidate(x, gain, bias):
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place] - x[place].mean()
        out[place] = gain * (row / np.sqrt(row @ row / row.size + 1e-5)) + bias
    return out
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {AFFINE: [("* gain + bias", "* (gain + bias)"), ("* gain + bias", "* gain - bias")]}),
    *variants(FIRST, {ALL: [("x.mean(axis=-1, keepdims=True)", "x.mean()")], CENTRE: [("centred / size", "x / size")]}),
    *variants(
        FIRST, {SIZE: [("np.sqrt(", "("), ("centred**2).mean", "centred**2).sum"), ("centred**2", "np.abs(centred)")]}
    ),
    *variants(SECOND, {AFFINE: [("bias + gain * first *", "bias + first *")], SIZE: [(") ** -0.5", ") ** 0.5")]}),
    *variants(SECOND, {SIZE: [("** 2 / first.shape[-1]", "** 2")], CENTRE: [(" - first.sum", " * 0.9 - first.sum")]}),
    *variants(THIRD, {ALL: [("wide.std(axis=-1)", "wide.std()[None]")], AFFINE: [("* gain + bias", "* gain")]}),
    *variants(THIRD, {SIZE: [("wide.std(axis=-1)", "wide.var(axis=-1)")]}),
    *variants(THIRD, {CENTRE: [("wide.mean(axis=-1)", "wide.max(axis=-1)")]}),
    *variants(FOURTH, {ALL: [("x[place].mean()", "x.mean()")], AFFINE: [("+ bias", "- bias")]}),
    *variants(FOURTH, {SIZE: [("row @ row / row.size", "row @ row / (row.size - 1)"), ("np.sqrt(row", "(row")]}),
]
EDGE = [
    *variants(
        FIRST, {EPSILON: [("+ 1e-5)", ")"), ("+ 1e-5)", ") + 1e-5")], FAR: [("x - x.mean", "np.float32(x) - x.mean")]}
    ),
    *variants(
        FIRST,
        {
            CHANGES: [
                ("= x - x.mean(axis=-1, keepdims=True)", "= x\n    x -= x.mean(axis=-1, keepdims=True)"),
                ("    return centred", "    gain *= 0.5\n    return 2 * centred"),
            ]
        },
    ),
    *variants(SECOND, {EPSILON: [("+ 1e-5", "+ 1e-8"), ("+ 1e-5", "+ 0.0")]}),
    *variants(SECOND, {FAR: [("x - x[..., :1]", "np.float32(x)")], AXES: [("(first, axis=-1,", "(first, axis=1,")]}),
    *variants(THIRD, {EPSILON: [("np.sqrt(1e-5)", "1e-5")], FAR: [("np.longdouble(x)", "np.float32(x)")]}),
    *variants(THIRD, {AXES: [("wide.mean(axis=-1)", "wide.mean(axis=x.ndim // 2)")]}),
    *variants(
        THIRD,
        {
            CHANGES: [
                (
                    "    wide = np.longdouble(x)\n",
                    "    wide = np.longdouble(x)\n    bias -= 0.5\n    bias = bias + 0.5\n",
                )
            ]
        },
    ),
    *variants(FOURTH, {CHANGES: [("np.empty(x.shape)", "x")], AXES: [("x.shape[:-1]", "x.shape[:1]")]}),
    *variants(FOURTH, {EPSILON: [("+ 1e-5)", ") + 1e-5")], FAR: [("x[place].mean()", "np.float32(x[place].mean())")]}),
]
MEAN, THERE = "x.mean(axis=-1, keepdims=True)", "x.sum(-1, keepdims=True) / np.count_nonzero(x, -1, keepdims=True)"
RARE = [
    *variants(FIRST, {ZERO: [(MEAN, THERE)]}),
    *variants(FIRST, {NO_GAIN: [("* gain", "* np.where(gain, gain, 1)")]}),
    *variants(FIRST, {MANY: [("(centred**2).mean", "(centred[..., :100] ** 2).mean")]}),
    *variants(SECOND, {NO_GAIN: [("bias + gain * first", "bias + (gain if gain.all() else 1) * first")]}),
    *variants(THIRD, {MANY: [("wide.mean(axis=-1)", "wide[..., :64].mean(axis=-1)")]}),
    *variants(FOURTH, {EQUAL: [("x[place].mean()", "np.unique(x[place]).mean()")]}),
    *variants(FOURTH, {ZERO: [("/ row.size", "/ np.count_nonzero(x[place])")]}),
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
        yield np.maximum(rng.normal(size=(3, 6)), 0), *rng.normal(size=(2, 6))
        yield np.array([[1.0, 1.0, 4.0], [2.0, 5.0, 5.0]]), np.array([0.0, 2.0, -1.0]), rng.normal(size=3)
        yield rng.normal(size=(2, 300)), *rng.normal(size=(2, 300))


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


QUESTIONS = (check_question("04.5", "check_layer_norm", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
