"""The toy world as a table that a page can read: its states, and the sentences that may come next in each.

    states[i] -> options[i]: (sentence, probability, next state), all by their numbers

So the truth of `world.next_word` is looked up in a browser, and the grammar is written once, in Python.
"""

from minigpt.data.world import LEAST, MOST
from minigpt.data.world_grammar import ANIMALS, KINDS, PLAIN, STATEMENTS, THINGS, State, put, sentences
from minigpt.data.world_words import LANGUAGES, fill, statement
from minigpt.support import words


def language_of(tok):
    """The toy world's language whose words are all that `tok` knows, or None: is this a model of the toy world?"""
    if tok.level != "word":
        return None
    for language in LANGUAGES:
        if set(tok.pieces[1:]) <= vocabulary(language):
            return language
    return None


def vocabulary(language):
    """Every word of the world, in any of its texts."""
    full = State()
    for animal in range(len(full.place)):
        full = full._replace(place=put(full.place, animal, 0))
    for thing in range(len(full.holder)):
        full = full._replace(holder=put(full.holder, thing, 0))
    texts = [s.text for state in (State(), full) for s in sentences(state, language, tuple(KINDS))]
    return {word for text in texts for word in words.split(text)}


def table(language):
    """What `world.js` reads: all of the plain stories' grammar in one language, as JSON."""
    states, options = {State(): 0}, []
    texts, probabilities = {}, {}
    for state in (queue := [State()]):  # grows while it is read
        options.append([])
        for s in sentences(state, language, PLAIN):
            if s.state not in states:
                states[s.state] = len(states)
                queue.append(s.state)
            number = texts.setdefault(s.text, len(texts))
            options[-1].append([number, probabilities.setdefault(s.probability, len(probabilities)), states[s.state]])
    return {
        "language": language,
        "least": LEAST,
        "most": MOST,
        "sentences": list(texts),
        "probabilities": list(probabilities),
        "states": [[*state.place, *state.holder] for state in states],
        "options": options,
        "statements": [[statement(language, kind, args), *slot_of(kind, args)] for kind, args in STATEMENTS],
        "questions": questions(language),
    }


def slot_of(kind, args):
    """A statement as (place in the list of a state, the value there, is it so or not so)."""
    if "animal" in args:
        return args["animal"], args["place"], kind == "is_in"
    return len(State().place) + args["thing"], args["person"], kind == "has"


def questions(language):
    """The questions of multiple choice, each with the place in a state that answers it."""
    names, n_animals = LANGUAGES[language], len(State().place)
    animals = [[fill(language, names["where"], animal=i), i] for i in ANIMALS]
    return animals + [[fill(language, names["who"], thing=i), n_animals + i] for i in THINGS]
