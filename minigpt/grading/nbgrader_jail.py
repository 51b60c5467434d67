"""nbgrader without a kernel: the jail's verdicts become the outputs of the test cells, nbgrader does the rest.

A test cell without an error earns its points; with one, none, and the error's text is the feedback.
"""

import json
import secrets

from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Unicode

from minigpt.grading import question, selftest
from minigpt.grading.answers import run_answers
from minigpt.grading.batch import mark
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.mathml import drawn
from minigpt.grading.notebook import answer_cells
from minigpt.grading.submissions import Refused


class JailGrade(NbGraderPreprocessor):
    """Takes the place of nbgrader's `Execute`."""

    instructor = Unicode("", help="the folder with the references; empty looks for that of a checkout").tag(config=True)

    def preprocess(self, nb, resources):
        tests = [cell for cell in nb.cells if cell.cell_type == "code" and is_grade(cell)]
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        marks = verdicts(nb, tests, self.instructor) if tests else {}
        for cell in tests:
            verdict = marks.get(cell.metadata.nbgrader["grade_id"].removesuffix("-test"))
            if verdict is None or not verdict["points"]:
                cell.outputs = [failed(verdict)]
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        return nb, resources


class Formulas(NbGraderPreprocessor):
    """For the feedback pages: formulas as MathML, which a browser draws without a script from the network."""

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "markdown":
            cell.source = drawn(cell.source)
        return cell, resources


def verdicts(nb, tests, instructor):
    """{grade_id of the answer: its mark}, from one jail for the whole notebook."""
    folder = folder_of(instructor)
    selftest.require_jail(hidden=[folder])
    chapter = tests[0].metadata.nbgrader["grade_id"][1:3]
    questions, seed = questions_of(chapter, folder), 1 + secrets.randbits(48)
    try:
        cells = answer_cells(json.dumps(nb).encode(), questions)
    except Refused as reason:
        refused = {"points": 0, "status": "not graded", "message": str(reason), "hint": ""}
        return {q.grade_id: refused for q in questions}
    given = run_answers(cells, questions, seed)
    return {q.grade_id: mark(question.drawn(q, seed), given[q.id]) | {"seed": seed} for q in questions}


def failed(verdict):
    if verdict is None:
        return new_output("error", ename="not graded", evalue="no such question", traceback=["no such question"])
    lines = [f"{verdict['status']}: {verdict['message']}", *([f"Hint: {verdict['hint']}"] if verdict["hint"] else [])]
    lines += [f"seed {verdict['seed']}"] if "seed" in verdict else []
    return new_output("error", ename=verdict["status"], evalue=verdict["message"][:200], traceback=lines)
