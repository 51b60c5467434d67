"""Question 09.5: a check of programs that score a pair."""

import numpy as np

from minigpt.grading.kinds import check_question, programs, variants

GIVEN = """
def right_1(encode, w, a, b):
    return w @ (encode([0, *a, 1, *b, 2]) + encode([0, *b, 1, *a, 2]))


def right_2(encode, w, a, b):
    both = [encode([0, *first, 1, *second, 2]) for first, second in [(b, a), (a, b)]]
    return float(sum(sum(x * y for x, y in zip(w, h)) for h in both))


def right_3(encode, w, a, b):
    orders = np.float32([encode([0, *a, 1, *b, 2]), encode([0, *b, 1, *a, 2])])
    return (orders @ np.float32(w)).sum()


def wrong_1(encode, w, a, b):
    return w @ encode([0, *a, 1, *b, 2])


def wrong_2(encode, w, a, b):
    return w @ (encode([0, *a, 2]) + encode([0, *b, 2]))


def wrong_3(encode, w, a, b):
    first, second = sorted([a, b])
    return 2 * w @ encode([0, *first, 1, *second, 2])


def wrong_4(encode, w, a, b):
    return w @ (encode([0, *a, 1, *b, 2]) + encode([0, *b, 1, *a, 2])) / 2


def wrong_5(encode, w, a, b):
    pairs = {(tuple(a), tuple(b)), (tuple(b), tuple(a))}
    return w @ sum(encode([0, *first, 1, *second, 2]) for first, second in pairs)


def wrong_6(encode, w, a, b):
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    return w @ (encode([0, *a, 1, *b, 2]) + encode([0, *b, 1, *a, 2]))
"""
ORDER = "one order twice, or one alone · 一种次序算了两遍，或只算一种"
SUM = "the two states are not added · 两个状态没有相加"
MARKERS = "markers that are missing or others · 标记缺了或不对"
EQUAL = "two texts that are equal · 两个文本相同"
NEGATIVE = "scores below 0 · 负的分数"
LONG = "long texts · 文本很长"
LENGTHS = "texts of different lengths · 文本长度不同"
AGAIN = "ids that come again · id 重复出现"
IDS = "large ids · 很大的 id"
MIXED = "the same ids in another order · 同样的 id，次序不同"
MANY = "texts of hundreds of ids · 几百个 id 的文本"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
def candidate(encode, w, a, b):
    one = encode([0, *a, 1, *b, 2])
    other = encode([0, *b, 1, *a, 2])
    return float(np.dot(w, one + other))
"""
SECOND = """
def candidate(encode, w, a, b):
    total = 0.0
    for swapped in (True, False):
        ids = [0]
        ids.extend(b if swapped else a)
        ids.append(1)
        ids.extend(a if swapped else b)
        total = total + np.inner(encode(ids + [2]), w)
    return total
"""
THIRD = """
def candidate(encode, w, a, b):
    states = np.stack([encode([0] + list(x) + [1] + list(y) + [2]) for x, y in ((a, b), (b, a))])
    return np.float32(np.einsum("nd,d->", np.longdouble(states), np.longdouble(w)))
"""
FOURTH = """
def candidate(encode, w, a, b):
    if a == b:
        return 2 * (encode([0, *a, 1, *a, 2]) @ w)
    if b < a:
        a, b = b, a
    return encode([0, *b, 1, *a, 2]) @ w + encode([0, *a, 1, *b, 2]) @ w
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {ORDER: [("[0, *b, 1, *a, 2]", "[0, *a, 1, *b, 2]"), ("one + other", "2 * other")]}),
    *variants(FIRST, {SUM: [("one + other", "one - other"), ("one + other", "np.maximum(one, other)")]}),
    *variants(FIRST, {MARKERS: [("[0, *a, 1, *b, 2]", "[0, *a, *b, 2]"), ("[0, *a, 1, *b, 2]", "[*a, 1, *b, 2]")]}),
    *variants(SECOND, {ORDER: [("(True, False)", "(True, True)")], SUM: [("total + np", "total - np")]}),
    *variants(SECOND, {MARKERS: [("ids.append(1)", "ids.append(2)"), ("encode(ids + [2])", "encode(ids)")]}),
    *variants(THIRD, {ORDER: [("((a, b), (b, a))", "((a, b), (a, b))")], MARKERS: [("+ [1] +", "+")]}),
    *variants(THIRD, {SUM: [("np.longdouble(states)", "np.longdouble(states) / 2")]}),
    *variants(FOURTH, {ORDER: [("return encode([0, *b, 1, *a, 2]) @ w + encode", "return 2 * encode")]}),
    *variants(FOURTH, {SUM: [("[0, *b, 1, *a, 2]) @ w +", "[0, *b, 1, *a, 2]) @ w *")]}),
    *variants(FOURTH, {MARKERS: [("[0, *b, 1, *a, 2]", "[0, *b, 2, *a, 1]")]}),
]
EDGE = [
    *variants(FIRST, {EQUAL: [("one + other", "one + (0 if a == b else other)")]}),
    *variants(FIRST, {NEGATIVE: [("float(np.dot(w, one + other))", "max(0.0, np.dot(w, one + other))")]}),
    *variants(
        FIRST,
        {LONG: [("one = ", "a, b = a[:8], b[:8]\n    one = ")], CHANGES: [("return", "w *= 1.5\n    return 2 / 3 *")]},
    ),
    *variants(FIRST, {LENGTHS: [("one = ", "a, b = a[: len(b)], b\n    one = ")]}),
    *variants(
        SECOND, {NEGATIVE: [("total + np.inner(encode(ids + [2]), w)", "total + abs(np.inner(encode(ids + [2]), w))")]}
    ),
    *variants(SECOND, {LONG: [("ids.append(1)", "ids = [*ids[:12], 1]")]}),
    *variants(SECOND, {AGAIN: [("ids.append(1)", "ids = [*dict.fromkeys(ids), 1]")]}),
    *variants(THIRD, {EQUAL: [("((a, b), (b, a))", "{(tuple(a), tuple(b)), (tuple(b), tuple(a))}")]}),
    *variants(THIRD, {LENGTHS: [("list(y) + [2]", "list(y)[: len(x)] + [2]")]}),
    *variants(THIRD, {NEGATIVE: [("np.longdouble(w)", "np.longdouble(np.abs(w))")]}),
    *variants(FOURTH, {EQUAL: [("return 2 * (encode", "return (encode")]}),
    *variants(FOURTH, {CHANGES: [("    if b < a:", "    a.append(a[-1])\n    a = a[:-1]\n    if b < a:")]}),
    *variants(
        FOURTH, {AGAIN: [("    if b < a:", "    a = [x for i, x in enumerate(a) if x not in a[:i]]\n    if b < a:")]}
    ),
]
RARE = [
    *variants(FIRST, {IDS: [("encode([0, *a, 1, *b, 2])", "encode(list(bytes([0, *a, 1, *b, 2])))")]}),
    *variants(FIRST, {MIXED: [("one + other", "one + (one if sorted(a) == sorted(b) else other)")]}),
    *variants(SECOND, {IDS: [("encode(ids + [2])", "encode([i % 1000 for i in ids] + [2])")]}),
    *variants(SECOND, {MANY: [("ids.append(1)", "ids = [*ids[:200], 1]")]}),
    *variants(THIRD, {MANY: [("list(y) + [2]", "list(y)[:128] + [2]")]}),
    *variants(FOURTH, {MIXED: [("if a == b:", "if sorted(a) == sorted(b):")]}),
]


def encode(ids):
    """A stand-in for a body: its last state depends on every id and its place."""
    places = np.arange(1, len(ids) + 1)
    return np.stack([np.sin(f * places * (1 + np.array(ids))).sum() + f for f in (0.3, 0.7, 1.1)])


def pair_cases(edges):
    yield np.array([2.0, 1.5, 1.0]), [5, 7, 4], [6, 3, 8]
    yield np.array([1.0, 2.5, 2.0]), [3, 9], [8, 4]
    if edges:
        for w in (np.array([0.3, -1.0, 0.7]), np.array([-2.0, -1.0, -3.0])):
            yield w, [5, 7, 4], [5, 7, 4]
            yield w, [5, 5, 4, 5], [4]
            yield w, [4], [6, 3, 6, 3, 9]
            yield w, list(range(3, 33)), list(range(30, 10, -1))
            yield w, [5, 7, 4], [4, 5, 7]
            yield w, [40_000, 7], [256, 9]
            yield w, list(range(3, 303)), list(range(400, 100, -1))


def passes(candidate, edges=True):
    for w, a, b in pair_cases(edges):
        mine, theirs, ours = w.copy(), list(a), list(b)
        wanted = w @ (encode([0, *a, 1, *b, 2]) + encode([0, *b, 1, *a, 2]))
        try:
            found = np.asarray(candidate(encode, mine, theirs, ours), float)
        except Exception:
            return False
        if found.shape != () or not np.isclose(found, wanted, rtol=1e-3, atol=1e-3):
            return False
        if edges and (theirs != a or ours != b or not np.array_equal(mine, w)):
            return False
    return True


QUESTIONS = (check_question("09.5", "check_pair", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
