"""Homework 08, entailment: cutting a pair, testing "not", deciding when mistakes cost, and comparing two models."""

import numpy as np

from minigpt.grading.question import Question, Wrong

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

QUESTIONS = (CUT, NEGATION, DECIDE)
