"""The toy world: people, places and things, told in sentences whose probability is known exactly.

    P(story) = prod_i P(end or go on | i) P(sentence_i | state_i)

A story is a walk through states (who is where, who has what, as far as the text has told). `sentences(state)` lists
every sentence that may come next with its probability: kind, then arguments, then wording. No sentence is the
beginning of another, so a text has one derivation; its log probability is a sum, and the true distribution of the
next word is a sum over the sentences that fit so far. No honest model beats that floor of eq. (1) on average.
"""

import math
import random
from collections import defaultdict
from functools import cache, partial
from itertools import accumulate
from typing import NamedTuple

from minigpt import words
from minigpt.data.world_words import LANGUAGES, N_PEOPLE, N_PLACES, N_THINGS, phrase
from minigpt.files import InputError

MIN_SENTENCES, MAX_SENTENCES = 3, 6  # a story's number of sentences is uniform between these
END = "<e>"  # stands for the end of the story in next_word

PEOPLE, PLACES, THINGS = range(N_PEOPLE), range(N_PLACES), range(N_THINGS)


class State(NamedTuple):
    """What the text has told: each person's place and each thing's holder, None where it has not."""

    place: tuple = (None,) * N_PEOPLE
    holder: tuple = (None,) * N_THINGS


class Sentence(NamedTuple):
    probability: float
    text: str
    state: State  # the state after it
    kind: str
    args: dict


def put(values, index, value):
    return (*values[:index], value, *values[index + 1 :])


# --- events change the state ------------------------------------------------------------------------------


def move(state):
    for p in PEOPLE:
        for l in PLACES:  # noqa: E741
            if state.place[p] != l:
                yield {"p": p, "l": l}, state._replace(place=put(state.place, p, l))


def take(state):
    for x in THINGS:
        if state.holder[x] is None:
            for p in PEOPLE:
                yield {"p": p, "x": x}, state._replace(holder=put(state.holder, x, p))


def give(state):
    for x in THINGS:
        for q in PEOPLE:
            p = state.holder[x]
            if p is not None and p != q:
                yield {"p": p, "x": x, "q": q}, state._replace(holder=put(state.holder, x, q))


EVENTS = {"move": move, "take": take, "give": give}

# --- statements are true, false or open; they change nothing -----------------------------------------------


def statements():
    """All statements: (kind, arguments)."""
    for kind in ("is_in", "not_in"):
        yield from ((kind, {"p": p, "l": l}) for p in PEOPLE for l in PLACES)  # noqa: E741
    for kind in ("has", "has_not"):
        yield from ((kind, {"p": p, "x": x}) for p in PEOPLE for x in THINGS)


def truth(state, kind, args):
    """True, False, or None where the text has not told."""
    if kind in ("is_in", "not_in"):
        told, meant = state.place[args["p"]], args["l"]
    else:
        told, meant = state.holder[args["x"]], args["p"]
    return None if told is None else (told == meant) == (kind in ("is_in", "has"))


STATEMENTS = list(statements())


def fact(state):
    for kind, args in STATEMENTS:
        if kind in ("is_in", "has") and truth(state, kind, args):
            yield {"statement": (kind, args)}, state


def negation(state):
    for kind, args in STATEMENTS:
        if kind in ("not_in", "has_not") and truth(state, kind, args):
            yield {"statement": (kind, args)}, state


def check(state, answer):
    """A statement as a question, and its answer: true or false."""
    for kind, args in STATEMENTS:
        if truth(state, kind, args) is answer:
            yield {"statement": (kind, args), "truth": answer}, state


def where(state):
    for p in PEOPLE:
        if state.place[p] is not None:
            yield {"p": p, "l": state.place[p]}, state


def who(state):
    for x in THINGS:
        if state.holder[x] is not None:
            yield {"x": x, "p": state.holder[x]}, state


CHECKS = {"check_true": partial(check, answer=True), "check_false": partial(check, answer=False)}
KINDS = EVENTS | {"fact": fact, "negation": negation, "where": where, "who": who} | CHECKS
WEIGHTS = {"move": 3, "take": 3, "give": 3, "fact": 3, "negation": 2, "where": 3, "who": 3}
WEIGHTS |= {"check_true": 3, "check_false": 3}


@cache
def sentences(state, language="en", kinds=tuple(KINDS)):
    """Every sentence that may come next, with its probability.

        P(sentence | state) = weight(kind) / sum of allowed weights / number of arguments / number of wordings

    >>> for s in sentences(State(), kinds=("take",))[:2]:
    ...     print(f"{s.probability:.3f} {s.text}")
    0.056 Anna took the ball.
    0.056 Anna picked up the ball.
    """
    options = {kind: list(KINDS[kind](state)) for kind in kinds}
    total = sum(WEIGHTS[kind] for kind in kinds if options[kind])
    found = []
    for kind in kinds:
        for args, after in options[kind]:
            texts = phrase(language, kind, args)
            probability = WEIGHTS[kind] / total / len(options[kind]) / len(texts)
            found += [Sentence(probability, text, after, kind, args) for text in texts]
    return found


def walk(rng, n_sentences, language="en", kinds=tuple(KINDS)):
    """Draw `n_sentences` sentences from the empty state; `rng` is a `random.Random`."""
    state, told = State(), []
    for _ in range(n_sentences):
        options, cumulative = cumulated(state, language, kinds)
        told += rng.choices(options, cum_weights=cumulative)
        state = told[-1].state
    return told


@cache
def cumulated(state, language, kinds):
    options = sentences(state, language, kinds)
    return options, list(accumulate(s.probability for s in options))


def told_text(sentences, language):
    """Sentences as one text: a space between them in English, none in Chinese."""
    return LANGUAGES[language]["space"].join(sentences)


def stories(n, seed, language="en"):
    """Draw `n` stories, the text of pre-training.

    >>> stories(1, seed=0) == stories(2, seed=0)[:1]
    True
    """
    if language not in LANGUAGES:
        raise InputError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    rng = random.Random(f"stories {seed}")
    told = (walk(rng, rng.randint(MIN_SENTENCES, MAX_SENTENCES), language) for _ in range(n))
    return [told_text((s.text for s in story), language) for story in told]


# --- exact probabilities ------------------------------------------------------------------------------------


@cache
def cut_sentences(state, language):
    return [(words.split(s.text), s.probability, s.state) for s in sentences(state, language)]


def go_on(n_told):
    """P(another sentence | n_told sentences so far)."""
    if n_told < MIN_SENTENCES:
        return 1.0
    return (MAX_SENTENCES - n_told) / (MAX_SENTENCES - n_told + 1)


def next_word(prefix, language="en"):
    """The true distribution of the word after the words `prefix`, and log P(prefix).

    Returns:
        dict from word (or END) to probability, and the natural logarithm of P(prefix).
    Raises:
        InputError: if no story of this world begins with `prefix`.

    >>> distribution, log_p = next_word(["Anna", "took", "the"])
    >>> sorted(distribution), round(sum(distribution.values()), 9)
    (['ball', 'book', 'key'], 1.0)
    """
    state, n_told, log_p, rest = State(), 0, 0.0, list(prefix)
    while True:
        fitting = [s for s in cut_sentences(state, language) if s[0][: len(rest)] == rest[: len(s[0])]]
        if (n_told == MAX_SENTENCES and rest) or not fitting:
            raise InputError(f"no story of the {language} world has {words.join(rest)!r} after {n_told} sentences")
        whole = [s for s in fitting if len(s[0]) <= len(rest)]
        if not whole:
            break
        ((told, probability, state),) = whole
        log_p += math.log(go_on(n_told) * probability)
        n_told, rest = n_told + 1, rest[len(told) :]
    distribution = defaultdict(float)
    for told, probability, _ in fitting:
        distribution[told[len(rest)]] += probability
    inside = sum(distribution.values())  # P(the unfinished sentence begins like this)
    if rest:
        return {w: p / inside for w, p in distribution.items()}, log_p + math.log(go_on(n_told) * inside)
    ended = 1 - go_on(n_told)
    distribution = {w: p * (1 - ended) for w, p in distribution.items() if ended < 1}
    return distribution | ({END: ended} if ended else {}), log_p


def log_probability(story, language="en"):
    """log P(story), its end included: minus the floor of eq. (1) for this text."""
    distribution, log_p = next_word(words.split(story), language)
    if END not in distribution:
        raise InputError(f"{story!r} is not a whole story of the {language} world")
    return log_p + math.log(distribution[END])


def floor(texts, language="en"):
    """Nats per token (a word, or the end) of the true model on `texts`: no honest model is below it on average."""
    return -sum(log_probability(t, language) for t in texts) / sum(len(words.split(t)) + 1 for t in texts)
