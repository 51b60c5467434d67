"""The toy world's grammar: which sentences may come next in a state, and how probable each is.

    P(sentence | state) = weight(kind) / (sum of allowed weights * ways to fill the kind * wordings)

Events change the state. Descriptions, claims, and questions with their answers say what it is: a claim that is false
is put right at once ("Paris hosts the cat. No, Tokyo does."), so that a reader who keeps track knows when "No" comes.
"""

from functools import cache, partial
from typing import NamedTuple

from minigpt.data.world_words import N_ANIMALS, N_PEOPLE, N_PLACES, N_THINGS, phrase

PEOPLE, ANIMALS, PLACES, THINGS = map(range, (N_PEOPLE, N_ANIMALS, N_PLACES, N_THINGS))


class State(NamedTuple):
    """What the text has said: each animal's place and each thing's holder, None where it has not."""

    place: tuple = (None,) * N_ANIMALS
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
    for animal in ANIMALS:
        for place in PLACES:
            if state.place[animal] != place:
                yield {"animal": animal, "place": place}, state._replace(place=put(state.place, animal, place))


def take(state):
    for thing in THINGS:
        if state.holder[thing] is None:
            for person in PEOPLE:
                yield {"person": person, "thing": thing}, state._replace(holder=put(state.holder, thing, person))


def give(state):
    for thing in THINGS:
        for receiver in PEOPLE:
            person = state.holder[thing]
            if person is not None and person != receiver:
                after = state._replace(holder=put(state.holder, thing, receiver))
                yield {"person": person, "thing": thing, "receiver": receiver}, after


EVENTS = {"move": move, "take": take, "give": give}

# --- statements are true, false or open; they change nothing -----------------------------------------------


def statements():
    """All statements: (kind, arguments)."""
    for kind in ("is_in", "not_in"):
        yield from ((kind, {"animal": animal, "place": place}) for animal in ANIMALS for place in PLACES)
    for kind in ("has", "has_not"):
        yield from ((kind, {"person": person, "thing": thing}) for person in PEOPLE for thing in THINGS)


def truth(state, kind, args):
    """True, False, or None where the text does not say."""
    if kind in ("is_in", "not_in"):
        known, stated = state.place[args["animal"]], args["place"]
    else:
        known, stated = state.holder[args["thing"]], args["person"]
    if known is None:
        return None
    return known == stated if kind in ("is_in", "has") else known != stated


STATEMENTS = list(statements())
NEGATED = {"is_in": "not_in", "has": "has_not"}  # of each positive kind
ANY = (*NEGATED, *NEGATED.values())


# --- what else a text says changes nothing -----------------------------------------------------------------


def where(state):
    """Each animal whose place is known."""
    for animal in ANIMALS:
        if state.place[animal] is not None:
            yield {"animal": animal, "place": state.place[animal]}, state


def who(state):
    """Each thing whose holder is known."""
    for thing in THINGS:
        if state.holder[thing] is not None:
            yield {"thing": thing, "person": state.holder[thing]}, state


def claim(state, kinds, answer):
    """The statements of these kinds that are true, or false."""
    for kind, args in STATEMENTS:
        if kind in kinds and truth(state, kind, args) is answer:
            yield {"statement": (kind, args), "truth": answer}, state


def slip(state):
    """A false statement, put right at once."""
    for args, _ in claim(state, ANY, answer=False):
        told = args["statement"][1]
        right = {"place": state.place[told["animal"]]} if "animal" in told else {"person": state.holder[told["thing"]]}
        yield args | right, state


DESCRIPTIONS = {"sleeps": where, "is_with": who}  # what is so, in other words than a statement's
CLAIMS = {
    "fact": partial(claim, kinds=tuple(NEGATED), answer=True),
    "negation": partial(claim, kinds=tuple(NEGATED.values()), answer=True),
    "slip": slip,
}
QUESTIONS = {
    "where": where,
    "who": who,
    "check_true": partial(claim, kinds=ANY, answer=True),
    "check_false": partial(claim, kinds=ANY, answer=False),
}
KINDS = EVENTS | DESCRIPTIONS | CLAIMS | QUESTIONS
WEIGHTS = {"move": 8, "take": 4, "give": 6, "sleeps": 3, "is_with": 3, "fact": 4, "negation": 4, "slip": 8}
WEIGHTS |= dict.fromkeys(QUESTIONS, 4)

# Three texts to pre-train on. Plain stories hold no question; the others say less, or more.
WITHOUT_STATEMENTS = (*EVENTS, *DESCRIPTIONS)
PLAIN = (*WITHOUT_STATEMENTS, *CLAIMS)
WITH_QUESTIONS = (*PLAIN, *QUESTIONS)


@cache
def sentences(state, language="en", kinds=PLAIN):
    """Every sentence that may come next, with its probability.

        P(sentence | state) = weight(kind) / (sum of allowed weights * ways to fill the kind * wordings)

    >>> for s in sentences(State())[:2]:
    ...     print(f"{s.probability:.3f} {s.text}")
    0.056 Off to Paris went the cat.
    0.056 Paris welcomed the cat.
    """
    options = {kind: list(KINDS[kind](state)) for kind in kinds}
    total = sum(WEIGHTS[kind] for kind in kinds if options[kind])
    result = []
    for kind in kinds:
        for args, after in options[kind]:
            texts = phrase(language, kind, args)
            probability = WEIGHTS[kind] / total / len(options[kind]) / len(texts)
            result += [Sentence(probability, text, after, kind, args) for text in texts]
    return result
