"""Homework 08, entailment: cutting a pair, testing "not", deciding when mistakes cost, and comparing two models."""

import math

import numpy as np

from minigpt.grading import fooling
from minigpt.grading.question import Program, Question, Wrong

# --- 08.1 a pair that is too long ---------------------------------------------------------------------------------


def pair_inputs(rng):
    V, n_ctx = int(rng.integers(30, 60)), int(rng.integers(6, 14))
    room = n_ctx - 3
    kind = rng.choice(["fits", "long premise", "long hypothesis"], p=[0.2, 0.4, 0.4])
    n_hypothesis = int(rng.integers(1, room)) if kind != "long hypothesis" else room + int(rng.integers(1, 5))
    n_premise = int(rng.integers(1, room - n_hypothesis + 1)) if kind == "fits" else room + int(rng.integers(1, 5))
    return {
        "premise": rng.integers(V, size=n_premise).tolist(),
        "hypothesis": rng.integers(V, size=n_hypothesis).tolist(),
        "n_ctx": n_ctx,
        "start": V,
        "delimiter": V + 1,
        "end": V + 2,
    }


def cut_pair(premise, hypothesis, n_ctx, start, delimiter, end):
    room = n_ctx - 3
    hypothesis = hypothesis[: room - 1]
    return [start, *premise[-(room - len(hypothesis)) :], delimiter, *hypothesis, end]


def premise_loses_its_end(premise, hypothesis, n_ctx, start, delimiter, end):
    room = n_ctx - 3
    hypothesis = hypothesis[: room - 1]
    return [start, *premise[: room - len(hypothesis)], delimiter, *hypothesis, end]


def hypothesis_loses_its_beginning(premise, hypothesis, n_ctx, start, delimiter, end):
    return cut_pair(premise, hypothesis[-(n_ctx - 4) :], n_ctx, start, delimiter, end)


def without_the_markers(premise, hypothesis, n_ctx, start, delimiter, end):
    return cut_pair(premise, hypothesis, n_ctx + 3, start, delimiter, end)


def no_premise_left(premise, hypothesis, n_ctx, start, delimiter, end):
    hypothesis = hypothesis[: n_ctx - 3]
    kept = n_ctx - 3 - len(hypothesis)
    return [start, *premise[max(0, len(premise) - kept) :], delimiter, *hypothesis, end]


def pair_edges():
    """Exactly full, one too many on either side, the least room, the shortest texts."""
    sizes = [(4, 3, 10), (5, 3, 10), (4, 4, 10), (2, 2, 5), (1, 2, 5), (1, 1, 12)]
    markers = {"start": 40, "delimiter": 41, "end": 42}
    return [{"premise": [*range(a)], "hypothesis": [*range(20, 20 + b)], "n_ctx": n, **markers} for a, b, n in sizes]


CUT = Question(
    "08.1",
    "cut_pair",
    3,
    pair_inputs,
    cut_pair,
    (
        Wrong(premise_loses_its_end, "which end of the premise is kept?"),
        Wrong(hypothesis_loses_its_beginning, "which end of a hypothesis that is too long is kept?"),
        Wrong(without_the_markers, "print the length of your result beside n_ctx: what has not been counted?"),
        Wrong(no_premise_left, "try a hypothesis longer than n_ctx: what is left of the premise?"),
    ),
    pair_edges,
    n_cases=20,  # so that each kind of pair comes up
)

# --- 08.2 consistent under negation -------------------------------------------------------------------------------

TURNED = np.array([1, 0, 2])  # entailment and contradiction change places, neutral stays


def negation_inputs(rng):
    n = int(rng.integers(25, 40))
    labels = rng.integers(3, size=n)
    answers = np.where(rng.random(n) < 0.6, labels, rng.integers(3, size=n))
    answers_negated = np.where(rng.random(n) < 0.5, TURNED[answers], rng.integers(3, size=n))
    return {"answers": answers, "answers_negated": answers_negated, "labels": labels}


def share(what, among):
    return float(what[among].mean()) if among.any() else 0.0


def negation_edges():
    """No original answered rightly; a single pair, and all of them."""
    labels, one = np.array([0, 1, 2, 0], dtype=np.int32), np.array([2])
    return [
        {"answers": (labels + 1) % 3, "answers_negated": labels.copy(), "labels": labels},
        {"answers": one, "answers_negated": one.copy(), "labels": one.copy()},
        {"answers": labels, "answers_negated": TURNED[labels], "labels": labels.copy()},
    ]


def consistency(answers, answers_negated, labels):
    return share(answers_negated == TURNED[labels], answers == labels)


NEGATION = Question(
    "08.2",
    "consistency",
    2,
    negation_inputs,
    consistency,
    (
        Wrong(
            lambda answers, answers_negated, labels: float(
                ((answers == labels) & (answers_negated == TURNED[labels])).mean()
            ),
            "which pairs are you dividing by?",
        ),
        Wrong(
            lambda answers, answers_negated, labels: share(answers_negated != answers, answers == labels),
            'what should become of a pair whose label is "neutral", and may entailment become neutral?',
        ),
        Wrong(
            lambda answers, answers_negated, labels: float((answers_negated == TURNED[answers]).mean()),
            "a pair that was answered wrongly to begin with does not count here",
        ),
        Wrong(
            lambda answers, answers_negated, labels: share(answers_negated == labels, answers == labels),
            "what is the true label of a pair whose hypothesis was negated?",
        ),
    ),
    negation_edges,
    n_cases=8,
)

# --- 08.3 mistakes that cost --------------------------------------------------------------------------------------


def decide_inputs(rng):
    B, k = 12, int(rng.integers(3, 5))
    return {"P": rng.dirichlet(np.ones(k), size=B), "cost": rng.uniform(1, 10, size=(k, k)) * (1 - np.eye(k))}


def decide_edges():
    """Two labels; and answers that cost the same, in numbers that no computer rounds."""
    halves = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])
    equal = np.array([[4.0, 2.0, 2.0], [0.0, 4.0, 4.0], [8.0, 4.0, 4.0]])
    return [{"P": np.array([[0.75, 0.25]]), "cost": np.array([[0.0, 1.0], [5.0, 0.0]])}, {"P": halves, "cost": equal}]


def cheapest(expected):
    return expected.argmin(axis=-1), expected.min(axis=-1)


def likeliest(P, cost):
    answers = P.argmax(axis=-1)
    return answers, (P @ cost)[np.arange(len(P)), answers]


def dearest(P, cost):
    expected = P @ cost
    return expected.argmax(axis=-1), expected.max(axis=-1)


def cost_at_its_likeliest(P, cost):
    return cheapest(cost[P.argmax(axis=-1)])


DECIDE = Question(
    "08.3",
    "decide",
    2,
    decide_inputs,
    lambda P, cost: cheapest(P @ cost),
    (
        Wrong(lambda P, cost: cheapest(P @ cost.T), "which index of `cost` is the truth, and which the answer?"),
        Wrong(likeliest, "the costs have no effect on your answers"),
        Wrong(dearest, "is a cost something to be made large?"),
        Wrong(cost_at_its_likeliest, "your costs take the likeliest label for the truth; how sure is the model of it?"),
    ),
    decide_edges,
    n_cases=6,
)

# --- 08.4 McNemar's test ------------------------------------------------------------------------------------------


def mcnemar_inputs(rng):
    n = int(rng.integers(40, 80))
    skill, luck = rng.random(n), rng.random((2, n))  # the two models find the same pairs hard
    return {
        "right_a": (0.6 * skill + 0.4 * luck[0] > 0.55).astype(int),
        "right_b": (0.6 * skill + 0.4 * luck[1] > 0.35).astype(int),
    }


def mcnemar_edges():
    """b = c = 0; b = c = 2; only A is ever alone, and only B; and a single pair."""
    a, mixed, none = np.array([1, 0, 1, 1, 0]), np.array([0, 1, 0, 1, 1]), np.zeros(5, dtype=int)
    pairs = [(a, a.copy()), (a, mixed), (a, none), (none, a), (none[:1], a[:1])]
    return [{"right_a": x, "right_b": y} for x, y in pairs]


def disagreements(right_a, right_b):
    return int((right_a & (1 - right_b)).sum()), int(((1 - right_a) & right_b).sum())


def chi2_of(b, c, correction=1):
    return max(abs(b - c) - correction, 0) ** 2 / (b + c) if b + c else 0.0


def p_of(chi2):
    return math.erfc(math.sqrt(chi2 / 2))


def mcnemar(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = chi2_of(b, c)
    return b, c, chi2, p_of(chi2)


def uncorrected(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = chi2_of(b, c, correction=0)
    return b, c, chi2, p_of(chi2)


def exchanged(right_a, right_b):
    return mcnemar(right_b, right_a)


def one_sided(right_a, right_b):
    b, c, chi2, p = mcnemar(right_a, right_b)
    return b, c, chi2, p / 2


def over_all_pairs(right_a, right_b):
    b, c = disagreements(right_a, right_b)
    chi2 = max(abs(b - c) - 1, 0) ** 2 / len(right_a)
    return b, c, chi2, p_of(chi2)


MCNEMAR = Question(
    "08.4",
    "mcnemar",
    3,
    mcnemar_inputs,
    mcnemar,
    (
        Wrong(uncorrected, "b and c are right; read the numerator again"),
        Wrong(exchanged, "which model is right in the pairs that b counts?"),
        Wrong(one_sided, "the statistic is right; p is that of a difference in either direction"),
        Wrong(over_all_pairs, "b and c are right; do pairs that both models get right say which is better?"),
    ),
    mcnemar_edges,
    n_cases=9,
)

QUESTIONS = (CUT, NEGATION, DECIDE, MCNEMAR)

# --- 08.5 twenty examples that fool a bag of words ----------------------------------------------------------------

TELL = """
def tell(row):
    animals, things, names = ["cat", "dog"], ["ball", "key"], [["Paris", "Tokyo", "Cairo"], ["Anna", "Ben", "Clara"]]
    last, text = {}, []
    for subject, target, wording in np.reshape(row[:9], (3, 3)).tolist():
        if subject < 2:
            place, animal = names[0][target], animals[subject]
            said = [f"Off to {place} went the {animal}.", f"{place} welcomed the {animal}."]
        elif subject in last:
            giver, taker, thing = names[1][last[subject]], names[1][target], things[subject - 2]
            said = [f"{giver} gave {taker} the {thing}.", f"From {giver}, {taker} got the {thing}."]
        else:
            said = [f"{names[1][target]} {verb} the {things[subject - 2]}." for verb in ("took", "found")]
        last[subject] = target
        text.append(said[wording])
    subject, target, negated = [int(x) for x in row[9:]]
    name = names[subject // 2][target]
    verb = [["hosts", "has"], ["does not host", "does not have"]][negated][subject // 2]
    return " ".join(text), f"{name} {verb} the {(animals + things)[subject]}"
"""
BAG = """
def model(premise, hypothesis):
    weights = WEIGHTS
    seen = [word.strip(".,").lower() for word in premise.split()]
    asked = hypothesis.lower().split()
    score = sum(weights[0].get(word, 0) for word in seen) + sum(weights[1].get(word, 0) for word in asked)
    return score + sum(weights[2].get(word, 0) for word in asked if word in seen) > 0
"""
NAMES = ["paris", "tokyo", "cairo", "anna", "ben", "clara", "cat", "dog", "ball", "key"]
SEEN = [*NAMES, "off", "to", "went", "welcomed", "took", "found", "gave", "from", "got"]


def bag_inputs(rng):
    sets = [
        dict(zip(words, rng.normal(size=len(words)).round(2).tolist(), strict=True)) for words in (SEEN, NAMES, NAMES)
    ]
    sets[1] |= {"not": round(float(rng.normal()), 2)}
    return {"model": Program(BAG.replace("WEIGHTS", repr(sets)), "model"), "tell": Program(TELL, "tell")}


def valid_rows(seed=0):
    """Rows of the world, one after another: each with its label."""
    rng = np.random.default_rng(seed)
    while True:
        row = rng.integers(0, [4, 3, 2] * 4)
        events, last, happens = row[:9].reshape(3, 3).tolist(), {}, True
        for subject, target, _ in events:
            happens = happens and last.get(subject) != target
            last[subject] = target
        subject, target, negated = row[9:].tolist()
        named = {t for s, t, _ in events if s // 2 == subject // 2}
        if happens and subject in last and target in named:
            yield row, (last[subject] == target) != bool(negated)


def twenty(model, tell, fooled=True):
    found = {True: {}, False: {}}
    for row, label in valid_rows():
        if len(found[label]) < 10 and (not fooled or bool(model(*tell(row))) != label):
            found[label][tuple(row)] = label
        if sum(map(len, found.values())) == 20:
            return np.array([*found[True], *found[False]])


def fooling_pairs(model, tell):
    return twenty(model, tell)


def twenty_the_same(model, tell):
    return np.repeat(twenty(model, tell)[:1], 20, axis=0)


def nobody_moves(model, tell):
    rows = twenty(model, tell)
    rows[:, 3:5] = rows[:, :2]
    return rows


def one_label(model, tell):
    found = {}
    for row, label in valid_rows():
        if label and not model(*tell(row)):
            found[tuple(row)] = 1
        if len(found) == 20:
            return np.array(list(found))


FOOL = Question(
    "08.5",
    "fooling_pairs",
    3,
    bag_inputs,
    fooling_pairs,
    (
        Wrong(twenty_the_same, fooling.EQUAL),
        Wrong(nobody_moves, fooling.RULES),
        Wrong(lambda model, tell: twenty(model, tell, fooled=False), fooling.NOT_FOOLED),
        Wrong(one_label, fooling.UNBALANCED),
    ),
    n_cases=4,
    seconds=20,
    verify="fools_a_bag_of_words",
)

QUESTIONS += (FOOL,)
