"""Question 06.5: a check of programs that draw."""

import numpy as np

from minigpt.grading.kinds import check_question, programs, variants

GIVEN = """
def right_1(logits, temperature, k, rng):
    z = logits / temperature
    kept = np.argsort(z)[-k:]
    p = np.exp(z[kept] - z[kept].max())
    return rng.choice(kept, p=p / p.sum())


def right_2(logits, temperature, k, rng):
    noise = -np.log(-np.log(rng.random(len(logits))))
    order = sorted(range(len(logits)), key=lambda i: -logits[i])[:k]
    return max(order, key=lambda i: logits[i] / temperature + noise[i])


def right_3(logits, temperature, k, rng):
    order = np.argsort(-logits)[:k]
    p = np.exp(np.float32((logits[order] - logits[order[0]]) / temperature))
    return int(order[np.searchsorted(np.cumsum(p), rng.random() * p.sum())])


def wrong_1(logits, temperature, k, rng):
    z = logits * temperature
    kept = np.argsort(z)[-k:]
    p = np.exp(z[kept] - z[kept].max())
    return rng.choice(kept, p=p / p.sum())


def wrong_2(logits, temperature, k, rng):
    z = logits / temperature
    p = np.exp(z - z.max())
    return rng.choice(len(z), p=p / p.sum())


def wrong_3(logits, temperature, k, rng):
    z = np.sort(logits / temperature)[-k:]
    p = np.exp(z - z.max())
    return rng.choice(k, p=p / p.sum())


def wrong_4(logits, temperature, k, rng):
    p = np.exp(logits / temperature)
    p[np.argsort(p)[:-k]] = 0
    return rng.choice(len(p), p=p / p.sum())


def wrong_5(logits, temperature, k, rng):
    z = logits / temperature
    kept = np.argpartition(z, len(z) - k)[len(z) - k :]
    p = np.exp(z[kept] - z[kept].max())
    return rng.choice(kept, p=p / p.sum())


def wrong_6(logits, temperature, k, rng):
    logits -= logits.max()
    kept = np.argsort(logits)[-k:]
    p = np.exp(logits[kept] / temperature)
    return rng.choice(kept, p=p / p.sum())
"""
TEMPERATURE = "temperature · 温度"
CUT = "another number than k is kept · 留下的不是 k 个"
SHARES = "other shares · 频率不对"
CHANCE = "no chance, or the same at each draw · 没有随机性，或每次抽到的都一样"
LOW = "a low temperature · 低温度"
LARGE = "large logits · logits 很大"
ENDS = "k of 1, or more than there are · k 为 1，或多于总数"
UNLIKELY = "many unlikely ids · 许多不太可能的 id"
ZERO = "a logit of exactly 0 · 恰好为 0 的 logit"
HIGH = "a high temperature · 高温度"
IDS = "ids in the hundreds · 上百的 id"
FOREIGN = "chance from elsewhere than rng · 随机性不来自 rng"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
def candidate(logits, temperature, k, rng):
    order = np.argsort(-logits)[:k]
    z = logits[order] / temperature
    p = np.exp(z - z[0])
    p = p / p.sum()
    place = np.flatnonzero(rng.random() < np.cumsum(p))
    return order[place[0] if len(place) else -1]
"""
SECOND = """
def candidate(logits, temperature, k, rng):
    z = np.where(logits >= np.sort(logits)[::-1][min(k, len(logits)) - 1], logits / temperature, -np.inf)
    return (z + rng.gumbel(size=len(z))).argmax()
"""
THIRD = """
def candidate(logits, temperature, k, rng):
    likely = sorted(zip(logits.tolist(), range(len(logits))), reverse=True)[:k]
    weights = [float(np.exp((x - likely[0][0]) / temperature)) for x, _ in likely]
    left = rng.uniform(0, sum(weights))
    for weight, (_, i) in zip(weights, likely):
        left -= weight
        if left < 0:
            return i
    return likely[-1][1]
"""
FOURTH = """
def candidate(logits, temperature, k, rng):
    order = np.argsort(logits)[::-1][:k]
    z = np.float32(logits[order] - logits[order].max()) / np.float32(temperature)
    return np.int32(order[np.argmin(rng.exponential(size=len(order)) * np.exp(-z.astype(float).clip(-600)))])
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {TEMPERATURE: [("/ temperature", ""), ("/ temperature", "/ temperature**2")]}),
    *variants(FIRST, {CUT: [("[:k]", "[: k + 1]"), ("[:k]", "[: max(1, k - 1)]"), ("-logits)", "logits)")]}),
    *variants(FIRST, {SHARES: [("np.exp(z - z[0])", "np.ones(len(z))"), ("rng.random()", "rng.random() ** 2")]}),
    *variants(FIRST, {CHANCE: [("rng.random()", "np.random.default_rng(0).random()"), ("rng.random()", "0.0")]}),
    *variants(SECOND, {SHARES: [("rng.gumbel", "rng.normal")], CHANCE: [("rng.gumbel(size=len(z))", "rng.gumbel()")]}),
    *variants(
        SECOND, {TEMPERATURE: [("logits / temperature", "logits")], CUT: [("[min(k, len(logits)) - 1]", "[-1]")]}
    ),
    *variants(
        THIRD, {TEMPERATURE: [(") / temperature", ") * temperature")], CUT: [("reverse=True)[:k]", "reverse=True)")]}
    ),
    *variants(THIRD, {SHARES: [("left -= weight", "left -= sum(weights) / len(weights)")]}),
    *variants(FOURTH, {SHARES: [("np.argmin", "np.argmax")], CUT: [("[::-1][:k]", "[:k]")]}),
    *variants(FOURTH, {TEMPERATURE: [(" / np.float32(temperature)", "")]}),
]
EDGE = [
    *variants(FIRST, {LARGE: [("z - z[0]", "z")], FOREIGN: [("rng.random()", "np.random.random()")]}),
    *variants(
        FIRST, {UNLIKELY: [("z - z[0]", "(z - z[0]).clip(-5)")], LOW: [("/ temperature", "/ max(temperature, 0.3)")]}
    ),
    *variants(FIRST, {ENDS: [("-logits)[:k]", "-logits)[np.arange(k)]"), ("[:k]", "[: max(k, 2)]")]}),
    *variants(FIRST, {CHANGES: [("    order = ", "    logits -= 2.0\n    order = ")]}),
    *variants(SECOND, {ENDS: [("min(k, len(logits))", "k")], LOW: [("/ temperature", "/ max(temperature, 0.3)")]}),
    *variants(SECOND, {FOREIGN: [("rng.gumbel", "np.random.default_rng().gumbel")]}),
    *variants(SECOND, {CHANGES: [("    return", "    logits -= 2.0\n    return")]}),
    *variants(THIRD, {LARGE: [("x - likely[0][0]", "x")], ENDS: [("reverse=True)[:k]", "reverse=True)[: max(k, 2)]")]}),
    *variants(THIRD, {LOW: [(") / temperature", ") / max(temperature, 0.3)")]}),
    *variants(
        FOURTH, {UNLIKELY: [("clip(-600)", "clip(-5)")], FOREIGN: [("rng.exponential", "np.random.exponential")]}
    ),
    *variants(FOURTH, {LARGE: [("logits[order] - logits[order].max()", "logits[order]")]}),
]
RARE = [
    *variants(FIRST, {ZERO: [("np.exp(z - z[0])", "np.exp(z - z[0]) * (z != 0)")]}),
    *variants(
        FIRST, {HIGH: [("/ temperature", "/ min(temperature, 20)")], IDS: [("order[place", "np.int8(order)[place")]}
    ),
    *variants(SECOND, {ZERO: [("return (z", "z[z == 0] = -np.inf\n    return (z")]}),
    *variants(THIRD, {HIGH: [(") / temperature", ") / min(temperature, 20.0)")]}),
    *variants(THIRD, {ZERO: [("for x, _ in likely]", "if x else 0.0 for x, _ in likely]")]}),
    *variants(FOURTH, {IDS: [("np.int32(order", "np.uint8(order")]}),
]


def true_shares(logits, temperature, k):
    order = np.argsort(-logits)[:k]
    p = np.exp((logits[order] - logits.max()) / temperature)
    return np.bincount(order, p / p.sum(), minlength=len(logits))


def sampler_cases(edges):
    """Logits, temperature, k, and how often to draw."""
    logits = np.array([0.5, 2.0, -1.0, 1.2, 0.0])
    yield logits, 0.5, 3, 800
    if edges:
        yield logits, 1.5, 5, 500
        yield logits / 10, 0.1, 3, 500
        yield logits, 1.0, 1, 50
        yield logits, 1.0, 9, 500
        yield np.array([0.0, 1000.0, 1001.0]), 1.0, 3, 500
        yield np.array([0.0, -1000.0, -1001.0]), 0.01, 2, 100
        yield 100 * logits, 100.0, 5, 500
        yield np.arange(300.0) * 10, 10.0, 2, 100
        yield np.append(np.zeros(1), np.full(400, -7.0)), 1.0, 401, 800


def passes(candidate, edges=True):
    for logits, temperature, k, n in sampler_cases(edges):
        mine, rng = logits.copy(), np.random.default_rng(1)
        try:
            with np.errstate(all="ignore"):
                found = [candidate(mine, temperature, k, rng) for _ in range(n)]
                again = [candidate(mine, temperature, k, np.random.default_rng(s)) for s in (3, 4, 3, 4) * 5 * edges]
            counts = np.bincount(np.array(found, int), minlength=len(logits))
        except Exception:
            return False
        shares = true_shares(logits, temperature, k)
        if len(counts) != len(logits) or np.abs(counts / n - shares).max() > 2 * n**-0.5:
            return False
        if counts[shares == 0].any() or not counts[n * shares > 12].all():
            return False
        if edges and (not np.array_equal(mine, logits) or again[:2] * 10 != again):
            return False
    return True


QUESTIONS = (check_question("06.5", "check_sampler", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
