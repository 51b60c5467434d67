"""Homework 06, generation: min-p, a penalty for repetition, a cache that forgets, and beam search."""

import math

import numpy as np

from minigpt.grading.kinds import LETS_ALL_PASS, LETS_NONE_PASS, NO_EDGES, panel, programs, variants
from minigpt.grading.question import Question, Wrong


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# --- 06.1 min-p ---------------------------------------------------------------------------------------------------


def min_p_inputs(rng):
    logits = rng.normal(scale=1.5, size=rng.integers([2, 5], [4, 8]))
    temperature = float(rng.choice([0.6, 1.8]))
    below = softmax(logits / temperature).max(axis=-1).min()  # so that each row keeps a token, whatever the mistake
    return {"logits": logits, "min_p": float(below * rng.uniform(0.4, 0.8)), "temperature": temperature}


def cut(p, keep):
    kept = np.where(keep, p, 0.0)
    return kept / kept.sum(axis=-1, keepdims=True)


def likely(p, min_p):
    return p >= min_p * p.max(axis=-1, keepdims=True)


def min_p_probabilities(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return cut(p, likely(p, min_p))


def not_normalised(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return np.where(likely(p, min_p), p, 0.0)


def absolute(logits, min_p, temperature):
    p = softmax(logits / temperature)
    return cut(p, p >= min_p)


def temperature_last(logits, min_p, temperature):
    return cut(softmax(logits / temperature), likely(softmax(logits), min_p))


def min_p_edges():
    """Only the likeliest is kept, and then it is kept; a bound for each row, two that are equal; all are kept."""
    return [
        {"logits": np.array([[1000.0, 0, -1000], [-3000.0, -1000, -3000]]), "min_p": 1.0, "temperature": 1.0},
        {
            "logits": np.array([[0.7, 0.0, 0.0], [5.0, 5.0, -1000.0], [50.0, 0.0, 0.0]]),
            "min_p": 0.4,
            "temperature": 1.0,
        },
        {"logits": np.array([[1.0, 0.0, -1.0, 2.0]]), "min_p": 0.0, "temperature": 2.0},
    ]


MIN_P = Question(
    "06.1",
    "min_p_probabilities",
    2,
    min_p_inputs,
    min_p_probabilities,
    (
        Wrong(not_normalised, "look at the sum of a row"),
        Wrong(absolute, "the threshold is a share of something: of what?"),
        Wrong(temperature_last, "which comes first, the temperature or the cut?"),
        Wrong(lambda **a: min_p_probabilities(**a | {"temperature": 1.0}), "the temperature has no effect"),
    ),
    min_p_edges,
    n_cases=7,
)

# --- 06.2 a penalty for repetition --------------------------------------------------------------------------------


def penalty_inputs(rng):
    V = int(rng.integers(6, 10))
    logits = np.abs(rng.normal(size=V)) + 0.1
    low, high, other = rng.permutation(V)[:3]
    logits[[low, other]] *= -1
    return {
        "logits": logits,
        "ids": np.array([high, low, high]),  # one twice; others do not occur
        "penalty": float(rng.uniform(1.2, 2.0)),
    }


def where_read(logits, ids, changed):
    return np.where(np.isin(np.arange(len(logits)), ids), changed, logits)


def less(logits, penalty):
    return np.where(logits > 0, logits / penalty, logits * penalty)


def repetition_penalty(logits, ids, penalty):
    return where_read(logits, ids, less(logits, penalty))


def divided(logits, ids, penalty):
    return where_read(logits, ids, logits / penalty)


def at_each_occurrence(logits, ids, penalty):
    return less(logits, penalty ** np.bincount(ids, minlength=len(logits)))


def probability_divided(logits, ids, penalty):
    return where_read(logits, ids, logits - math.log(penalty))


def penalty_edges():
    """No text so far, a logit of 0, and a text with every token."""
    logits = np.array([0.0, -1.5, 2.0])
    texts = [np.array([], dtype=np.int64), np.array([0, 2, 0]), np.array([2, 1, 0, 1], dtype=np.int32)]
    return [{"logits": logits.copy(), "ids": ids, "penalty": 1.5} for ids in texts]


PENALTY = Question(
    "06.2",
    "repetition_penalty",
    2,
    penalty_inputs,
    repetition_penalty,
    (
        Wrong(divided, "divide -2 by the penalty: is the token less likely now?"),
        Wrong(at_each_occurrence, "a token that occurs twice is punished twice"),
        Wrong(probability_divided, "the penalty is a factor of the logit, not of the probability"),
        Wrong(lambda logits, ids, penalty: less(logits, penalty), "tokens that do not occur are punished too"),
    ),
    penalty_edges,
    n_cases=7,
)

# --- 06.3 a cache with sinks and a window -------------------------------------------------------------------------


def cache_inputs(rng):
    sinks, window = int(rng.integers(1, 3)), int(rng.integers(2, 4))
    T, d = sinks + window + int(rng.integers(2, 5)), int(rng.integers(2, 5))
    q, k, v = rng.normal(size=(3, T, d))
    return {"q": q, "k": k, "v": v, "sinks": sinks, "window": window}


def sink_cache_attention(q, k, v, sinks, window):
    out, sizes = [], []
    for t in range(len(q)):
        held = [j for j in range(t + 1) if j < sinks or j > t - window]
        out.append(softmax(q[t] @ k[held].T / math.sqrt(q.shape[-1])) @ v[held])
        sizes.append(len(held))
    return np.array(out), sizes


def cache_edges():
    """No sinks, a window of the new token alone, a cache that is never full, scores thousands apart."""
    sizes = [(4, 0, 1), (5, 1, 1), (4, 2, 5), (1, 3, 2), (6, 1, 2)]  # T, sinks, window
    drawn = [np.random.default_rng(0).normal(size=(3, T, 2)) * [[[100]], [[100]], [[1]]] for T, _, _ in sizes]
    return [
        {"q": q, "k": k, "v": v, "sinks": sinks, "window": window}
        for (q, k, v), (_, sinks, window) in zip(drawn, sizes, strict=True)
    ]


CACHE = Question(
    "06.3",
    "sink_cache_attention",
    3,
    cache_inputs,
    sink_cache_attention,
    (
        Wrong(lambda **a: sink_cache_attention(**a | {"sinks": 0}), "the first tokens are forgotten"),
        Wrong(lambda **a: sink_cache_attention(**a | {"window": len(a["q"])}), "nothing is ever forgotten"),
        Wrong(
            lambda **a: sink_cache_attention(**a | {"window": a["window"] + 1}),
            "one token too many: the window counts the new token",
        ),
        Wrong(
            lambda **a: sink_cache_attention(**a | {"window": max(1, a["window"] - a["sinks"])}),
            "the sinks are kept beside the window, not inside it",
        ),
    ),
    cache_edges,
    n_cases=9,
)

# --- 06.4 beam search ---------------------------------------------------------------------------------------------

WIDTH = 2


def beam_inputs(rng):
    """A table on which greedy search, beam search, and those below find four different texts."""
    while True:
        V, n = int(rng.integers(5, 7)), int(rng.integers(5, 7))
        arguments = {"log_p": np.log(rng.dirichlet(1.5 * np.ones(V), size=V)), "start": int(rng.integers(V)), "n": n}
        found = {tuple(search(**arguments)[0]) for search in (beam_search, greedy, best_of_all, one_child_each)}
        if len(found) == 4:
            return arguments


def searched(log_p, start, n, survivors):
    """survivors(children): the beams to go on with, of (log probability, ids, parent), best first."""
    beams = [(0.0, [start])]
    for _ in range(n):
        children = [
            (score + log_p[ids[-1], token], [*ids, token], parent)
            for parent, (score, ids) in enumerate(beams)
            for token in range(len(log_p))
        ]
        beams = [child[:2] for child in survivors(sorted(children, key=lambda c: -c[0]))]
    score, ids = max(beams, key=lambda beam: beam[0])
    return ids[1:], float(score)


def beam_search(log_p, start, n):
    return searched(log_p, start, n, lambda children: children[:WIDTH])


def greedy(log_p, start, n):
    return searched(log_p, start, n, lambda children: children[:1])


def one_child_each(log_p, start, n):
    """The two best first tokens, each continued greedily."""

    def best_of_each(children):
        families = [[child for child in children if child[2] == parent] for parent in range(WIDTH)]
        return [family[0] for family in families] if families[1] else children[:WIDTH]

    return searched(log_p, start, n, best_of_each)


def best_of_all(log_p, start, n):
    """The likeliest text that ends in each token, from step to step."""
    best = {start: (0.0, [])}
    for _ in range(n):
        best = {b: max((score + log_p[a, b], [*ids, b]) for a, (score, ids) in best.items()) for b in range(len(log_p))}
    score, ids = max(best.values())
    return ids, float(score)


def beam_edges():
    """A single step; the text's example with a probability of 0; a table on which a beam of 3 finds another text."""
    table = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.3, 0.5, 0.2]])
    never = np.array([[math.log(0.6), math.log(0.4)], [-np.inf, 0.0]])
    wider = np.log([[0.36, 0.31, 0.33], [0.07, 0.7, 0.23], [0.46, 0.09, 0.45]])
    tables = [(table, 2, 1), (never, 0, 2), (wider, 0, 4)]
    return [{"log_p": log_p, "start": start, "n": n} for log_p, start, n in tables]


BEAM = Question(
    "06.4",
    "beam_search",
    3,
    beam_inputs,
    beam_search,
    (
        Wrong(greedy, "that is greedy search: only one text survives each step"),
        Wrong(one_child_each, "all continuations compete: both survivors may come from one parent"),
        Wrong(best_of_all, "that is the best text of all, which a beam of 2 may lose: when does it drop a text?"),
    ),
    beam_edges,
    n_cases=7,
)

QUESTIONS = (MIN_P, PENALTY, CACHE, BEAM)

# --- 06.5 a check of programs that draw ---------------------------------------------------------------------------

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
HIDDEN = """
def candidate(logits, temperature, k, rng):
    order = np.argsort(-logits)[:k]
    z = logits[order] / temperature
    p = np.exp(z - z[0])
    p = p / p.sum()
    place = np.flatnonzero(rng.random() < np.cumsum(p))
    return order[place[0] if len(place) else -1]
"""
RIGHT = [
    *programs(HIDDEN),
    *programs("""
def candidate(logits, temperature, k, rng):
    z = np.where(logits >= np.sort(logits)[::-1][min(k, len(logits)) - 1], logits / temperature, -np.inf)
    return (z + rng.gumbel(size=len(z))).argmax()
"""),
    *programs("""
def candidate(logits, temperature, k, rng):
    likely = sorted(zip(logits.tolist(), range(len(logits))), reverse=True)[:k]
    weights = [float(np.exp((x - likely[0][0]) / temperature)) for x, _ in likely]
    left = rng.uniform(0, sum(weights))
    for weight, (_, i) in zip(weights, likely):
        left -= weight
        if left < 0:
            return i
    return likely[-1][1]
"""),
    *programs("""
def candidate(logits, temperature, k, rng):
    order = np.argsort(logits)[::-1][:k]
    z = np.float32(logits[order] - logits[order].max()) / np.float32(temperature)
    return np.int32(order[np.argmin(rng.exponential(size=len(order)) * np.exp(-z.astype(float).clip(-600)))])
"""),
]
PLAIN = [
    *variants(HIDDEN, [("order = ", "logits *= 1 / temperature\n    temperature = 1\n    order = ")]),
    *variants(HIDDEN, [("/ temperature", ""), ("/ temperature", "/ temperature**2"), ("[:k]", "[: k + 1]")]),
    *variants(HIDDEN, [("-logits)", "logits)"), ("[:k]", "[: max(1, k - 1)]"), ("p = p / p.sum()", "p = p / p.max()")]),
    *variants(HIDDEN, [("np.exp(z - z[0])", "np.ones(len(z))"), ("rng.random()", "np.random.default_rng(0).random()")]),
    *variants(HIDDEN, [("rng.random()", "0.0"), ("return order[place[0] if len(place) else -1]", "return place[0]")]),
    *variants(HIDDEN, [("rng.random()", "rng.random() ** 2"), ("order[place[0]", "order[place[-1]")]),
]
EDGE = [
    *variants(
        HIDDEN, [("z - z[0]", "z"), ("rng.random()", "np.random.random()"), ("-logits)[:k]", "-logits)[np.arange(k)]")]
    ),
    *variants(HIDDEN, [("z - z[0]", "(z - z[0]).clip(-5)")]),
    *variants(
        HIDDEN, [("logits[order] / temperature", "logits[order] / max(temperature, 0.3)"), ("[:k]", "[: max(k, 2)]")]
    ),
    *variants(HIDDEN, [("rng.random()", "np.random.default_rng().random()")]),
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


def check_sampler(candidate):
    return passes(candidate)


CHECK = Question(
    "06.5",
    "check_sampler",
    3,
    None,
    check_sampler,
    (
        Wrong(lambda candidate: bool(GIVEN), LETS_ALL_PASS),
        Wrong(lambda candidate: not GIVEN, LETS_NONE_PASS),
        Wrong(lambda candidate: passes(candidate, edges=False), NO_EDGES),
    ),
    n_cases=9,
    seconds=20,
    draw=panel(GIVEN, RIGHT, PLAIN, EDGE),
)

QUESTIONS += (CHECK,)
