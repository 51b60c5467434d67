"""The toy world's labelled data for the four tasks.

Labels depend mostly on order and roles; single words, such as "not", tell a little, see chapter 08.

A passage is the beginning of a story; what a task asks of it must be tracked through its events.
Every function takes a `random.Random` and returns one example in the shape its format reads (see `formats.py`).
"""

import random

from minigpt.data import world
from minigpt.data.world_grammar import STATEMENTS, truth
from minigpt.data.world_words import LANGUAGES, fill, sort_of, statement
from minigpt.support.errors import InputError

MOST_DRAWS = 1_000  # for each new example, on average
LABELS = {True: "entailment", False: "contradiction"}


def passage(rng, language, least=3, most=5):
    """The beginning of a story: its text and its sentences."""
    sentences = world.walk(rng, rng.randint(least, most), language)
    return world.joined((s.text for s in sentences), language), sentences


def named(sentences):
    """Which people, animals, places and things the sentences name, as pairs like ("person", 0)."""
    names = set()
    for s in sentences:
        args = s.args["statement"][1] if "statement" in s.args else s.args
        names |= {(sort_of(slot), i) for slot, i in args.items()}
    return names


def single_text(rng, language="en"):
    """Does the last sentence of a story fit what was said before? All its names occurred."""
    example = entailment(rng, language)
    text = world.joined([example["premise"], example["hypothesis"]], language)
    return {"text": text, "label": "fits" if example["label"] == "entailment" else "clashes"}


def statements_about(sentences, meant):
    """The statements that are true, or false, after the sentences, and whose names all occur in them."""
    return [s for s in STATEMENTS if truth(sentences[-1].state, *s) is meant and set(s[1].items()) <= named(sentences)]


def entailment(rng, language="en"):
    """Does the hypothesis follow from the premise or contradict it? All its names occur in the premise."""
    meant = rng.choice(list(LABELS))
    while True:
        text, sentences = passage(rng, language)
        fitting = statements_about(sentences, meant)
        if fitting:
            return {"premise": text, "hypothesis": statement(language, *rng.choice(fitting)), "label": LABELS[meant]}


def similarity(rng, language="en"):
    """Do a story and a summary say the same? The summary's two statements both follow, or both contradict."""
    meant = rng.choice((True, False))
    while True:
        text, sentences = passage(rng, language)
        fitting = statements_about(sentences, meant)
        if len(fitting) >= 2:
            break
    summary = [statement(language, *s) + LANGUAGES[language]["stop"] for s in rng.sample(fitting, 2)]
    texts = [text, world.joined(summary, language)]
    rng.shuffle(texts)
    return {"a": texts[0], "b": texts[1], "label": "same" if meant else "different"}


def said(sentences):
    """The statements that the sentences make, deny or ask, as `(kind, arguments)`."""
    return [s.args["statement"] for s in sentences if "statement" in s.args]


def multiple_choice(rng, language="en"):
    """A question on the passage, an option for each name in it that could answer; the true one stands nowhere in it."""
    names = LANGUAGES[language]
    while True:
        text, sentences = passage(rng, language)
        true = [s for s in STATEMENTS if s[0] in ("is_in", "has") and truth(sentences[-1].state, *s)]
        kind, args = rng.choice(true)
        slot = "place" if kind == "is_in" else "person"
        wrong = [i for sort, i in sorted(named(sentences)) if sort == slot and i != args[slot]]
        if wrong and (kind, args) not in said(sentences):
            break
    answers = rng.sample([args[slot], *wrong], 1 + len(wrong))
    if kind == "is_in":
        question = fill(language, names["where"], animal=args["animal"])
    else:
        question = fill(language, names["who"], thing=args["thing"])
    options = [statement(language, kind, args | {slot: i}) for i in answers]
    return {"passage": text, "question": question, "options": options, "label": answers.index(args[slot])}


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
        example = TASKS[task](rng, language)
        if texts_of(example) not in seen:
            seen.add(texts_of(example))
            drawn.append(example)
        if len(drawn) == n:
            return drawn
    raise InputError(f"the toy world has no {n} examples of {task} that differ; ask for fewer")
