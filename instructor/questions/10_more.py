"""Questions 10.3 and 10.4: one passage, several questions, all their options in one row."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def row_inputs(rng):
    Q = int(rng.integers(2, 4))
    return {
        "passage": int(rng.integers(2, 5)),
        "questions": rng.integers(2, 4, size=Q),
        "options": [rng.integers(2, 4, size=rng.integers(2, 4)) for _ in range(Q)],
    }


def tokens(passage, questions, options):
    """For each token of the row: its position, its question and its option; 0 where it belongs to none."""
    rows = [(place, 0, 0) for place in range(passage)]
    for q, (question, lengths) in enumerate(zip(questions, options, strict=True), start=1):
        rows += [(passage + n, q, 0) for n in range(question)]
        for o, length in enumerate(lengths, start=1):
            rows += [(passage + question + n, q, o) for n in range(length)]
    return np.array(rows).T


def ends(passage, questions, options):
    """The column of each option's last token."""
    last, at = [], passage
    for question, lengths in zip(questions, options, strict=True):
        last += list(at + question + np.cumsum(lengths) - 1)
        at += question + sum(lengths)
    return np.array(last)


def row_positions(passage, questions, options):
    return tokens(passage, questions, options)[0], ends(passage, questions, options)


def counted_on(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return np.arange(len(positions)), last


def behind_the_last_option(passage, questions, options):
    """The options of a question start alike, but the next question goes on where they ended."""
    positions, at = list(range(passage)), passage
    for question, lengths in zip(questions, options, strict=True):
        positions += range(at, at + question)
        for length in lengths:
            positions += range(at + question, at + question + length)
        at = positions[-1] + 1
    return np.array(positions), ends(passage, questions, options)


def last_as_position(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return positions, positions[last]


def one_behind(passage, questions, options):
    positions, last = row_positions(passage, questions, options)
    return positions, last + 1


def row_edges():
    """Nothing but ones; one question with one option; options of one token and many."""
    rows = [(1, [1], [[1]]), (3, [2], [[4]]), (1, [1, 3, 1], [[1, 5], [1, 1, 1, 1], [2]])]
    return [
        {"passage": p, "questions": np.array(qs, dtype=np.int32), "options": [np.array(n) for n in options]}
        for p, qs, options in rows
    ]


ROW = Question(
    "10.3",
    "row_positions",
    2,
    row_inputs,
    row_positions,
    (
        Wrong(counted_on, "which position would the second option's first token have in a sequence of its own?"),
        Wrong(behind_the_last_option, "and the second question's first token: what would stand before it?"),
        Wrong(last_as_position, "the positions are right; `last` is to index the row: what stands at row[last]?"),
        Wrong(one_behind, "the positions are right; which token stands at row[last], counted as NumPy counts?"),
    ),
    row_edges,
    n_cases=8,
)


def visible(passage, questions, options, sees):
    """(T, T) by a rule `sees(q, o, q', o')`: may a token of question q, option o see one of q', o'? The future too."""
    _, q, o = tokens(passage, questions, options)
    return sees(q[:, None], o[:, None], q, o)


def past(passage, questions, options):
    return np.tri(tokens(passage, questions, options).shape[1], dtype=bool)  # of any type: a mask may be floats


def same_branch(q, o, q_key, o_key):
    return (q_key == 0) | ((q_key == q) & ((o_key == 0) | (o_key == o)))


def whole_question(q, o, q_key, o_key):
    return (q_key == 0) | (q_key == q)


def all_questions(q, o, q_key, o_key):
    return (o_key == 0) | ((q_key == q) & (o_key == o))


def row_mask(**row):
    return visible(**row, sees=same_branch) & past(**row)


MASK = Question(
    "10.4",
    "row_mask",
    3,
    row_inputs,
    row_mask,
    (
        Wrong(
            lambda **row: visible(**row, sees=whole_question) & past(**row),
            "does the second option of a question see the first?",
        ),
        Wrong(
            lambda **row: visible(**row, sees=all_questions) & past(**row),
            "does the second question see the text of the first?",
        ),
        Wrong(lambda **row: visible(**row, sees=same_branch), "does the passage's first token see its second?"),
        Wrong(
            lambda **row: row_mask(**row).T,
            "is a row of your mask the token that looks, or the token that is looked at?",
        ),
    ),
    row_edges,
    n_cases=8,
)

QUESTIONS = (ROW, MASK)
