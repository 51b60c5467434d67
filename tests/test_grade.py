"""A class is graded: everybody has a row, a bad submission costs its own points, a batch that was cut short goes on.

Most batches here run without a jail, so that they run anywhere; one runs in it, where bubblewrap is.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from test_jail import needs_jail
from traitlets.config import Config

from minigpt import commands
from minigpt.grading import batch, download, feedback, instructor, stored
from minigpt.grading.answers import Answer
from minigpt.grading.course import make, refuse_links
from minigpt.grading.download import Refused
from minigpt.grading.duplicates import duplicates
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import mark
from minigpt.grading.nbgrader_jail import JailGrade
from minigpt.grading.notebook import SETUP, answer_cells
from minigpt.grading.question import CHAPTERS, drawn
from minigpt.grading.roster import read_roster
from minigpt.grading.submissions import collect
from minigpt.support.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
INSTRUCTOR = ROOT / "instructor"
sys.path.insert(0, str(INSTRUCTOR))
import homework  # noqa: E402

SOURCE = INSTRUCTOR / "02_attention_numpy" / "homework_source.ipynb"
SOURCES = sorted(INSTRUCTOR.glob("*/homework_source.ipynb"))
STUDENTS = ["anna", "ben", "clara", "dora", "emil"]


def homework_of(source):
    return ROOT / "chapters" / source.parent.name / "homework.ipynb"


def nbgrader_of(cell):
    return cell.metadata.get("nbgrader", {})


def solutions():
    """{grade_id: source} of the source notebook's answers."""
    cells = nbformat.read(SOURCE, as_version=4).cells
    return {
        nbgrader_of(c).grade_id: c.source for c in cells if c.cell_type == "code" and nbgrader_of(c).get("solution")
    }


def handed_in(folder, student, answers):
    """The student's notebook with these answers filled in."""
    notebook = nbformat.read(homework_of(SOURCE), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = answers.get(nbgrader_of(cell).get("grade_id"), cell.source)
    path = folder / student / "homework.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def school(tmp_path):
    """Right, wrong, half, blank, and one who handed in nothing."""
    right = solutions()
    handed_in(tmp_path / "in", "anna", right)
    handed_in(tmp_path / "in", "ben", {i: source.replace("sqrt", "square") for i, source in right.items()})
    handed_in(tmp_path / "in", "clara", dict(list(right.items())[:2]))
    handed_in(tmp_path / "in", "dora", {})
    (tmp_path / "roster.csv").write_text("student,name\n" + "".join(f"{s},?\n" for s in STUDENTS))
    return tmp_path


def graded(school, out="out", **options):
    options = {"seed": 7, "trusted": True, "say": lambda line: None} | options
    return batch.grade(school / "in", "02", school / "roster.csv", school / out, **options)


def without_time(rows):
    return [row | {"time": ""} for row in rows]


def test_everybody_has_a_row_with_a_score_or_a_reason(school):
    rows = graded(school)
    assert [row["student"] for row in rows] == STUDENTS
    half = sum(question.points for question in questions_of("02")[:2])
    assert [row["score"] for row in rows] == [13, 0, half, 0, ""]
    assert [row["status"] for row in rows] == ["graded"] * 4 + ["not graded: nothing handed in"]
    assert rows[1]["02.1 status"] == "wrong" and rows[3]["02.1 status"] == "not answered"
    with open(school / "out" / "grades.csv", newline="", encoding="utf-8-sig") as file:
        assert [{k: str(v) for k, v in row.items()} for row in rows] == list(csv.DictReader(file))
    assert all(row["jail"] == "no" for row in rows)


def test_grading_twice_gives_the_same_and_another_seed_other_inputs(school):
    first = graded(school)
    assert without_time(graded(school, "again")) == without_time(first)
    other = graded(school, "other", seed=8)
    assert [row["score"] for row in other] == [row["score"] for row in first]
    pages = [(school / out / "feedback" / "ben.html").read_text() for out in ("out", "again", "other")]
    pages = [page.partition("Graded")[0] for page in pages]  # the time stands behind
    assert pages[0] == pages[1] != pages[2]


def test_a_batch_that_was_stopped_goes_on(school, monkeypatch):
    whole = graded(school, "whole")

    def stopped(cells, questions, seed, trusted, run=batch.answers.run_answers):
        if (school / "cut" / "results" / "ben.json").exists():
            raise KeyboardInterrupt
        return run(cells, questions, seed, trusted=trusted)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(batch.answers, "run_answers", stopped)
        graded(school, "cut", seed=None)
    seed = json.loads((school / "cut" / "batch.json").read_text())["seed"]
    done = []

    def counted(cells, questions, seed, trusted, run=batch.answers.run_answers):
        done.append(seed)
        return run(cells, questions, seed, trusted=trusted)

    monkeypatch.setattr(batch.answers, "run_answers", counted)
    rows = graded(school, "cut", seed=None)
    assert done == [seed, seed]  # clara and dora only
    assert [row["score"] for row in rows] == [row["score"] for row in whole]
    handed_in(school / "in", "dora", solutions())  # handed in again: graded again
    assert graded(school, "cut", seed=None)[3]["score"] == 13


def test_a_batch_in_another_folder_of_another_kind_is_refused(school):
    graded(school)
    with pytest.raises(InputError, match="holds a batch with seed 7, not 8"):
        graded(school, seed=8)


def test_one_bad_submission_never_stops_the_batch(school, monkeypatch):
    def fails(cells, questions, seed, trusted, run=batch.answers.run_answers):
        if "square" in dict(cells)["q02_1"]:
            raise RuntimeError("boom")
        return run(cells, questions, seed, trusted=trusted)

    monkeypatch.setattr(batch.answers, "run_answers", fails)
    rows = graded(school, jobs=2)
    assert rows[1]["status"] == "not graded: the grader failed on it: RuntimeError: boom"
    assert [row["score"] for row in rows][::2] == [13, 5, ""]


def test_a_jail_that_failed_is_tried_again(school, monkeypatch):
    """What the student is not to blame for must not stay when the batch is started again."""

    def fails(cells, questions, seed, trusted):
        return {q.id: Answer([None] * q.n_cases, "jail: ended with code 1", "") for q in questions}

    with monkeypatch.context() as patch:
        patch.setattr(batch.answers, "run_answers", fails)
        assert graded(school)[0]["status"] == "not graded: jail: ended with code 1"
    assert graded(school)[0]["score"] == 13


def test_a_zip_that_is_damaged_or_too_long_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.ipynb", "{}")
    monkeypatch.setattr(download, "MOST", 2)
    with pytest.raises(InputError, match="3 entries"):
        collect(tmp_path / "all.zip", ["anna"])
    raw = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(raw[:40] + raw[-22:])
    with pytest.raises(InputError, match="damaged"):
        collect(tmp_path / "cut.zip", ["anna"])


def put(folder, data):
    path = folder / "in" / "emil" / "homework.ipynb"
    path.parent.mkdir()
    path.write_bytes(data)


def notebook_with(change):
    """The solved notebook after `change(cells)`, as bytes."""
    notebook = json.loads(SOURCE.read_text(encoding="utf-8"))
    change(notebook["cells"])
    return json.dumps(notebook).encode()


def answer_places(cells):
    return [i for i, cell in enumerate(cells) if cell["metadata"].get("nbgrader", {}).get("solution")]


BAD = {
    "not a notebook": b"{broken",
    "not a notebook: its": b'{"cells": 3}',
    "answer cells q02_1, q02_2, q02_3, q02_4; the": notebook_with(lambda cells: cells.pop(answer_places(cells)[-1])),
    "5,000,000": b" " * (download.LARGEST + 1),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_submission_that_cannot_be_graded_says_why(school, reason):
    put(school, BAD[reason])
    rows = graded(school)
    assert rows[4]["status"].startswith("not graded: ") and reason in rows[4]["status"]
    assert [row["score"] for row in rows[:4]] == [13, 0, 5, 0]
    assert "Not graded" in (school / "out" / "feedback" / "emil.html").read_text()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_is_not_followed(school, link):
    """A link to the instructor's notebook earned all points in plain nbgrader."""
    (school / "in" / "emil").mkdir()
    shutil.copy(SOURCE, school / "answers.ipynb")
    link(school / "answers.ipynb", school / "in" / "emil" / "homework.ipynb")
    assert "link" in graded(school)[4]["status"]
    with pytest.raises(InputError, match="emil"):
        refuse_links(school / "in")


def test_a_pipe_is_not_waited_for(school):
    (school / "in" / "emil").mkdir()
    os.mkfifo(school / "in" / "emil" / "homework.ipynb")
    assert "not a plain file" in graded(school)[4]["status"]


def test_notebooks_as_other_systems_write_them(school):
    """A name in capitals and a byte order mark are read; half a character is refused by name, not by a crash."""
    path = school / "in" / "anna" / "homework.ipynb"
    data = path.read_bytes()
    path.unlink()
    (path.parent / "HOMEWORK.IPYNB").write_bytes(b"\xef\xbb\xbf" + data)
    assert graded(school)[0]["score"] == 13
    text = json.loads(data)
    text["cells"][-1] = {"cell_type": "code", "metadata": {}, "source": "x = '\ud800'", "outputs": []}
    with pytest.raises(Refused, match="damaged"):
        answer_cells(json.dumps(text).encode(), [])


def test_a_roster_loses_no_student(tmp_path):
    """An open quotation mark would make one student of all that follow."""
    roster = tmp_path / "r.csv"
    roster.write_text('Student,name\nanna,"A\nben,B\ncara,C\n')
    with pytest.raises(InputError, match="line 2: a quotation mark opens in this row and is never closed"):
        read_roster(roster)
    roster.write_text('Student,name\nanna,"A, B"\nben,B\n')
    assert read_roster(roster).students == ["anna", "ben"]


def test_two_notebooks_of_one_student_are_not_chosen_between(school):
    shutil.copy(school / "in" / "anna" / "homework.ipynb", school / "in" / "anna" / "homework (2).ipynb")
    assert graded(school)[0]["status"].startswith("not graded: 2 notebooks")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("name\nx\n", "no column"),
        ("student\na\na\n", "twice"),
        ("student\n../x\n", "letters"),
        ("", "no row"),
        ("student\n=cmd\n", "letters"),
    ],
)
def test_a_bad_roster_is_refused(tmp_path, text, error):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError, match=error):
        read_roster(tmp_path / "r.csv")


def test_cells_that_a_student_added_run_before_the_answers_after_them(school):
    def add(cells):
        helper = {"cell_type": "code", "metadata": {}, "source": ["def helper():\n", "    return 1\n"]}
        cells.insert(answer_places(cells)[0], helper | {"id": "h", "outputs": [], "execution_count": None})

    cells = answer_cells(notebook_with(add), questions_of("02"))
    assert [name for name, _ in cells][:3] == ["", "", "q02_1"] and "helper" in cells[1][1]
    assert answer_cells(notebook_with(lambda cells: None), questions_of("02"))[0][1] == SETUP


def test_the_feedback_page_runs_nothing(school):
    source = (
        "# <script>alert(1)</script>\ndef window_attention(q, k, v, w):\n    return '<img src=x onerror=alert(1)>'\n"
    )
    handed_in(school / "in", "ben", {"q02_1": source})
    graded(school)
    page = (school / "out" / "feedback" / "ben.html").read_text()
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "seed 7" in page


def test_a_note_of_the_students_own_making_earns_nothing():
    question = questions_of("02")[0]
    marked = mark(drawn(question, 0), Answer([None] * question.n_cases, "error", "right in 5 cases: 3 points"))
    assert marked["points"] == 0 and marked["status"] == "error"


def test_a_formula_in_the_csv_is_only_text():
    assert feedback.body(batch.not_graded("anna", "=1+1"), 0) and batch.plain("=1+1") == "'=1+1"


def test_equal_answers_are_reported_when_asked(school):
    right = solutions()
    right["q02_1"] = "# mine!\n" + right["q02_1"].replace("    ", "  ")
    handed_in(school / "in", "emil", {"q02_1": right["q02_1"]})
    graded(school)
    pairs = duplicates(school / "out")
    assert {"student": "anna", "other": "emil", "question": "q02_1"} in pairs
    assert not any("dora" in pair.values() or "ben" in pair.values() for pair in pairs)


def test_the_command(school, capsys):
    argv = ["grade", str(school / "in"), "--homework", "02", "--roster", str(school / "roster.csv")]
    assert commands.main([*argv, "--out", str(school / "o"), "--seed", "7", "--no-jail", "--duplicates"]) == 0
    told = capsys.readouterr().out
    assert "no jail" in told and "4 of 5 graded" in told and (school / "o" / "duplicates.csv").exists()
    assert commands.main([*argv, "--out", str(school / "p"), "--homework", "99"]) == 2
    assert "homework '99' is not one of 00 to 12" in capsys.readouterr().err


@needs_jail
def test_the_same_scores_in_the_jail(school):
    rows = graded(school, trusted=False, jobs=2)
    assert [row["score"] for row in rows] == [13, 0, 5, 0, ""] and rows[0]["jail"] == "yes"


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.parent.name)
def test_the_students_notebook_is_current(source):
    """`homework.ipynb` is what `make homework` makes of the source, and holds no solution."""
    made, stored = homework.released(source), nbformat.read(homework_of(source), as_version=4)
    assert [cell.source for cell in made.cells] == [cell.source for cell in stored.cells]
    assert [cell.metadata for cell in made.cells] == [cell.metadata for cell in stored.cells]
    assert not any("SOLUTION" in cell.source for cell in stored.cells)
    assert all("NotImplementedError" in c.source for c in stored.cells if nbgrader_of(c).get("solution"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_stored_checks_are_current(chapter):
    """What the students' check reads is what the questions give, up to the rounding of another machine."""
    assert homework.is_current(chapter)


def change_a_result(check):
    return replace(check, wanted=[check.wanted[0] * (1 + 1e-8), *check.wanted[1:]])


def change_an_argument(check):
    return replace(check, cases=[{**check.cases[0], "w": 1}, *check.cases[1:]])


def change_a_mistake(check):
    return replace(check, known=(replace(check.known[0], results=check.known[1].results), *check.known[1:]))


def change_a_hint(check):
    return replace(check, known=(replace(check.known[0], hint="?"), *check.known[1:]))


def drop_a_mistake(check):
    return replace(check, known=check.known[1:])


def change_the_points(check):
    return replace(check, points=check.points + 1)


CHANGES = [change_a_result, change_an_argument, change_a_mistake, change_a_hint, drop_a_mistake, change_the_points]


@pytest.mark.parametrize("change", [*CHANGES, None])
def test_checks_that_are_not_current_are_noticed(change, tmp_path):
    checks = homework.checks("02")
    stored.store("02", [change(checks[0]) if change else checks[0], *checks[1:]], tmp_path)
    assert homework.is_current("02", tmp_path) is (change is None)


def test_a_rounding_of_another_machine_is_not_a_change(tmp_path):
    checks = homework.checks("02")
    rounded = replace(checks[0], wanted=[x * (1 + 1e-15) for x in checks[0].wanted])
    stored.store("02", [rounded, *checks[1:]], tmp_path)
    assert homework.is_current("02", tmp_path)


def test_stored_checks_are_small_and_no_pickle():
    files = [path for path in stored.CHECKS.iterdir() if path.suffix == ".npz"]
    assert len(files) == len(CHAPTERS) and sum(path.stat().st_size for path in stored.CHECKS.iterdir()) < 300_000
    for path in files:
        with np.load(path, allow_pickle=False) as arrays:
            assert all(array.dtype.kind in "fiub" for array in arrays.values()), path


@pytest.mark.parametrize("argument", [None, "elsewhere"])
def test_without_the_instructors_folder_one_line_says_what_to_do(school, argument, monkeypatch, capsys):
    monkeypatch.setattr(instructor, "CHECKOUT", school)
    monkeypatch.chdir(school)
    (school / "instructor" / "questions").mkdir(parents=True)  # of no checkout: somebody's submission, perhaps
    named = ["--instructor", argument] if argument else []
    grade = ["grade", str(school / "in"), "--homework", "02", "--roster", str(school / "roster.csv"), "--out", "o"]
    for argv in (grade, ["homework", "course", "c"]):
        assert commands.main([*argv, *named]) == 2
        told = capsys.readouterr().err
        assert "--instructor" in told and "checkout" in told and told.count("\n") == 1
    assert not (school / "o").exists() and not (school / "c").exists()


def test_the_instructors_folder_is_found_in_a_checkout(tmp_path, monkeypatch):
    assert folder_of() == INSTRUCTOR
    monkeypatch.setattr(instructor, "CHECKOUT", tmp_path)  # as if installed elsewhere
    monkeypatch.chdir(ROOT)
    assert folder_of() == INSTRUCTOR
    shutil.copytree(INSTRUCTOR, tmp_path / "mine")
    assert folder_of(tmp_path / "mine") == (tmp_path / "mine").resolve()
    (tmp_path / "mine" / "questions" / "02.py").unlink()
    with pytest.raises(InputError, match=r"02\.py does not exist"):
        questions_of("02", tmp_path / "mine")


def test_references_that_were_handed_in_are_not_run(school):
    shutil.copytree(INSTRUCTOR / "questions", school / "in" / "instructor" / "questions")
    with pytest.raises(InputError, match="among the submissions"):
        graded(school, instructor=school / "in" / "instructor")


def test_the_seed_of_the_students_own_check_is_refused(school, capsys):
    """They have its right results, as data."""
    with pytest.raises(InputError, match="choose another"):
        graded(school, seed=stored.SEED)
    argv = ["grade", str(school / "in"), "--homework", "02", "--roster", str(school / "roster.csv"), "--out", "o"]
    assert commands.main([*argv, "--seed", "0"]) == 2 and "from 1" in capsys.readouterr().err


def test_a_course_folder_for_nbgrader(tmp_path):
    names = make(tmp_path / "course")
    assert names == [f"homework_{n:02}" for n in range(13)]
    assert (tmp_path / "course" / "source" / "homework_02" / "homework_02.ipynb").exists()
    with pytest.raises(InputError, match="not empty"):
        make(tmp_path / "course")


def test_nbgrader_grades_with_the_folder_that_the_course_names(tmp_path):
    shutil.copytree(INSTRUCTOR, tmp_path / "mine")
    make(tmp_path / "course", tmp_path / "mine")
    config = (tmp_path / "course" / "nbgrader_config.py").read_text()
    assert f"c.JailGrade.instructor = {str((tmp_path / 'mine').resolve())!r}" in config
    named = Config({"JailGrade": {"instructor": str(tmp_path / "nowhere")}})
    with pytest.raises(InputError, match="nowhere is no instructor's folder"):
        JailGrade(config=named).preprocess(nbformat.read(SOURCE, as_version=4), {})


@needs_jail
def test_nbgraders_own_commands(tmp_path):
    """Release, grade in the jail, and write feedback that runs no script and asks for nothing."""
    course = tmp_path / "course"
    make(course)

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words, "homework_02"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, env=os.environ | {"PATH": path})
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment")
    for student, answers in {"anna": solutions(), "ben": {}}.items():
        path = handed_in(tmp_path / "in", student, answers)
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_markdown_cell("<script>alert(1)</script> $a < b$"))
        place = course / "submitted" / student / "homework_02" / "homework_02.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    nbgrader("autograde")
    nbgrader("generate_feedback")
    pages = [(course / "feedback" / s / "homework_02" / "homework_02.html").read_text() for s in ("anna", "ben")]
    assert "Score: 13.0 / 13.0" in pages[0] and "Score: 0.0 / 13.0" in pages[1] and "not answered" in pages[1]
    assert all("alert(1)</script>" not in page and "<math" in page and 'src="http' not in page for page in pages)


def test_collect_names_everybody(tmp_path):
    (tmp_path / "s").mkdir()
    found, unmatched, _ = collect(tmp_path / "s", ["anna"])
    assert isinstance(found["anna"], Refused) and unmatched == []
    with pytest.raises(InputError, match="neither"):
        collect(tmp_path / "nothing", ["anna"])
