"""The toy world's labelled data for the four tasks: labels hang on order and roles, not on which words occur.

A passage is the beginning of a story; what a task asks of it must be tracked through its events.
Every function takes a `random.Random` and returns one example in the shape its format reads (see `formats.py`).
"""

import random

from minigpt.data import world
from minigpt.data.world import told_text
from minigpt.data.world_grammar import EVENTS, STATEMENTS, State, truth
from minigpt.data.world_words import LANGUAGES, fill, phrase, statement
from minigpt.files import InputError

LABELS = {True: "entailment", False: "contradiction"}


def passage(rng, language, least=3, most=5):
    """The beginning of a story: its text and its sentences."""
    told = world.walk(rng, rng.randint(least, most), language)
    return told_text((s.text for s in told), language), told


def named(told):
    """Which people, animals, places and things the sentences name, as pairs like ("p", 0)."""
    found = set()
    for s in told:
        args = s.args["statement"][1] if "statement" in s.args else s.args
        found |= {("p" if slot == "q" else slot, i) for slot, i in args.items()}
    return found


def single_text(rng, language="en"):
    """Does the last sentence of a story fit what was told before? All its names occurred."""
    example = entailment(rng, language)
    text = told_text([example["premise"], example["hypothesis"]], language)
    return {"text": text, "label": "fits" if example["label"] == "entailment" else "clashes"}


def entailment(rng, language="en"):
    """Does the hypothesis follow from the premise or contradict it? All its names occur in the premise."""
    meant = rng.choice(list(LABELS))
    while True:
        text, told = passage(rng, language)
        fitting = [s for s in STATEMENTS if truth(told[-1].state, *s) is meant and set(s[1].items()) <= named(told)]
        if fitting:
            return {"premise": text, "hypothesis": statement(language, *rng.choice(fitting)), "label": LABELS[meant]}


def replay(events):
    """The state after `events`, a list of (kind, args); None if one of them could not happen."""
    state = State()
    for kind, args in events:
        after = [new for possible, new in EVENTS[kind](state) if possible == args]
        if not after:
            return None
        (state,) = after
    return state


def exchanges(events):
    """Every way to exchange two arguments of the same sort: the very same words, in other roles."""
    slots = [(i, slot) for i, (_, args) in enumerate(events) for slot in args]
    for at, (i, one) in enumerate(slots):
        for j, other in slots[at + 1 :]:
            if (one in "pq") == (other in "pq") and (one in "pq" or one == other):
                changed = [(kind, dict(args)) for kind, args in events]
                changed[i][1][one], changed[j][1][other] = events[j][1][other], events[i][1][one]
                yield changed


def similarity(rng, language="en"):
    """Do two texts tell the same? Either the same events in other wordings, or other events in the same words."""
    while True:
        told = world.walk(rng, 2, language, tuple(EVENTS))
        events = [(s.kind, s.args) for s in told]
        others = [e for e in exchanges(events) if replay(e) not in (None, told[-1].state)]
        if others:
            break
    same = rng.random() < 0.5
    b = a = told_text((s.text for s in told), language)
    while b == a:
        retold = events if same else rng.choice(others)
        b = told_text((rng.choice(phrase(language, *event)) for event in retold), language)
    return {"a": a, "b": b, "label": "same" if same else "different"}


def said(told):
    """The statements that the sentences make, deny or ask, as `(kind, arguments)`."""
    return [s.args["statement"] for s in told if "statement" in s.args]


def multiple_choice(rng, language="en"):
    """A question on the passage, an option for each name in it that could answer; the true one stands nowhere in it."""
    names = LANGUAGES[language]
    while True:
        text, told = passage(rng, language)
        true = [s for s in STATEMENTS if s[0] in ("is_in", "has") and truth(told[-1].state, *s)]
        kind, args = rng.choice(true)
        slot = "l" if kind == "is_in" else "p"
        wrong = [i for sort, i in sorted(named(told)) if sort == slot and i != args[slot]]
        if wrong and (kind, args) not in said(told):
            break
    answers = rng.sample([args[slot], *wrong], 1 + len(wrong))
    question = (
        fill(language, names["where"], a=args["a"]) if kind == "is_in" else fill(language, names["who"], x=args["x"])
    )
    options = [statement(language, kind, args | {slot: i}) for i in answers]
    return {"passage": text, "question": question, "options": options, "label": answers.index(args[slot])}


TASKS = {f.__name__: f for f in (single_text, entailment, similarity, multiple_choice)}


def examples(task, n, seed, language="en"):
    """Draw `n` labelled examples of a task; another seed gives fresh ones.

    >>> examples("multiple_choice", 1, seed=0) == examples("multiple_choice", 2, seed=0)[:1]
    True
    """
    if task not in TASKS:
        raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}")
    if language not in LANGUAGES:
        raise InputError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    rng = random.Random(f"{task} {seed}")
    return [TASKS[task](rng, language) for _ in range(n)]
