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
HIDDEN = """
def candidate(encode, w, a, b):
    one = encode([0, *a, 1, *b, 2])
    other = encode([0, *b, 1, *a, 2])
    return float(np.dot(w, one + other))
"""
RIGHT = [
    *programs(HIDDEN),
    *programs("""
def candidate(encode, w, a, b):
    total = 0.0
    for swapped in (True, False):
        ids = [0]
        ids.extend(b if swapped else a)
        ids.append(1)
        ids.extend(a if swapped else b)
        total = total + np.inner(encode(ids + [2]), w)
    return total
"""),
    *programs("""
def candidate(encode, w, a, b):
    states = np.stack([encode([0] + list(x) + [1] + list(y) + [2]) for x, y in ((a, b), (b, a))])
    return np.float32(np.einsum("nd,d->", np.longdouble(states), np.longdouble(w)))
"""),
    *programs("""
def candidate(encode, w, a, b):
    if a == b:
        return 2 * (encode([0, *a, 1, *a, 2]) @ w)
    if b < a:
        a, b = b, a
    return encode([0, *b, 1, *a, 2]) @ w + encode([0, *a, 1, *b, 2]) @ w
"""),
]
PLAIN = [
    *variants(
        HIDDEN,
        [("[0, *b, 1, *a, 2]", "[0, *a, 1, *b, 2]"), ("one + other", "one - other"), ("one + other", "one * other")],
    ),
    *variants(
        HIDDEN,
        [
            ("one + other", "np.maximum(one, other)"),
            ("one + other", "2 * other"),
            ("[0, *a, 1, *b, 2]", "[0, *a, *b, 2]"),
        ],
    ),
    *variants(
        HIDDEN, [("[0, *b, 1, *a, 2]", "[0, *b[::-1], 1, *a[::-1], 2]"), ("[0, *a, 1, *b, 2]", "[0, *a, 1, *b]")]
    ),
    *variants(HIDDEN, [("[0, *a, 1, *b, 2]", "[*a, 1, *b, 2]"), ("[0, *b, 1, *a, 2]", "[0, *b, 2, *a, 1]")]),
    *programs("""
def candidate(encode, w, a, b):
    return float(np.dot(w, encode([0, *a, 1, *b, 1, *a, 2])))
"""),
]
EDGE = [
    *variants(
        HIDDEN,
        [
            ("one + other", "one + (0 if a == b else other)"),
            ("float(np.dot(w, one + other))", "max(0.0, np.dot(w, one + other))"),
        ],
    ),
    *variants(
        HIDDEN, [("return", "w *= 1 + (len(a) > 0) * 1e-3\n    return"), ("one = ", "a, b = a[:8], b[:8]\n    one = ")]
    ),
    *variants(HIDDEN, [("one = ", "a, b = list(dict.fromkeys(a)), list(dict.fromkeys(b))\n    one = ")]),
    *variants(HIDDEN, [("one = ", "a, b = (a, b) if len(a) <= len(b) else (a[-len(b) :], b)\n    one = ")]),
    *variants(
        HIDDEN,
        [
            ("one = ", "a, b = a[: len(b) + 1], b[: len(a) + 1]\n    one = "),
            ("other = ", "a.sort(key=lambda i: 0)\n    a.append(a.pop())\n    b[:] = b[:1] + b[1:9]\n    other = "),
        ],
    ),
    *programs("""
def candidate(encode, w, a, b):
    a.insert(0, 0)
    one = encode([*a, 1, *b, 2])
    return w @ (one + encode([0, *b, 1, *a[1:], 2]))
"""),
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


QUESTIONS = (check_question("09.5", "check_pair", passes, GIVEN, RIGHT, PLAIN, EDGE),)
