"""A class for the tests of grading: notebooks of homework 02 with given answers."""

from pathlib import Path

import nbformat

from minigpt.grading import batch

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "instructor" / "02_attention_numpy" / "homework_source.ipynb"
RELEASED = ROOT / "chapters" / "02_attention_numpy" / "homework.ipynb"


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def solutions():
    """{grade_id: source} of the source notebook's answers."""
    cells = nbformat.read(SOURCE, as_version=4).cells
    return {grade_id(c): c.source for c in cells if c.metadata.get("nbgrader", {}).get("solution")}


def notebook(answers=None):
    """The bytes of a student's notebook with these answers filled in; None for all the right ones."""
    answers = solutions() if answers is None else answers
    read = nbformat.read(RELEASED, as_version=4)
    for cell in read.cells:
        if cell.cell_type == "code":
            cell.source = answers.get(grade_id(cell), cell.source)
    return nbformat.writes(read).encode()


def hand_in(folder, files):
    """Write {path: bytes} below a folder, and return it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def grade(folder, students, source=None, **options):
    """Grade folder/in, or another source, without a jail; `students` is a roster's text, or a list of ids."""
    roster = folder / "roster.csv"
    roster.write_text(students if isinstance(students, str) else "\n".join(["student", *students]), encoding="utf-8")
    options = {"seed": 7, "trusted": True, "say": lambda line: None} | options
    return batch.grade(source or folder / "in", "02", roster, folder / "out", **options)
