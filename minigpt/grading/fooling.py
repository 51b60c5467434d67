"""Examples that fool a model: twenty rows of numbers, read as small stories, on all of which it is wrong.

    event (subject, target, wording)     subject 0, 1 an animal, 2, 3 a thing; target 0, 1, 2 a place, or a person
    row   three events and a hypothesis (subject, target, negated), or four events and what is asked

An animal goes to another place than where it is; a thing is taken by a person if nobody has it, else given to another.
What is true at the end follows from the events alone, so a label is never a matter of opinion.
"""

import numpy as np

from minigpt.data.world_words import LANGUAGES, fill, statement
from minigpt.grading.question import Program

N = 20
ANIMALS = 2  # subjects below are animals, the others things
LEAST = 5  # rows of each label, of three; of two labels there must be ten each
EQUAL, RULES, NOT_FOOLED, UNBALANCED = (
    "Two examples are the same; think of a way to draw new ones.\n有两个例子相同；想办法造出新的。",
    "A row breaks the rules: an animal goes to ANOTHER place, a thing is given to ANOTHER person.\n"
    "有一行违反规则：动物要去另一个地方，东西要给另一个人。",
    "The model is right here. It knows which words occur, not what happened last: use that.\n"
    "这里模型是对的。它只知道出现了哪些词，不知道最后发生了什么：利用这一点。",
    "One label is too rare. Otherwise a model that always gives the same answer would be fooled by these too.\n"
    "某个标签太少。否则一个永远给同一答案的模型也会被这些例子难倒。",
)


TELL = """
def tell(row):
    animals, things, names = ["cat", "dog"], ["ball", "key"], [["Paris", "Tokyo", "Cairo"], ["Anna", "Ben", "Clara"]]
    last, text = {}, []
    for subject, target, wording in np.reshape(row[:COLUMNS], (-1, 3)).tolist():
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
"""  # `entailment_texts` and `choice_texts` for students: with NumPy alone


def teller(n_columns, ending):
    """The Program `tell(row)`: events as text, from `n_columns` of the row's numbers; `ending` returns what it says."""
    return Program(TELL.replace("COLUMNS", str(n_columns)) + ending, "tell")


def outcome(events):
    """{subject: target} after events [(subject, target, wording)]; None if one breaks the rules."""
    state = {}
    for subject, target, _ in events:
        if state.get(subject) == target:
            return None
        state[subject] = target
    return state


def told(events):
    """The events as the toy world's text."""
    state, text = {}, []
    for subject, target, wording in events:
        if subject < ANIMALS:
            kind, names = "move", {"place": target, "animal": subject}
        elif subject in state:
            kind, names = "give", {"person": state[subject], "receiver": target, "thing": subject - ANIMALS}
        else:
            kind, names = "take", {"person": target, "thing": subject - ANIMALS}
        text.append(fill("en", LANGUAGES["en"][kind][wording], **names))
        state[subject] = target
    return " ".join(text)


def events_of(row, n):
    return [tuple(int(x) for x in row[3 * i : 3 * i + 3]) for i in range(n)]


def entailment_texts(row):
    """A row of homework 08's last question as texts.

    >>> entailment_texts([0, 0, 1, 0, 1, 1, 2, 0, 0, 0, 0, 1])
    ('Paris welcomed the cat. Tokyo welcomed the cat. Anna took the ball.', 'Paris does not host the cat')
    """
    subject, target, negated = (int(x) for x in row[9:])
    if subject < ANIMALS:
        said = statement("en", "not_in" if negated else "is_in", {"place": target, "animal": subject})
    else:
        said = statement("en", "has_not" if negated else "has", {"person": target, "thing": subject - ANIMALS})
    return told(events_of(row, 3)), said


def choice_texts(row):
    """A row of homework 10's last question as texts: passage, question, three options.

    >>> choice_texts([0, 0, 1, 0, 1, 1, 0, 2, 1, 0, 0, 1, 0])[1:]
    ('Where is the cat?', ['Paris hosts the cat', 'Tokyo hosts the cat', 'Cairo hosts the cat'])
    """
    subject = int(row[12])
    if subject < ANIMALS:
        kind, slot, names = "is_in", "place", {"animal": subject}
        asked = fill("en", LANGUAGES["en"]["where"], **names)
    else:
        kind, slot, names = "has", "person", {"thing": subject - ANIMALS}
        asked = fill("en", LANGUAGES["en"]["who"], **names)
    return told(events_of(row, 4)), asked, [statement("en", kind, names | {slot: i}) for i in range(3)]


def fools_a_bag_of_words(arguments, parts, student=None):
    """Twenty different valid rows, ten labels of each kind, and `model(premise, hypothesis)` wrong on each?"""
    columns = [4, 3, 2] * 3 + [4, 3, 2]
    rows, complaint = readable(parts, columns)
    if complaint:
        return complaint
    labels = []
    for n, row in enumerate(rows):
        state = outcome(events_of(row, 3))
        subject, target, negated = row[9:]
        named = [e[1] for e in events_of(row, 3) if (e[0] < ANIMALS) == (subject < ANIMALS)]
        if state is None or subject not in state or target not in named:
            return f"row {n} {row.tolist()} is no example: its names must occur in it, and its events happen", RULES
        labels.append((state[subject] == target) != bool(negated))
        if bool(arguments["model"](*entailment_texts(row))) == labels[-1]:
            return f"row {n} {entailment_texts(row)}: the model says {labels[-1]}, and that is right", NOT_FOOLED
    if sum(labels) != N // 2:
        return f"{sum(labels)} of {N} hypotheses follow; {N // 2} must", UNBALANCED
    return None


def fools_word_overlap(arguments, parts, student=None):
    """Twenty different valid rows, each answer in five at least, `model(passage, question, options)` wrong on each?"""
    columns = [4, 3, 2] * 4 + [4]
    rows, complaint = readable(parts, columns)
    if complaint:
        return complaint
    labels = []
    for n, row in enumerate(rows):
        state = outcome(events_of(row, 4))
        if state is None or row[12] not in state:
            return f"row {n} {row.tolist()} is no example: its events must happen, and tell what is asked", RULES
        labels.append(state[row[12]])
        if int(arguments["model"](*choice_texts(row))) == labels[-1]:
            return f"row {n} {choice_texts(row)[:2]}: the model says option {labels[-1]}, and that is right", NOT_FOOLED
    counts = np.bincount(labels, minlength=3)
    if counts.min() < LEAST:
        return (
            f"the answers are options 0, 1, 2 in {counts.tolist()} rows; each must be in {LEAST} at least",
            UNBALANCED,
        )
    return None


def readable(parts, columns):
    """The one part as rows of whole numbers below `columns`, all different; and a complaint, if there is one."""
    (rows, *more), shape = parts, (N, len(columns))
    if more or rows.shape != shape:
        return None, (f"the result has shape {rows.shape}{' and more' * bool(more)}, it should have {shape}", "")
    if not (
        np.isfinite(rows).all() and (rows == np.round(rows)).all() and (rows >= 0).all() and (rows < columns).all()
    ):
        return None, (f"the columns hold whole numbers from 0, below {columns}", RULES)
    if len(np.unique(rows, axis=0)) < N:
        return None, (f"only {len(np.unique(rows, axis=0))} of {N} rows differ", EQUAL)
    return rows.astype(int), None
