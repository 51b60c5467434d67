"""A homework question: a function with a name, inputs drawn from a seed, a reference, and the mistakes that are known.

    cases(question, seed)  ->  [arguments]       reference(**arguments)  ->  what the student's function should return

Arguments and results are numbers, strings, NumPy arrays of numbers, or lists of these; a result may be a tuple.
One chapter's questions stand in `questions/NN.py`, as QUESTIONS. The reference never enters the student's process.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from minigpt.files import InputError

CHAPTERS = tuple(f"{n:02}" for n in range(1, 13))


@dataclass(frozen=True)
class Wrong:
    """A typical mistake: an answer that makes it, and what to tell a student whose numbers are its numbers."""

    answer: Callable
    hint: str


@dataclass(frozen=True)
class Question:
    """`inputs(rng)` draws one case's arguments as a dict; `atol` and `rtol` are those of `numpy.allclose`.

    `edges()` returns cases that are tried whatever the seed, such as an empty count: the last of the n_cases.
    """

    id: str  # chapter and place, "02.1"
    function: str  # the name that the student defines
    points: int
    inputs: Callable
    reference: Callable
    wrong: tuple[Wrong, ...] = field(default=())
    edges: Callable = tuple
    n_cases: int = 5
    atol: float = 1e-9
    rtol: float = 1e-7
    seconds: int = 5  # of CPU, for all cases

    @property
    def grade_id(self):
        """The id of the answer's cell in the notebook, "q02_1"; its test's is the same with "-test"."""
        return "q" + self.id.replace(".", "_")


def cases(question, seed):
    """The arguments of each case; the same for the same seed, and fresh objects at every call.

    >>> question = Question("02.1", "f", 2, lambda rng: {"x": rng.random(3)}, np.sum)
    >>> [x["x"].shape for x in cases(question, seed=0)]
    [(3,), (3,), (3,), (3,), (3,)]
    """
    rng = np.random.default_rng([seed, *map(int, question.id.split("."))])
    edges = question.edges()
    return [*(question.inputs(rng) for _ in range(question.n_cases - len(edges))), *edges]


def questions_of(chapter):
    """The questions of a chapter, "01" to "12".

    Raises:
        InputError: for another chapter.
    """
    if chapter not in CHAPTERS:
        raise InputError(f"homework {chapter!r} is not one of {CHAPTERS[0]} to {CHAPTERS[-1]}")
    return importlib.import_module(f"minigpt.grading.questions.{chapter}").QUESTIONS


def find(question_id):
    """The question with this id, such as "02.1"."""
    chapter = str(question_id)[:2]
    known = {question.id: question for question in questions_of(chapter)}
    if question_id not in known:
        raise InputError(f"question {question_id!r} is not one of {', '.join(known)}")
    return known[question_id]
