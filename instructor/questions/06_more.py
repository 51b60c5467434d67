"""Question 06.4: beam search."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong

WIDTH = 2


def beam_inputs(rng):
    """A table on which greedy search, beam search, and those below find four different texts."""
    while True:
        V, n = int(rng.integers(5, 7)), int(rng.integers(5, 7))
        arguments = {"log_p": np.log(rng.dirichlet(1.5 * np.ones(V), size=V)), "start": int(rng.integers(V)), "n": n}
        found = {tuple(search(**arguments)[0]) for search in (beam_search, greedy, best_of_all, one_child_each)}
        if len(found) == 4:
            return arguments


def searched(log_p, start, n, survivors):
    """survivors(children): the beams to go on with, of (log probability, ids, parent), best first."""
    beams = [(0.0, [start])]
    for _ in range(n):
        children = [
            (score + log_p[ids[-1], token], [*ids, token], parent)
            for parent, (score, ids) in enumerate(beams)
            for token in range(len(log_p))
        ]
        beams = [child[:2] for child in survivors(sorted(children, key=lambda c: -c[0]))]
    score, ids = max(beams, key=lambda beam: beam[0])
    return ids[1:], float(score)


def beam_search(log_p, start, n):
    return searched(log_p, start, n, lambda children: children[:WIDTH])


def greedy(log_p, start, n):
    return searched(log_p, start, n, lambda children: children[:1])


def one_child_each(log_p, start, n):
    """The two best first tokens, each continued greedily."""

    def best_of_each(children):
        families = [[child for child in children if child[2] == parent] for parent in range(WIDTH)]
        return [family[0] for family in families] if families[1] else children[:WIDTH]

    return searched(log_p, start, n, best_of_each)


def best_of_all(log_p, start, n):
    """The likeliest text that ends in each token, from step to step."""
    best = {start: (0.0, [])}
    for _ in range(n):
        best = {b: max((score + log_p[a, b], [*ids, b]) for a, (score, ids) in best.items()) for b in range(len(log_p))}
    score, ids = max(best.values())
    return ids, float(score)


def beam_edges():
    """A single step; the text's example with a probability of 0; a table on which a beam of 3 finds another text."""
    table = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.3, 0.5, 0.2]])
    never = np.array([[math.log(0.6), math.log(0.4)], [-np.inf, 0.0]])
    wider = np.log([[0.36, 0.31, 0.33], [0.07, 0.7, 0.23], [0.46, 0.09, 0.45]])
    tables = [(table, 2, 1), (never, 0, 2), (wider, 0, 4)]
    return [{"log_p": log_p, "start": start, "n": n} for log_p, start, n in tables]


BEAM = Question(
    "06.4",
    "beam_search",
    3,
    beam_inputs,
    beam_search,
    (
        Wrong(greedy, "that is greedy search: only one text survives each step"),
        Wrong(one_child_each, "all continuations compete: both survivors may come from one parent"),
        Wrong(best_of_all, "that is the best text of all, which a beam of 2 may lose: when does it drop a text?"),
    ),
    beam_edges,
    n_cases=7,
)

QUESTIONS = (BEAM,)
