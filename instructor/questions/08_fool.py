"""Question 08.5: twenty examples that fool a bag of words."""

from itertools import islice

import numpy as np

from minigpt.grading import fooling
from minigpt.grading.question import Program, Question, Wrong

ENDING = """    subject, target, negated = [int(x) for x in row[9:]]
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
    """A model that gives either answer to a quarter of 200 pairs or more: one that always says No is right there."""
    tell = fooling.teller(9, ENDING)
    told = [tell(row) for row, _ in islice(valid_rows(), 200)]
    while True:
        model = drawn_bag(rng)
        if 50 <= sum(model(*pair) for pair in told) <= 150:
            return {"model": model, "tell": tell}


def drawn_bag(rng):
    sets = [
        dict(zip(words, rng.normal(size=len(words)).round(2).tolist(), strict=True)) for words in (SEEN, NAMES, NAMES)
    ]
    sets[1] |= {"not": round(float(rng.normal()), 2)}
    return Program(BAG.replace("WEIGHTS", repr(sets)), "model")


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

QUESTIONS = (FOOL,)
