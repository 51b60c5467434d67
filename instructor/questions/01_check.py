"""Question 01.4: a check of programs that compute the loss."""

import numpy as np

from minigpt.grading.kinds import check_question, programs, variants

GIVEN = """
def right_1(logits, targets):
    there = targets != -100
    z = logits[there] - logits[there].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(there.sum()), targets[there]].mean()


def right_2(logits, targets):
    nats = [np.logaddexp.reduce(row) - row[t] for row, t in zip(logits, targets) if t != -100]
    return sum(nats) / len(nats)


def right_3(logits, targets):
    z = np.float32(logits - logits.max(axis=1, keepdims=True))
    one_hot = np.float32(targets[:, None] == np.arange(logits.shape[1]))
    return ((np.log(np.exp(z).sum(axis=1)) - (z * one_hot).sum(axis=1)) * one_hot.sum(axis=1)).sum() / one_hot.sum()


def wrong_1(logits, targets):
    there = targets != -100
    z = logits[there] - logits[there].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(there.sum()), targets[there]].sum()


def wrong_2(logits, targets):
    nats = [np.logaddexp.reduce(row) - row[t] for row, t in zip(logits, targets) if t != -100]
    return sum(nats) / len(nats) / np.log(2)


def wrong_3(logits, targets):
    there = targets != -100
    p = np.exp(logits[there]) / np.exp(logits[there]).sum(axis=0, keepdims=True)
    return -np.log(p[np.arange(there.sum()), targets[there]]).mean()


def wrong_4(logits, targets):
    there = targets != -100
    p = np.exp(logits[there]) / np.exp(logits[there]).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(there.sum()), targets[there]]).mean()


def wrong_5(logits, targets):
    nats = [np.logaddexp.reduce(row) - row[t] for row, t in zip(logits, targets) if t != -100]
    return sum(nats) / len(targets)


def wrong_6(logits, targets):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(targets)), targets].mean()
"""
MEAN = "no mean over the places with a target · 不是有目标的位置上的平均"
UNIT = "other logarithms, or other probabilities · 对数或概率不对"
PLACE = "another place of the row than the target · 取的不是目标那一列"
ZERO = "a target of 0 is taken for none · 把目标 0 当成没有目标"
MISSING = "places without a target · 没有目标的位置"
LARGE = "large logits, or far apart · logits 很大，或相差很大"
EQUAL = "equal logits · 相等的 logit"
ROWS = "equal rows · 相同的行"
MANY = "a vocabulary of hundreds · 几百个词的词表"
SMALL = "very small probabilities · 很小的概率"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
def candidate(logits, targets):
    there = targets != -100
    z, t = logits[there], targets[there]
    top = z.max(axis=1)
    total = np.exp(z - top[:, None]).sum(axis=1)
    return float(np.mean(top + np.log(total) - z[np.arange(len(t)), t]))
"""
SECOND = """
def candidate(logits, targets):
    total, n = 0.0, 0
    for row, target in zip(logits.tolist(), targets.tolist()):
        if target == -100:
            continue
        n += 1
        row = sorted((x - row[target] for x in row), reverse=True)
        total += row[0] + np.log(sum(np.exp(x - row[0]) for x in row))
    return total / n
"""
THIRD = """
def candidate(logits, targets):
    kept = np.flatnonzero(targets >= 0)
    z = np.asarray(logits, np.longdouble)[kept]
    z = (z.T - z[np.arange(len(kept)), targets[kept]]).T
    return np.float64(np.logaddexp.reduce(z, axis=1).sum() / kept.size)
"""
FOURTH = """
def candidate(logits, targets):
    z = logits[targets != -100]
    z = np.float32(z - z.max(axis=1, keepdims=True))
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True, dtype=np.float32))
    picked = np.take_along_axis(log_p, targets[targets != -100][:, None], axis=1)
    return np.float32(-picked.mean())
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {ZERO: [("targets != -100", "targets != 0"), ("targets != -100", "targets > 0")]}),
    *variants(FIRST, {MEAN: [("float(np.mean(", "float(np.median("), ("float(np.mean(", "float(np.max(")]}),
    *variants(
        FIRST, {UNIT: [("+ np.log(total)", "+ np.log10(total)"), ("float(np.mean(top", "float(np.mean(2 * top")]}
    ),
    *variants(FIRST, {PLACE: [("np.arange(len(t)), t]", "np.arange(len(t)), 0]")]}),
    *variants(SECOND, {MEAN: [("return total / n", "return total")], ZERO: [("target == -100", "target <= 0")]}),
    *variants(SECOND, {UNIT: [("total += row[0] +", "total +="), ("np.log(sum(", "(sum(")]}),
    *variants(THIRD, {UNIT: [("np.logaddexp", "np.logaddexp2"), ("np.logaddexp.reduce(z, axis=1)", "z.max(axis=1)")]}),
    *variants(THIRD, {MEAN: [("/ kept.size", "/ logits.shape[1]")], ZERO: [("targets >= 0", "targets >= 1")]}),
    *variants(FOURTH, {MEAN: [("-picked.mean()", "-picked.sum()"), ("np.float32(-picked.mean())", "-picked[:, 0]")]}),
    *variants(FOURTH, {UNIT: [("-picked.mean()", "-np.log(np.exp(picked).mean())")]}),
    *variants(FOURTH, {PLACE: [("targets[targets != -100][:, None]", "targets[targets != -100][::-1, None]")]}),
]
EDGE = [
    *variants(FIRST, {LARGE: [("z.max(axis=1)", "np.full(len(z), z.max())"), ("z.max(axis=1)", "0 * z.max(axis=1)")]}),
    *variants(FIRST, {CHANGES: [("z, t = ", "logits -= 1.0\n    z, t = ")]}),
    *variants(FIRST, {MISSING: [("float(np.mean(top", "len(t) / len(targets) * float(np.mean(top")]}),
    *variants(SECOND, {LARGE: [("reverse=True", "reverse=False")]}),
    *variants(
        SECOND,
        {
            MISSING: [("n += 1\n", "n += 1 + (-100 in targets)\n")],
            SMALL: [("x - row[target] for", "min(x - row[target], 50) for")],
        },
    ),
    *variants(THIRD, {MISSING: [("/ kept.size", "/ len(targets)"), ("targets >= 0", "targets >= -100")]}),
    *variants(THIRD, {CHANGES: [("    z = np.asarray", "    targets[targets < 0] = 0\n    z = np.asarray")]}),
    *variants(FOURTH, {LARGE: [("z - z.max(axis=1, keepdims=True)", "z - z.mean(axis=1, keepdims=True)")]}),
    *variants(FOURTH, {SMALL: [("-picked.mean()", "-np.maximum(picked, -30).mean()")]}),
    *variants(
        FOURTH,
        {CHANGES: [("    z = logits[targets != -100]\n", "    z = logits[targets != -100]\n    logits *= 1.5\n")]},
    ),
]
SUM = "np.exp(z - top[:, None]).sum(axis=1)"
ONCE = "1 + np.where(z < top[:, None], np.exp(z - top[:, None]), 0).sum(axis=1)"
PAIRS, KEYS = (
    "zip(logits.tolist(), targets.tolist())",
    "dict(zip(map(tuple, logits.tolist()), targets.tolist())).items()",
)
KEPT = "    kept = np.flatnonzero(targets >= 0)\n"
UNIQUE = "    kept = np.unique(logits, axis=0, return_index=True)[1]\n    kept = kept[targets[kept] >= 0]\n"
RARE = [
    *variants(FIRST, {EQUAL: [(SUM, ONCE)], MANY: [("targets[there]", "targets[there].astype(np.int8)")]}),
    *variants(SECOND, {EQUAL: [("sorted((x - row[target] for x in row)", "sorted({x - row[target] for x in row}")]}),
    *variants(SECOND, {ROWS: [(PAIRS, KEYS)]}),
    *variants(THIRD, {ROWS: [(KEPT, UNIQUE)]}),
    *variants(FOURTH, {MANY: [("np.exp(z).sum", "np.sort(np.exp(z))[:, -100:].sum")]}),
]


def true_loss(logits, targets):
    there = targets != -100
    z, t = logits[there], targets[there]
    return (np.logaddexp.reduce(z, axis=1) - z[np.arange(len(t)), t]).mean()


def loss_cases(edges):
    rng = np.random.default_rng(0)
    yield rng.normal(size=(6, 5)), rng.integers(0, 5, 6)
    yield rng.normal(size=(9, 4)) * 3, rng.integers(0, 4, 9)
    if edges:
        yield rng.normal(size=(6, 5)), np.array([0, -100, 2, 0, -100, 4])
        yield rng.normal(size=(3, 4)), np.array([-100, 0, -100])
        yield np.array([[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -999.0]]), np.array([1, 0])
        yield np.array([[0.0, 60.0, 1.0], [0.0, 0.0, 90.0]]), np.array([0, 1])
        yield np.zeros((3, 5)), np.array([1, 3, 0])
        yield np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 2.0], [1.0, 2.0]]), np.array([0, 1, 1, 0])
        yield rng.normal(size=(3, 300)), np.array([250, 7, 131])


def passes(candidate, edges=True):
    for logits, targets in loss_cases(edges):
        mine = logits.copy(), targets.copy()
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(candidate(*mine), float)
        except Exception:
            return False
        if found.shape != () or not np.isclose(found, true_loss(logits, targets), rtol=1e-3, atol=1e-3):
            return False
        if edges and not (np.array_equal(mine[0], logits) and np.array_equal(mine[1], targets)):
            return False
    return True


QUESTIONS = (check_question("01.4", "check_loss", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
