"""nbgrader without a kernel: the jail's verdicts become the outputs of the test cells, nbgrader does the rest.

A test cell without an error earns its points; with one, none, and the error's text is the feedback; with a number as
its result, that part of them. What cannot be graded is never a graded 0: a bad submission is kept for a person to look
at, with its reason in the feedback; a jail that failed is an error, and nbgrader names the student, goes on with the
next, and tries this one again next time.
"""

import hashlib
import json
import secrets
from functools import cache

from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_grade
from traitlets import Unicode

from minigpt.grading import question, selftest
from minigpt.grading.answers import run_answers
from minigpt.grading.chinese import in_both
from minigpt.grading.download import Refused
from minigpt.grading.feedback import STATUS
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import mark
from minigpt.grading.notebook import answer_cells

REASON = "not graded"  # in the metadata of a notebook that `nbgrader_submitted` wrote: why it is no student's work


class JailFailed(Exception):
    """The jail came to no result: nobody's mistake among the students, so nobody's 0."""


class JailGrade(NbGraderPreprocessor):
    """Takes the place of nbgrader's `Execute`."""

    instructor = Unicode("", help="the folder with the references; empty looks for that of a checkout").tag(config=True)
    secret = Unicode("", help="of the course: the same inputs at each run; empty draws others").tag(config=True)

    def preprocess(self, nb, resources):
        tests = [cell for cell in nb.cells if cell.cell_type == "code" and is_grade(cell)]
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        marks = self.verdicts(nb, tests, resources.get("nbgrader", {}).get("student")) if tests else {}
        for cell in tests:
            verdict = marks.get(cell.metadata.nbgrader["grade_id"].removesuffix("-test"))
            if verdict is None or not verdict["points"]:
                cell.outputs = [failed(verdict)]
            elif verdict["points"] < verdict["of"]:
                cell.outputs = partly(verdict)
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        return nb, resources

    def verdicts(self, nb, tests, student=None):
        """{grade_id of the answer: its mark}, from one jail for the whole notebook."""
        folder = folder_of(self.instructor)
        self.log.debug(held(folder))
        chapter = tests[0].metadata.nbgrader["grade_id"][1:3]
        questions, seed = questions_of(chapter, folder), seed_of(self.secret, chapter)
        try:
            if reason := nb.metadata.get(REASON):
                raise Refused(reason)
            cells = answer_cells(json.dumps(nb).encode(), questions)
        except Refused as reason:
            nb.metadata[REASON] = str(reason)
            refused = {"points": 0, "status": REASON, "message": str(reason), "hint": ""}
            return {q.grade_id: refused for q in questions}
        given = run_answers(cells, questions, seed)
        failures = {answer.status for answer in given.values() if answer.status.startswith("jail")}
        if failures:
            raise JailFailed(f"{', '.join(sorted(failures))}; this student is not graded: run nbgrader autograde again")
        return {q.grade_id: mark(question.drawn(q, seed), given[q.id], student) | {"seed": seed} for q in questions}


@cache
def held(folder):
    """The self-test, once a run rather than once a student."""
    return selftest.require_jail(hidden=[folder])


class SaveGrades(SaveAutoGrades):
    """nbgrader's own, but a notebook that could not be graded has no score: it waits for a person, with its reason."""

    def preprocess(self, nb, resources):
        self.reason = nb.metadata.get(REASON, "")
        return super().preprocess(nb, resources)

    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        if self.reason:
            grade = self.gradebook.find_grade(cell.metadata.nbgrader["grade_id"], *self.place)
            grade.auto_score, grade.needs_manual_grade = None, grade.manual_score is None
            self.gradebook.db.commit()

    def _add_comment(self, cell, resources):
        super()._add_comment(cell, resources)
        if self.reason:
            comment = self.gradebook.find_comment(cell.metadata.nbgrader["grade_id"], *self.place)
            comment.auto_comment = f"{REASON}: {self.reason}"
            self.gradebook.db.commit()

    @property
    def place(self):
        return self.notebook_id, self.assignment_id, self.student_id


def seed_of(secret, chapter):
    """The seed of a homework's inputs: the course's own, which nobody without its secret can tell.

    >>> seed_of("a", "02") == seed_of("a", "02") != seed_of("b", "02")
    True
    """
    if not secret:
        return 1 + secrets.randbits(48)
    return 1 + int.from_bytes(hashlib.sha256(f"{secret} {chapter}".encode()).digest()[:6], "big")


def failed(verdict):
    if verdict is None:
        return new_output("error", ename=REASON, evalue="no such question", traceback=["no such question"])
    return new_output("error", ename=verdict["status"], evalue=verdict["message"][:200], traceback=told(verdict))


def partly(verdict):
    """The message, and the points as a result: nbgrader reads that number."""
    text = "\n".join([*told(verdict), "points · 得分:", ""])
    points = new_output("execute_result", {"text/plain": str(verdict["points"])})
    return [new_output("stream", name="stdout", text=text), points]


def told(verdict):
    """A mark in lines: status and message, the hint, the seed."""
    status = STATUS.get(verdict["status"], verdict["status"])
    lines = [f"{status}: {in_both(verdict['message'])}"]
    lines += [f"Hint · 提示: {verdict['hint']}"] if verdict["hint"] else []
    return lines + ([f"seed · 种子 {verdict['seed']}"] if "seed" in verdict else [])
