"""Grade a class: submissions in, a CSV and a feedback page for each student out.

    notebook -> answer cells -> jail (arrays come out) -> judge, in this clean process -> points

Each student's result is a JSON file, written whole or not at all, so a batch that was killed goes on where it stopped,
and the same seed gives the same scores. One bad submission costs its own points only.
"""

import ast
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minigpt.grading import answers, feedback, selftest, stored
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import judge
from minigpt.grading.notebook import answer_cells
from minigpt.grading.question import drawn, require_chapter
from minigpt.grading.roster import read_roster
from minigpt.grading.submissions import Refused, collect
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_csv, write_json


def grade(source, homework, roster, out, seed=None, jobs=1, trusted=False, say=print, instructor=None):
    """Grade homework `homework` ("01" to "12") of all students in `roster`; returns the rows of `out`/grades.csv.

    Args:
        source: a folder or a zip of notebooks. seed: of the inputs; None draws one, and keeps it in `out`.
        jobs: how many jails at a time. trusted: no jail, for code that you trust.
        instructor: the folder with the references; None looks for that of a checkout.
    Raises:
        InputError: if the jail does not hold, or the references, the roster or the source cannot be read.
    """
    require_chapter(homework)
    folder, out = own_folder(source, instructor), Path(out)
    questions, students = questions_of(homework, folder), read_roster(roster)
    submissions, strangers = collect(source, students)
    if not trusted:
        selftest.require_jail(hidden=[folder])
    seed = settle_seed(out, homework, seed, trusted)
    checks = [drawn(question, seed) for question in questions]

    def one(student):
        try:
            return grade_one(student, submissions[student], questions, checks, seed, out, trusted)
        except Exception as error:  # one bad submission never stops the batch
            return not_graded(student, questions, f"the grader failed on it: {type(error).__name__}: {error}"[:300])

    with ThreadPoolExecutor(jobs) as pool:
        rows = []
        for result in pool.map(one, students):
            feedback.write(out / "feedback" / f"{result['student']}.html", result, homework, seed)
            rows.append(row_of(result, questions, seed, trusted))
            write_csv(out / "grades.csv", rows)
            say(f"{len(rows)}/{len(students)} {result['student']}: {rows[-1]['score']} {rows[-1]['status']}".rstrip())
    for name in strangers:
        say(f"no student of the roster: {name}")
    return rows


def own_folder(source, instructor):
    """The instructor's folder, which is run here: never one that was handed in."""
    folder = folder_of(instructor)
    if folder.is_relative_to(Path(source).resolve()):
        raise InputError(f"{folder} lies among the submissions in {source}; name your own with --instructor")
    return folder


def settle_seed(out, homework, seed, trusted):
    """The seed of this batch: the one given, or of the batch that `out` holds already, or a new one."""
    if seed == stored.SEED:
        raise InputError(f"seed {seed} is that of the students' own check, whose results they have; choose another")
    path, known = out / "batch.json", {}
    if path.exists():
        known = read_json(path)
        for name, value in {"homework": homework, "seed": seed, "trusted": trusted}.items():
            if value is not None and known.get(name) != value:
                raise InputError(
                    f"{out} holds a batch with {name} {known.get(name)!r}, not {value!r}; choose another --out"
                )
    seed = known.get("seed", 1 + secrets.randbits(48) if seed is None else seed)
    write_json(path, {"homework": homework, "seed": seed, "trusted": trusted})
    return seed


def grade_one(student, submission, questions, checks, seed, out, trusted):
    """One student's result, from its file if this very notebook was graded before."""
    if isinstance(submission, Refused):
        return not_graded(student, questions, str(submission))
    digest = hashlib.sha256(submission.data).hexdigest()
    path = out / "results" / f"{student}.json"
    if path.exists() and (known := read_json(path)).get("sha256") == digest:
        return known
    try:
        cells = answer_cells(submission.data, questions)
    except Refused as reason:
        return not_graded(student, questions, str(reason))
    given = answers.run_answers(cells, questions, seed, trusted=trusted)
    result = {
        "student": student,
        "file": submission.name,
        "sha256": digest,
        "reason": "",
        "questions": [mark(check, given[check.id]) for check in checks],
        "cells": cells,
    }
    if not any(mark["status"].startswith("jail") for mark in result["questions"]):  # else it is tried again
        write_json(path, result)
    return result


def mark(check, answer):
    """A question's points, verdict and hint; points are all or none."""
    marked = {"id": check.id, "function": check.function, "of": check.points, "points": 0, "hint": ""}
    if answer.status != "done":
        blank = answer.status == "error" and "NotImplementedError" in answer.note
        return marked | {"status": "not answered" if blank else answer.status, "message": answer.note}
    verdict = judge(check, answer.outputs)
    status = "right" if verdict.right else "wrong"
    return marked | {
        "points": check.points if verdict.right else 0,
        "status": status,
        "message": verdict.message,
        "hint": verdict.hint,
    }


def not_graded(student, questions, reason):
    return {"student": student, "file": "", "sha256": "", "reason": reason, "questions": [], "cells": []}


def row_of(result, questions, seed, trusted):
    """A line of grades.csv; text that a spreadsheet would take for a formula is quoted."""
    marks = {q["id"]: q for q in result["questions"]}
    row = {
        "student": result["student"],
        "score": sum(q["points"] for q in marks.values()) if marks else "",
        "of": sum(question.points for question in questions),
        "status": f"not graded: {result['reason']}" if result["reason"] else "graded",
    }
    for question in questions:
        row[question.id] = marks[question.id]["points"] if marks else ""
        row[f"{question.id} status"] = marks[question.id]["status"] if marks else ""
    row |= {"seed": seed, "jail": "no" if trusted else "yes"}
    return {name: plain(value) for name, value in row.items()}


def plain(value):
    """No spreadsheet runs it: = + - @ at the beginning of a text are quoted.

    >>> plain("=cmd()"), plain(3)
    ("'=cmd()", 3)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def duplicates(out):
    """Pairs of students with the same answers after normalising: [{"student", "other", "question"}]."""
    seen, pairs = {}, []
    for path in sorted((Path(out) / "results").glob("*.json")):
        result = read_json(path)
        for grade_id, source in result["cells"]:
            if grade_id and "NotImplementedError" not in source:
                key = (grade_id, normalised(source))
                pairs += [
                    {"student": other, "other": result["student"], "question": grade_id} for other in seen.get(key, [])
                ]
                seen.setdefault(key, []).append(result["student"])
    return pairs


def write_duplicates(path, pairs):
    write_csv(path, pairs or [{"student": "", "other": "", "question": ""}])


def normalised(source):
    """A program without comments, layout and docstrings; a program that does not parse is taken as it is."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(source.split())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
