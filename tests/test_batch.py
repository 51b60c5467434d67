"""A batch never stops and never lies: one student's input, whatever it is, costs that student only."""

import csv
import json
import re
import tracemalloc

import pytest
from school import grade, hand_in, notebook, solutions

from minigpt import commands
from minigpt.grading import batch, feedback, hints, results, summary
from minigpt.grading.answers import Answer
from minigpt.grading.duplicates import LONGEST, duplicates, normalised, write_duplicates
from minigpt.grading.instructor import questions_of
from minigpt.grading.question import drawn
from minigpt.grading.sheet import plain, shown, write_sheet
from minigpt.support.errors import InputError

THREE = ["a", "b", "c"]


def changed(change):
    read = json.loads(notebook())
    change(next(c for c in read["cells"] if c["metadata"].get("nbgrader", {}).get("solution")))
    return json.dumps(read).encode()


def in_csv(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


HOSTILE = {
    "half a character as an id": changed(lambda cell: cell["metadata"]["nbgrader"].update(grade_id="\ud800")),
    "an id of ten lines": changed(lambda cell: cell["metadata"]["nbgrader"].update(grade_id="x\n2/3 c: 10 graded")),
    "an id that is a list": changed(lambda cell: cell["metadata"]["nbgrader"].update(grade_id=[1])),
    "metadata that are a number": changed(lambda cell: cell.update(metadata=3)),
    "deep": b"[" * 100_000,
    "a long number": b'{"cells": ' + b"9" * 10_000 + b"}",
    "a terminal's codes": changed(lambda cell: cell["metadata"]["nbgrader"].update(grade_id="\x1b[2J\u202e")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_notebook_costs_its_own_student_only(tmp_path, kind):
    hand_in(tmp_path / "in", {"a.ipynb": notebook(), "b.ipynb": HOSTILE[kind], "c.ipynb": notebook()})
    said = []
    for _ in range(2):  # and when it is started again
        rows = grade(tmp_path, THREE, say=said.append)
        assert [row["score"] for row in rows] == [13, "", 13]
        assert rows[1]["status"].startswith("not graded: ") and "grader failed" not in rows[1]["status"]
    assert all(line.isprintable() for line in said)
    assert [row["status"] for row in in_csv(tmp_path / "out" / "grades.csv")] == [row["status"] for row in rows]
    assert "Not graded" in (tmp_path / "out" / "feedback" / "b.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["write", "row_of"])
def test_whatever_fails_in_writing_is_told_in_the_csv(tmp_path, monkeypatch, place):
    owner, right = (feedback, feedback.write) if place == "write" else (batch, batch.row_of)
    failed = []

    def fails(*arguments):
        if not failed and any("'student': 'b'" in str(argument) for argument in arguments):
            failed.append(1)
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return right(*arguments)

    monkeypatch.setattr(owner, place, fails)
    hand_in(tmp_path / "in", dict.fromkeys(["a.ipynb", "b.ipynb", "c.ipynb"], notebook()))
    rows = grade(tmp_path, THREE, jobs=2)
    assert [row["score"] for row in rows] == [13, "", 13]
    assert rows[1]["status"].startswith("not graded: the grader failed on it: UnicodeEncodeError")


def test_a_jail_that_failed_is_no_grade(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", {"a.ipynb": notebook(), "b.ipynb": notebook()})
    run = batch.answers.run_answers

    def killed(cells, questions, seed, trusted):
        found = run(cells, questions, seed, trusted=trusted)
        last = questions[-1]
        return found | {last.id: Answer([None] * last.n_cases, "jail: ended with code 137", "Killed\x1b[2J")}

    monkeypatch.setattr(batch.answers, "run_answers", killed)
    row = grade(tmp_path, THREE)[0]
    assert row["score"] == "" and row["status"] == "not graded: jail: ended with code 137 Killed\\x1b[2J"
    assert not (tmp_path / "out" / "results").exists()


def test_a_corrected_question_regrades_what_it_changes(tmp_path, monkeypatch):
    wrong = solutions()
    wrong["q02_1"] = wrong["q02_1"].replace("sqrt", "square")
    hand_in(tmp_path / "in", {"a.ipynb": notebook(), "b.ipynb": notebook(wrong)})
    asked, run, questions = [], batch.answers.run_answers, questions_of("02")

    def counted(cells, questions, seed, trusted):
        asked.append([question.id for question in questions])
        return run(cells, questions, seed, trusted=trusted)

    monkeypatch.setattr(batch.answers, "run_answers", counted)
    assert [row["score"] for row in grade(tmp_path, THREE)[:2]] == [13, 13 - questions[0].points]
    assert grade(tmp_path, THREE) and len(asked) == 2 and not (tmp_path / "out" / "changes.csv").exists()
    spoilt = [
        *questions[:1],
        type(questions[1])(**vars(questions[1]) | {"reference": lambda **_: 0.0}),
        *questions[2:],
    ]
    monkeypatch.setattr(batch, "questions_of", lambda *_: spoilt)
    said = []
    rows = grade(tmp_path, THREE, say=said.append)
    lost = questions[1].points
    assert asked[2:] == [[questions[1].id]] * 2 and rows[0]["score"] == 13 - lost
    told = f"a {questions[1].id}: {lost} right -> 0 wrong, the question changed"
    assert f"changed: {told}" in said
    moved = in_csv(tmp_path / "out" / "changes.csv")
    assert [(m["student"], m["was"], m["now"]) for m in moved] == [(s, f"{lost} right", "0 wrong") for s in "ab"]
    hand_in(tmp_path / "in", {"b.ipynb": notebook()})
    grade(tmp_path, THREE)
    assert {m["why"] for m in in_csv(tmp_path / "out" / "changes.csv")} == {"the question changed", "handed in again"}


@pytest.mark.parametrize("part", ["wanted", "cases", "hint", "seconds", "points"])
def test_the_hash_of_a_question_holds_all_that_a_mark_depends_on(part):
    question = questions_of("02")[0]
    check = drawn(question, 7)
    before = results.fingerprint(question, check)
    assert before == results.fingerprint(question, drawn(question, 7))
    if part == "wanted":
        check.wanted[0] = check.wanted[0] + 1e-6
    elif part == "cases":
        check.cases[0] |= {"w": 99}
    elif part == "hint":
        object.__setattr__(check.known[0], "hint", "other")
    else:
        object.__setattr__(question if part == "seconds" else check, part, 99)
    assert results.fingerprint(question, check) != before


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"sha256": 1}', b"\xff\xfe", b"null"])
def test_a_damaged_result_is_made_again(tmp_path, data):
    hand_in(tmp_path, {"in/a.ipynb": notebook(), "out/results/a.json": data})
    assert grade(tmp_path, ["a"])[0]["score"] == 13


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"homework": "02", "seed": "7", "trusted": true}', "{"])
def test_a_damaged_batch_says_where_its_seed_stands(tmp_path, data):
    hand_in(tmp_path, {"in/a.ipynb": notebook(), "out/batch.json": data.encode()})
    with pytest.raises(InputError, match=r"batch\.json is damaged; delete it and give its seed with --seed"):
        grade(tmp_path, ["a"])


def test_out_does_not_lie_among_the_submissions(tmp_path):
    hand_in(tmp_path, {"in/a.ipynb": notebook()})
    with pytest.raises(InputError, match="name an --out elsewhere"):
        grade(tmp_path, ["a"], tmp_path)


def answered_with_0(cells, questions, seed, trusted):
    return {q.id: Answer([0.0] * q.n_cases, "done") for q in questions}


def peak_of(folder, n, whole, monkeypatch):
    """The most bytes that Python held while a class of n, each with this notebook, was graded by nobody."""
    students = [f"s{i}" for i in range(n)]
    hand_in(folder / "in", {f"{student}.ipynb": whole for student in students})
    monkeypatch.setattr(batch.answers, "run_answers", answered_with_0)
    tracemalloc.start()
    try:
        rows = grade(folder, students)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [row["status"] for row in rows] == ["graded"] * n
    return peak


def assert_memory_is_flat(tmp_path, monkeypatch):
    """10 students more cost less than one notebook: what a student leaves, sources above all, is let go."""
    text = "\n" + "# " + "x" * 500_000
    whole = notebook({name: source + text for name, source in solutions().items() if name == "q02_1"})
    few, many = (peak_of(tmp_path / str(n), n, whole, monkeypatch) for n in (3, 13))
    assert many - few < len(whole), f"{few:,} bytes for 3 students, {many:,} for 13"


def test_memory_does_not_grow_with_the_class(tmp_path, monkeypatch):
    assert_memory_is_flat(tmp_path, monkeypatch)


def test_the_check_of_memory_catches_a_grader_that_keeps_what_it_read(tmp_path, monkeypatch):
    kept, one_result = [], batch.one_result
    monkeypatch.setattr(batch, "one_result", lambda *given: kept.append(one_result(*given)) or kept[-1])
    with pytest.raises(AssertionError, match="for 13"):
        assert_memory_is_flat(tmp_path, monkeypatch)


def test_equal_answers_of_any_size(tmp_path):
    """1,500 terms were too deep for a parser, and a list of 800 kB took it 7 s and 300 MiB."""
    deep, long = "x = " + "+".join(["1"] * 1500), "x = [" + "1, " * (LONGEST // 2) + "]"
    for source in (deep, long):
        answers = solutions() | {"q02_1": source}
        hand_in(tmp_path / "in", {"a.ipynb": notebook(answers), "b.ipynb": notebook(answers)})
        grade(tmp_path, ["a", "b"])
        pairs = duplicates(tmp_path / "out")
        assert {"student": "a", "other": "b", "question": "q02_1"} in pairs
        assert duplicates(tmp_path / "out", {"a"}) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1", "x  =  1  # mine", True),
        ('def f():\n    """One."""\n    return 1', "def f():\n  return 1\n", True),
        ('x = "text"', "x = 'other'", False),
        ("if x:\n    y\nz", "if x:\n    y\n    z", False),
        ("x = (", "x   = (", True),
        ("def f():\n  return 1", "def f():\n  return 2", False),
    ],
)
def test_what_counts_as_equal(one, other, same):
    assert (normalised(one) == normalised(other)) is same


def test_a_table_without_rows_has_none(tmp_path):
    write_duplicates(tmp_path / "d.csv", [])
    assert (tmp_path / "d.csv").read_text(encoding="utf-8-sig") == "student,other,question\n"


def test_cells_are_data(tmp_path):
    texts = ["=1+1", "+1", "-1", "@x", " =1", "a\n2/3 b: 10 graded", "\x1b[2J", "\ud800", "\u202eb", "\t=1", "＝1"]
    write_sheet(tmp_path / "t.csv", ["=x"], [{"=x": text} for text in texts])
    cells = [row["'=x"] for row in in_csv(tmp_path / "t.csv")]
    assert len(cells) == len(texts) and all(cell.isprintable() and cell.lstrip()[0] not in "=+-@" for cell in cells)
    assert (
        plain(3) == 3 and len(shown("x" * 10_000)) == 300 and (tmp_path / "t.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    )


def test_the_csv_carries_the_roster_the_file_and_the_time(tmp_path):
    hand_in(tmp_path / "in", {"a/h.ipynb": notebook()})
    rows = grade(tmp_path, "student,姓名,status\na,张三,=x\n")
    assert rows[0]["姓名"] == "张三" and rows[0]["file"] == "a/h.ipynb" and rows[0]["roster status"] == "'=x"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", rows[0]["time"])
    assert (
        grade(tmp_path, "student,姓名,status\na,张三,=x\n")[0]["time"] == rows[0]["time"]
    )  # of grading, not of writing


def test_feedback_speaks_both_languages(tmp_path):
    answers = solutions() | {"q02_1": "raise ValueError('<b>')"}
    hand_in(tmp_path / "in", {"a/h.ipynb": notebook(answers)})
    grade(tmp_path, ["a"])
    page = (tmp_path / "out" / "feedback" / "a.html").read_text(encoding="utf-8")
    assert all(words in page for words in ("运行出错", "正确", "评分时间", "Your answer · 你的答案", "seed 7"))
    assert "<b>" not in page and "script" not in page


def test_stopped_by_hand(tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "grade", stopped)
    argv = ["grade", "x", "--homework", "02", "--roster", "r", "--out", "o"]
    assert commands.main(argv) == 130
    assert (
        capsys.readouterr().err
        == "minigpt: grade stopped; start it again with the same --out: it goes on where it stopped\n"
    )


def test_ctrl_c_starts_nobody_new(tmp_path):
    hand_in(tmp_path / "in", {f"{n}.ipynb": notebook() for n in range(8)})

    def say(line):
        if line.startswith("1/8"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(tmp_path, [str(n) for n in range(8)], say=say)
    assert len(list((tmp_path / "out" / "results").iterdir())) <= 3


def test_after_its_minutes_a_batch_starts_nobody_and_goes_on_later(tmp_path):
    hand_in(tmp_path / "in", {"a.ipynb": notebook()})
    (over,) = grade(tmp_path, ["a"], minutes=0)
    assert over["score"] == "" and over["status"].startswith(
        "not graded: the batch's minutes were over; start the same"
    )
    assert grade(tmp_path, ["a"], minutes=5)[0]["score"] == 13
    hand_in(tmp_path / "in", {"b.ipynb": notebook()})
    assert [row["score"] for row in grade(tmp_path, ["a", "b"], minutes=0)] == [13, ""]


def test_the_summary_runs_nothing_and_counts_everybody(tmp_path):
    wrong = solutions()
    wrong["q02_1"] = wrong["q02_1"].replace("sqrt", "square")
    error = solutions() | {"q02_1": "def window_attention(**_):\n    raise ValueError('<script>alert(1)</script>')"}
    files = {"a": notebook(), "b": notebook(wrong), "c": notebook({}), "d": notebook(error), "e": b"{"}
    hand_in(tmp_path / "in", {f"{name}.ipynb": data for name, data in files.items()})
    grade(tmp_path, [*files, "f"])
    page = (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert "4 of 6 graded" in page and "ValueError: &lt;script&gt;" in page and "nothing handed in" in page
    row = re.search(r"window_<wbr>attention</small></th>(.*?)</tr>", page)[1]
    assert re.findall(r"(\d+) <small>(\d+)%", row) == [("1", "25")] * 4
    assert page.count('scope="row">e</th>') == page.count('scope="row">f</th>') == 1


def test_a_mistake_is_told_by_its_cause_and_not_by_what_to_try():
    """The hint below an error is the student's; the summary counts what happened."""
    note = hints.with_hint("Traceback:\nTypeError: case 0: nothing was returned", "f")
    assert summary.mistake({"status": "error", "hint": "", "message": note}) == (
        "error: TypeError: case 0: nothing was returned"
    )
