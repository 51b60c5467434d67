"""A class of five from nothing: what each platform gives, graded twice; the same course with nbgrader's commands."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from school import grade, notebook, solutions
from test_jail import needs_jail

from minigpt import commands
from minigpt.grading import batch

RIGHT = solutions()
UNSCALED = RIGHT | {"q02_1": RIGHT["q02_1"].replace("q @ k.T / np.sqrt(d_k)", "q @ k.T")}
STOPS = RIGHT | {"q02_2": f"import os\nos._exit(0)\n{RIGHT['q02_2']}"}
CLASS = {  # id: name, name of the account, what is handed in, score
    "4711": ("王小明", "wangxm", notebook(RIGHT), 13),
    "4712": ("李娜", "lina", notebook(UNSCALED), 10),
    "4713": ("Ann Lee", "annlee", b'{"cells": [', ""),
    "4714": ("Zoë Müller", "zoe", notebook(STOPS), 11),
    "4715": ("欧阳 慧", "ouyanghui", notebook({}), 0),
}
LAYOUTS = {
    "Moodle, folders": "{name}_{id}_assignsubmission_file/作业.ipynb",
    "Moodle, flat": "{name}_{id}_assignsubmission_file_作业 02.ipynb",
    "Canvas": "{account}_{id}_9{id}_homework.ipynb",
    "Blackboard": "Homework 02_{account}_attempt_2026-03-01-10-20-30_homework.ipynb",
    "plain": "{id}.ipynb",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_platforms_zip_is_graded_once(tmp_path, monkeypatch, layout):
    """The second run grades nobody again, and gives the same rows and pages; Chinese names are whole everywhere."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for student, (name, account, data, _) in CLASS.items():
            archive.writestr(LAYOUTS[layout].format(id=student, name=name, account=account), data)
    roster = "学号;姓名;username\n" + "".join(f"{s};{name};{account}\n" for s, (name, account, *_) in CLASS.items())
    graded, run = [], batch.answers.run_answers

    def counted(*arguments, **options):
        graded.append(1)
        return run(*arguments, **options)

    monkeypatch.setattr(batch.answers, "run_answers", counted)
    rows = grade(tmp_path, roster, tmp_path / "all.zip")
    assert [row["score"] for row in rows] == [score for *_, score in CLASS.values()] and len(graded) == 4
    assert rows[2]["status"].startswith("not graded: not a notebook")
    pages = {page.name: page.read_bytes() for page in (tmp_path / "out").rglob("*.html")}
    again = [row | {"time": ""} for row in grade(tmp_path, roster, tmp_path / "all.zip")]
    assert len(graded) == 4 and again == [row | {"time": ""} for row in rows]
    assert pages == {page.name: page.read_bytes() for page in (tmp_path / "out").rglob("*.html")}
    with open(tmp_path / "out" / "grades.csv", newline="", encoding="utf-8-sig") as file:
        assert [row["姓名"] for row in csv.DictReader(file)] == [name for name, *_ in CLASS.values()]
    told = {name.partition(".")[0]: page.decode() for name, page in pages.items()}
    assert "分数没有除以 sqrt(d_k)" in told["4712"] and "分数没有除以 sqrt(d_k)" in told["summary"]
    assert "the cell of 02.2 did not end" in told["4714"] and "不是笔记本" in told["4713"]


@needs_jail
def test_a_course_with_nbgrader(tmp_path):
    """docs/homework.md's commands, one after the other, for three submissions: right, wrong, unreadable."""
    pytest.importorskip("nbgrader")
    assert commands.main(["homework", "course", str(tmp_path / "course")]) == 0
    for student in ("4711", "4712", "4713"):
        place = tmp_path / "course" / "submitted" / student / "homework_02"
        place.mkdir(parents=True)
        (place / "homework_02.ipynb").write_bytes(CLASS[student][2])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    for words in (
        "generate_assignment homework_02",
        "autograde homework_02",
        "generate_feedback homework_02",
        "export",
    ):
        line = [sys.executable, "-m", "nbgrader", *words.split()]
        done = subprocess.run(
            line, cwd=tmp_path / "course", capture_output=True, text=True, env=os.environ | {"PATH": path}
        )
        assert done.returncode == 0, done.stderr[-2000:]
    with open(tmp_path / "course" / "grades.csv", newline="", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == "homework_02"}
    assert {student: row["score"] for student, row in rows.items()} == {"4711": "13.0", "4712": "10.0", "4713": ""}
    assert rows["4713"]["status"].startswith("not graded: not a notebook")
    shown = {
        "4711": "Score: 13.0 / 13.0",
        "4712": "分数没有除以 sqrt(d_k)",
        "4713": "homework_02 (not graded · 未评分)",
    }
    for student, words in shown.items():
        page = tmp_path / "course" / "feedback" / student / "homework_02" / "homework_02.html"
        assert words in page.read_text(encoding="utf-8"), student
