"""Grade a class: submissions in, a CSV, a summary and a feedback page for each student out.

    notebook -> answer cells -> jail (arrays come out) -> judge, in this clean process -> points

Each student's result is a JSON file, written whole or not at all, so a batch that was killed goes on where it stopped,
and the same seed gives the same scores. One bad submission costs its own points only: whatever fails in reading,
grading or writing it, its student stands in the CSV with the reason.
"""

import hashlib
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from minigpt.grading import answers, feedback, results, selftest, summary
from minigpt.grading.download import Refused
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import mark
from minigpt.grading.notebook import answer_cells
from minigpt.grading.question import drawn, require_chapter
from minigpt.grading.roster import read_roster
from minigpt.grading.seed import settle_seed
from minigpt.grading.sheet import plain, shown, write_sheet
from minigpt.grading.submissions import collect
from minigpt.support.errors import InputError
from minigpt.support.files import write_json
from minigpt.support.progress import progress


@dataclass(frozen=True)
class Batch:
    """What is the same for all students."""

    homework: str
    questions: list
    checks: list
    prints: dict  # {question id: hash of its numbers}
    seed: int
    out: Path
    trusted: bool
    end: float  # of time.monotonic(): nobody is started later


def grade(
    source,
    homework,
    roster,
    out,
    seed=None,
    jobs=1,
    trusted=False,
    say=print,
    instructor=None,
    latest=False,
    bar=False,
    minutes=math.inf,
):
    """Grade homework `homework` ("00" to "12") of all students in `roster`; returns the rows of `out`/grades.csv.

    Args:
        source: a folder or a zip of notebooks. seed: of the inputs; None draws one, and keeps it in `out`.
        jobs: how many jails at a time. trusted: no jail, for code that you trust.
        instructor: the folder with the references; None looks for that of a checkout.
        latest: of two attempts of a student the newest, if the platform says which that is. bar: show how far it is.
        minutes: after these nobody is started any more; the same call goes on with the others.
    Raises:
        InputError: if the jail does not hold, or the references, the roster or the source cannot be read.
    """
    require_chapter(homework)
    folder, out = own_folder(source, out, instructor), Path(out)
    questions, people = questions_of(homework, folder), read_roster(roster)
    handed_in = collect(source, people.students, people.keys(), homework, latest)
    say(handed_in.told)
    if not trusted:
        say(selftest.require_jail(hidden=[folder]))
    seed = settle_seed(out, homework, seed, trusted)
    checks = [drawn(question, seed) for question in questions]
    prints = {check.id: results.fingerprint(question, check) for question, check in zip(questions, checks, strict=True)}
    batch = Batch(homework, questions, checks, prints, seed, out, trusted, time.monotonic() + 60 * minutes)

    def one(student):  # returns no more than is needed: the sources of all would fill the memory
        try:
            return told(batch, one_result(batch, student, handed_in.found[student]), people.rows[student])
        except Exception as error:  # whatever this student's row or page ran into
            reason = f"the grader failed on it: {type(error).__name__}: {error}"
            result = not_graded(student, reason)
            with suppress(Exception):  # the page may be what failed
                feedback.write(out / "feedback" / f"{student}.html", result, homework, seed)
            return row_of(result, batch, people.rows[student]), [], []

    pool, rows, changes, mistakes, due = ThreadPoolExecutor(jobs), [], [], [], time.monotonic() + 1
    try:
        for row, theirs, wrong in progress(
            pool.map(one, people.students), "grading", shown=bar, total=len(people.students)
        ):
            rows.append(row)
            changes += theirs
            mistakes += wrong
            say(f"{len(rows)}/{len(people.students)} {row['student']}: {row['score']} {row['status']}".rstrip())
            if time.monotonic() > due:  # a batch that is stopped leaves the rows so far
                write_sheet(out / "grades.csv", row, rows)
                due = time.monotonic() + 1
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C only what runs already comes to its end
    write_sheet(out / "grades.csv", row, rows)
    write_sheet(out / "unmatched.csv", ["file", "student", "reason"], handed_in.unmatched)
    results.write_changes(out / "changes.csv", changes)
    summary.write(out / "summary.html", homework, questions, rows, mistakes)
    for change in changes:
        say(f"changed: {change['student']} {change['question']}: {change['was']} -> {change['now']}, {change['why']}")
    for left in handed_in.unmatched[:20]:
        say(f"not taken: {left['file']}: {left['reason']}")
    if len(handed_in.unmatched) > 20:
        say(f"and {len(handed_in.unmatched) - 20} files more, in unmatched.csv")
    return rows


def own_folder(source, out, instructor):
    """The instructor's folder, which is run here: never one that was handed in."""
    folder = folder_of(instructor)
    if folder.is_relative_to(Path(source).resolve()):
        raise InputError(f"{folder} lies among the submissions in {source}; name your own with --instructor")
    if Path(out).resolve().is_relative_to(Path(source).resolve()):
        raise InputError(f"{out} lies among the submissions in {source}; name an --out elsewhere")
    return folder


def one_result(batch, student, submission):
    """A student's result, or why there is none."""
    try:
        if isinstance(submission, Refused):
            raise submission
        return grade_one(batch, student, submission)
    except Refused as reason:
        return not_graded(student, str(reason))


def grade_one(batch, student, submission):
    """One student's result, from its file as far as this very notebook was graded by these very questions before."""
    data = submission.read()
    digest, path = hashlib.sha256(data).hexdigest(), batch.out / "results" / f"{student}.json"
    known = results.load(path)
    kept = results.usable(known, digest, batch.prints)
    if len(kept) == len(batch.questions):
        return known
    if time.monotonic() > batch.end:
        raise Refused("the batch's minutes were over; start the same command again, and it goes on")
    cells = answer_cells(data, batch.questions)
    asked = [question for question in batch.questions if question.id not in kept]
    given = answers.run_answers(cells, asked, batch.seed, trusted=batch.trusted)
    fresh = {
        c.id: mark(c, given[c.id], student) | {"made_of": batch.prints[c.id]} for c in batch.checks if c.id in given
    }
    for found in fresh.values():
        if found["status"].startswith("jail"):  # nobody's mistake, so no mark; nothing is stored, and it is tried again
            raise Refused(f"{found['status']} {found['message']}".strip())
    marks = [kept.get(check.id) or fresh[check.id] for check in batch.checks]
    result = {
        "student": student,
        "file": submission.name,
        "sha256": digest,
        "time": results.now(),
        "reason": "",
        "questions": marks,
        "cells": cells,
        "changes": results.moved(known, digest, marks),
    }
    write_json(path, result)
    return result


def not_graded(student, reason):
    empty = {"file": "", "sha256": "", "time": results.now(), "questions": [], "cells": [], "changes": []}
    return {"student": student, "reason": shown(reason), **empty}


def told(batch, result, about):
    """Write a result's page; return its row, its changes, and its mistakes for the summary."""
    feedback.write(batch.out / "feedback" / f"{result['student']}.html", result, batch.homework, batch.seed)
    wrong = [(q["id"], summary.mistake(q)) for q in result["questions"] if q["status"] not in ("right", "not answered")]
    return row_of(result, batch, about), result["changes"], wrong


def row_of(result, batch, about):
    """A line of grades.csv; text that a spreadsheet would take for a formula is quoted."""
    marks = {q["id"]: q for q in result["questions"]}
    row = {
        "student": result["student"],
        "score": sum(q["points"] for q in marks.values()) if marks else "",
        "of": sum(question.points for question in batch.questions),
        "status": f"not graded: {result['reason']}" if result["reason"] else "graded",
    }
    for question in batch.questions:
        row[question.id] = marks[question.id]["points"] if marks else ""
        row[f"{question.id} status"] = marks[question.id]["status"] if marks else ""
    row |= {
        "file": result["file"],
        "time": result["time"],
        "seed": batch.seed,
        "jail": "no" if batch.trusted else "yes",
    }
    row |= {name if name not in row else f"roster {name}": text for name, text in about.items()}
    return {name: plain(value) for name, value in row.items()}
