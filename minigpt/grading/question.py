"""A homework question: as functions, which only the instructor has, and as numbers, which are compared.

    Question: inputs, reference, known mistakes  --drawn(question, seed)-->  Check: arguments, results, hints

Arguments and results are numbers, strings, NumPy arrays of numbers, or lists of these; a result may be a tuple, and an
argument a Program, that is a function. Where many answers are right, `verify` tests one instead of comparing.
A chapter's Questions stand in `instructor/questions/NN.py`, in no installed package; the Checks for the student's own
seed are stored in `checks/` beside this file.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from minigpt.support.errors import InputError

CHAPTERS = tuple(f"{n:02}" for n in range(13))
SHOWN = 0  # the seed of the students' own check; the grade draws other inputs


@dataclass(frozen=True)
class Wrong:
    """A typical mistake: an answer that makes it, and what to tell a student whose numbers are its numbers."""

    answer: Callable
    hint: str


@dataclass(frozen=True)
class Program:
    """A function as an argument: what `source` defines as `name`, run with NumPy and no other names.

    >>> Program("def double(x): return 2 * x", "double")(3)
    6
    """

    source: str
    name: str
    about: str = field(default="", compare=False)  # what kind of mistake it makes; never told to an answer

    def __call__(self, *args, **kwargs):
        return made(self.source, self.name)(*args, **kwargs)


@cache
def made(source, name):
    names = {"np": np}
    exec(source, names)
    return names[name]


@dataclass(frozen=True)
class Question:
    """`inputs(rng)` draws one case's arguments as a dict; `atol` and `rtol` are those of `numpy.allclose`.

    `edges()` returns cases that are tried whatever the seed, such as an empty count: the last of the n_cases.
    `draw(rng, shown)`, in the place of both, draws all cases at once: those that students may see if `shown`.
    `verify` names a function of `verify.py`: an answer is right if that has nothing to say against it.
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
    seconds: int = 5  # of CPU, for all cases; if `apart`, for each
    draw: Callable | None = None
    verify: str = ""
    apart: bool = False  # each case runs in a process of its own, which knows of no other

    @property
    def grade_id(self):
        """The id of the answer's cell in the notebook, "q02_1"; its test's is the same with "-test"."""
        return "q" + self.id.replace(".", "_")


@dataclass(frozen=True)
class Known:
    """What a known mistake returns in each case, and the hint for it."""

    results: list
    hint: str


@dataclass(frozen=True)
class Check:
    """A question's numbers for one seed: all that a comparison needs, and no function that computes them."""

    id: str
    function: str
    points: int
    atol: float
    rtol: float
    cases: list  # the arguments of each, a dict
    wanted: list  # what a right answer returns in each
    known: tuple[Known, ...]
    verify: str = ""


def cases(question, seed):
    """The arguments of each case; the same for the same seed, and fresh objects at every call.

    >>> question = Question("02.1", "f", 2, lambda rng: {"x": rng.random(3)}, np.sum)
    >>> [x["x"].shape for x in cases(question, seed=0)]
    [(3,), (3,), (3,), (3,), (3,)]
    """
    rng = np.random.default_rng([seed, *map(int, question.id.split("."))])
    if question.draw:
        return question.draw(rng, seed == SHOWN)
    edges = question.edges()
    return [*(question.inputs(rng) for _ in range(question.n_cases - len(edges))), *edges]


def drawn(question, seed):
    """The Check of a question: its reference and its known mistakes, each run on the cases of this seed.

    >>> double = Question("02.1", "double", 2, lambda rng: {"x": 3}, lambda x: 2 * x, n_cases=2)
    >>> drawn(double, seed=0).wanted
    [6, 6]
    """

    told = (question.id, question.function, question.points, question.atol, question.rtol)
    if question.verify:
        return Check(*told, cases(question, seed), [None] * question.n_cases, (), question.verify)

    def results(function):
        return [function(**arguments) for arguments in cases(question, seed)]

    known = tuple(Known(results(wrong.answer), wrong.hint) for wrong in question.wrong)
    return Check(*told, cases(question, seed), results(question.reference), known)


def require_chapter(chapter):
    """Refuse a chapter that has no homework; "00" to "12" have."""
    if chapter not in CHAPTERS:
        raise InputError(f"homework {chapter!r} is not one of {CHAPTERS[0]} to {CHAPTERS[-1]}")


def find(question_id, questions):
    """The one of `questions`, or of their checks, with this id, such as "02.1"."""
    known = {question.id: question for question in questions}
    if question_id not in known:
        raise InputError(f"question {question_id!r} is not one of {', '.join(known)}")
    return known[question_id]
