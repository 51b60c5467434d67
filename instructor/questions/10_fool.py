"""Question 10.5: twenty questions that fool word overlap."""

import numpy as np

from minigpt.grading import fooling
from minigpt.grading.question import Program, Question, Wrong

ENDING = """    asked = int(row[12])
    sort, what = asked // 2, (animals + things)[asked]
    options = [f"{name} {['hosts', 'has'][sort]} the {what}" for name in names[sort]]
    return " ".join(text), [f"Where is the {what}?", f"Who has the {what}?"][sort], options
"""
OVERLAP = """
def model(passage, question, options):
    weights = WEIGHTS
    seen = [word.strip(".,") for word in passage.split()]
    scores = [sum(weights.get(word, 0) * seen.count(word) for word in option.split()) for option in options]
    return scores.index(max(scores))
"""


def overlap_inputs(rng):
    names = ["Paris", "Tokyo", "Cairo", "Anna", "Ben", "Clara"]
    weights = dict(zip(names, rng.uniform(0.6, 1.6, len(names)).round(2).tolist(), strict=True))
    return {"model": Program(OVERLAP.replace("WEIGHTS", repr(weights)), "model"), "tell": fooling.teller(12, ENDING)}


def rows_of_the_world():
    """Rows that happen, one after another: each with its answer."""
    rng = np.random.default_rng(0)
    while True:
        row, last, happens = rng.integers(0, [4, 3, 2] * 4 + [4]), {}, True
        for subject, target, _ in row[:12].reshape(4, 3).tolist():
            happens = happens and last.get(subject) != target
            last[subject] = target
        if happens and int(row[12]) in last:
            yield row, last[int(row[12])]


def chosen(model, tell, most, fooled=True):
    """Twenty rows, of each answer at most so many."""
    found = [{}, {}, {}]
    for row, label in rows_of_the_world():
        if len(found[label]) < most[label] and (not fooled or model(*tell(row)) != label):
            found[label][tuple(row)] = label
        if sum(map(len, found)) == 20:
            return np.array([row for rows in found for row in rows])


def fooling_questions(model, tell):
    return chosen(model, tell, (7, 7, 6))


def one_again_and_again(model, tell):
    return np.repeat(chosen(model, tell, (7, 7, 6))[:1], 20, axis=0)


def nothing_happens(model, tell):
    rows = chosen(model, tell, (7, 7, 6))
    rows[:, 3:5] = rows[:, :2]
    return rows


FOOL = Question(
    "10.5",
    "fooling_questions",
    3,
    overlap_inputs,
    fooling_questions,
    (
        Wrong(one_again_and_again, fooling.EQUAL),
        Wrong(nothing_happens, fooling.RULES),
        Wrong(lambda model, tell: chosen(model, tell, (7, 7, 6), fooled=False), fooling.NOT_FOOLED),
        Wrong(lambda model, tell: chosen(model, tell, (14, 4, 4)), fooling.UNBALANCED),
    ),
    n_cases=4,
    seconds=20,
    verify="fools_word_overlap",
)

QUESTIONS = (FOOL,)
