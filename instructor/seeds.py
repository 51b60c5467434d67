"""Many seeds: every solution gets full points, every known mistake and every answer of `wrong_answers` gets none.

python instructor/seeds.py 50       seeds 1 to 50; answers run here, without a jail

The questions are those of `wrong_answers.WRONG`: other kinds have tests of their own.
"""

import sys
import warnings
from pathlib import Path

import nbformat
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from instructor.wrong_answers import WRONG  # noqa: E402
from minigpt.grading.check import plain  # noqa: E402
from minigpt.grading.instructor import questions_of  # noqa: E402
from minigpt.grading.judge import judge  # noqa: E402
from minigpt.grading.question import CHAPTERS, cases, drawn  # noqa: E402


def passes(question, check, seed, function):
    """Is the answer right in every case of this seed, with its arguments unchanged? `check` is the seed's."""
    outputs = []
    for given, fresh in zip(cases(question, seed), cases(question, seed), strict=True):
        outputs.append(function(**given))
        if plain([*given.values()]) != plain([*fresh.values()]):
            return False
    return judge(check, outputs).right


def fails(question, check, seed, function):
    """Does the answer get no points? An exception gets none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # overflows are what many of them get wrong
            return not passes(question, check, seed, function)
    except Exception:
        return True


def solution_of(question, folder=HERE):
    """The function that the solution in the homework's source defines."""
    (path,) = folder.glob(f"{question.id[:2]}_*/homework_source.ipynb")
    sources = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    names = {"np": np}
    exec(sources[question.grade_id], names)
    return names[question.function]


def misjudged(question, seeds):
    """What went wrong, in words: a solution without full points, a wrong answer with them."""
    solution = solution_of(question)
    wrong = [wrong.answer for wrong in question.wrong] + WRONG[question.id]
    for seed in seeds:
        check = drawn(question, seed)
        if not passes(question, check, seed, solution):
            yield f"{question.id}, seed {seed}: the solution fails"
        for n, answer in enumerate(wrong):
            if not fails(question, check, seed, answer):
                listed = f"wrong answer {n - len(question.wrong)}" if n >= len(question.wrong) else f"mistake {n}"
                yield f"{question.id}, seed {seed}: {listed} passes"


def main(most):
    asked = [q for chapter in CHAPTERS for q in questions_of(chapter, HERE) if q.id in WRONG]
    found = [told for question in asked for told in misjudged(question, range(1, most + 1))]
    print(
        "\n".join(found)
        or f"seeds 1 to {most}: every solution is right, {sum(map(len, WRONG.values()))} wrong answers fail"
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
