"""The toy world's labelled data for the four tasks: what is so at the end of a few events?

A passage tells events only, so that what a task asks stands nowhere in it. Single texts and hypotheses come in pairs, a
statement and its negation after one passage: neither the passage nor "not" gives a label away.
Every task takes a `random.Random` and returns examples in the shape its format reads (see `formats.py`).
"""

import random

from minigpt.data import world
from minigpt.data.world_grammar import ANIMALS, EVENTS, NEGATED, STATEMENTS, THINGS, State, sentences, truth
from minigpt.data.world_words import LANGUAGES, fill, sort_of, statement
from minigpt.support.errors import InputError

MOST_DRAWS = 1_000  # for each new example, on average
SUBJECTS = [*(("animal", i) for i in ANIMALS), *(("thing", i) for i in THINGS)]  # what has a place, or a holder
KINDS = tuple(EVENTS)


def text_of(sentences, language):
    return world.joined((s.text for s in sentences), language)


def passage(rng, language, least=3, most=5):
    """A few events: the beginning of a story."""
    return world.walk(rng, rng.randint(least, most), language, KINDS)


def statements_about(sentences, meant):
    """The positive statements that are true, or false, after these events, and whose names all occur in them."""
    names = {(sort_of(slot), i) for s in sentences for slot, i in s.args.items()}
    return [
        (kind, args)
        for kind, args in STATEMENTS
        if kind in NEGATED and truth(sentences[-1].state, kind, args) is meant and args.items() <= names
    ]


def judged(rng, language):
    """A passage with a statement and its negation, and which of the two is true: (text, statement, bool), twice."""
    while True:
        events = passage(rng, language)
        true, false = (statements_about(events, meant) for meant in (True, False))
        if true and false:  # so that a passage does not tell which of the two is asked
            break
    meant = rng.choice((True, False))
    kind, args = rng.choice(true if meant else false)
    pair = [(kind, meant), (NEGATED[kind], not meant)]
    rng.shuffle(pair)
    return [(text_of(events, language), statement(language, kind, args), so) for kind, so in pair]


def single_text(rng, language="en"):
    """Does the last sentence of a story fit what was said before?"""
    return [
        {"text": world.joined([text, last], language), "label": "fits" if so else "clashes"}
        for text, last, so in judged(rng, language)
    ]


def entailment(rng, language="en"):
    """Does the hypothesis follow from the premise or contradict it?"""
    return [
        {"premise": text, "hypothesis": hypothesis, "label": "entailment" if so else "contradiction"}
        for text, hypothesis, so in judged(rng, language)
    ]


def events_about(rng, subject, language):
    """Two or three events about one animal or thing, with two or three places or people in them."""
    state, events = State(), []
    for _ in range(rng.randint(2, 3)):
        fitting = [s for s in sentences(state, language, KINDS) if subject in s.args.items()]
        events += rng.choices(fitting, [s.probability for s in fitting])
        state = events[-1].state
    return events


def accounts(rng, language, agree):
    """Two accounts of one scene. Each tells one subject by its events, and closes with a statement about the other's.

    Args:
        agree: for each of the two subjects, whether the statement about it is true.
    Returns:
        two texts, in any order.
    """
    first, second = (events_about(rng, subject, language) for subject in rng.sample(SUBJECTS, 2))
    closings = [
        statement(language, *rng.choice(statements_about(events, meant)))
        for events, meant in zip((first, second), agree, strict=True)
    ]
    texts = [
        world.joined([text_of(events, language), closing], language)
        for events, closing in zip((first, second), closings[::-1], strict=True)
    ]
    rng.shuffle(texts)
    return texts


def similarity(rng, language="en"):
    """Do two accounts end in the same state? Read as a, b, only b's statement comes after the events it is about."""
    same = rng.choice((True, False))
    a, b = accounts(rng, language, (True, True) if same else rng.choice(((True, False), (False, True))))
    return [{"a": a, "b": b, "label": "same" if same else "different"}]


def multiple_choice(rng, language="en"):
    """A question on the passage, with an option for each name in it that could answer."""
    while True:
        events = passage(rng, language)
        kind, args = rng.choice(statements_about(events, True))
        slot, asked, subject = ("place", "where", "animal") if kind == "is_in" else ("person", "who", "thing")
        names = {i for s in events for sort, i in s.args.items() if sort_of(sort) == slot}
        if len(names) > 1:
            break
    answers = rng.sample(sorted(names), len(names))
    return [
        {
            "passage": text_of(events, language),
            "question": fill(language, LANGUAGES[language][asked], **{subject: args[subject]}),
            "options": [statement(language, kind, args | {slot: i}) for i in answers],
            "label": answers.index(args[slot]),
        }
    ]


TASKS = {f.__name__: f for f in (single_text, entailment, similarity, multiple_choice)}


def texts_of(example):
    """The example's texts as a set: whatever the order of the options, or of a and b, it is the same example."""
    values = (value for column, value in example.items() if column != "label")
    return frozenset(text for value in values for text in (value if isinstance(value, list) else [value]))


def examples(task, n, seed, language="en", without=()):
    """Draw `n` labelled examples of a task, no two the same and none of those in `without`.

    Test examples are drawn `without` the training examples: so small a world repeats itself, and what was learnt by
    heart says nothing.

    Raises:
        InputError: for an unknown task or language, or if the world has not so many examples.

    >>> examples("multiple_choice", 1, seed=0) == examples("multiple_choice", 2, seed=0)[:1]
    True
    """
    if task not in TASKS:
        raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}, nor text")
    if language not in LANGUAGES:
        raise InputError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    rng = random.Random(f"{task} {seed}")
    seen, drawn = set(map(texts_of, without)), []
    for _ in range(MOST_DRAWS * n):
        new = TASKS[task](rng, language)
        if seen.isdisjoint(map(texts_of, new)):
            seen.update(map(texts_of, new))
            drawn += new
        if len(drawn) >= n:
            return drawn[:n]
    raise InputError(f"the toy world has no {n} examples of {task} that differ; ask for fewer")
