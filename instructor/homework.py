"""Make what students get: python instructor/homework.py [01 02 ...], or `make homework` for all.

NN_name/homework_source.ipynb  ->  chapters/NN_name/homework.ipynb: nbgrader's own release steps take the solutions
                                   out, lock the cells that are not to be changed and give each a checksum
questions/NN.py, NN_*.py       ->  minigpt/grading/checks/NN.json, NN.npz: what `check` compares with, as numbers
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CHAPTERS = HERE.parent / "chapters"
sys.path[:0] = [str(HERE.parent), str(CHAPTERS)]
from run_lessons import read, write  # noqa: E402

from minigpt.grading import instructor, stored  # noqa: E402
from minigpt.grading.question import drawn  # noqa: E402

ROUNDING = {"rtol": 1e-9, "atol": 1e-12}  # processors round otherwise; a changed question differs by far more


def released(source):
    """The student's version of the notebook at `source`."""
    from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    notebook, resources = read(source), {}
    for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, CheckCellMetadata):
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def checks(chapter):
    """The checks of a chapter, drawn again from its questions."""
    return [drawn(question, stored.SEED) for question in instructor.questions_of(chapter, HERE)]


def same(a, b):
    """Do two values say the same, up to rounding? Checks, lists, tuples and dicts are compared part by part."""
    if isinstance(a, np.ndarray | np.generic | int | float) and isinstance(b, np.ndarray | np.generic | int | float):
        a, b = np.asarray(a), np.asarray(b)
        return a.shape == b.shape and a.dtype == b.dtype and np.allclose(a, b, equal_nan=True, **ROUNDING)
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    return same(vars(a), vars(b)) if hasattr(a, "__dict__") else a == b


def is_current(chapter, folder=stored.CHECKS):
    """Are the stored checks what the questions give, up to rounding?"""
    files = [folder / f"{chapter}.{ending}" for ending in ("json", "npz")]
    return all(file.exists() for file in files) and same(checks(chapter), stored.checks_of(chapter, folder))


def main(numbers):
    for chapter, source in instructor.homework_sources(HERE).items():
        if not numbers or chapter in numbers:
            path = CHAPTERS / source.parent.name / "homework.ipynb"
            write(path, released(source))
            if not is_current(chapter):  # else another machine's rounding would rewrite it
                stored.store(chapter, checks(chapter))
            print(f"{path.relative_to(HERE.parent)}, minigpt/grading/checks/{chapter}.json and .npz")


if __name__ == "__main__":
    main(sys.argv[1:])
