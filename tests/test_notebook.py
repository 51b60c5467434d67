"""Answers are found in notebooks as editors and students leave them; what cannot be read says which and why."""

import json

import numpy as np
import pytest
from test_grade import SOURCE, homework_of, solutions
from test_jail import RIGHT_A, RIGHT_B, SEED, A, B, needs_jail

from minigpt.grading import cells, check, stored
from minigpt.grading.answers import run_answers
from minigpt.grading.download import Refused
from minigpt.grading.hints import RULES, hint_of, with_hint
from minigpt.grading.instructor import questions_of
from minigpt.grading.judge import judge, mark
from minigpt.grading.notebook import SETUP, answer_cells, read
from minigpt.grading.question import drawn

ANYWHERE = pytest.mark.parametrize("trusted", [pytest.param(False, marks=needs_jail), True])


def cell(source, **metadata):
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def answered(change=None, answers=None):
    """A student's notebook with right answers, after `change(cells)`; as a dict."""
    notebook = json.loads(homework_of(SOURCE).read_text(encoding="utf-8"))
    answers = solutions() if answers is None else answers
    for one in notebook["cells"]:
        one["source"] = answers.get(one["metadata"].get("nbgrader", {}).get("grade_id"), "".join(one["source"]))
    if change:
        change(notebook["cells"])
    return notebook


def place_of(cells, grade_id):
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def score(notebook):
    """Points of the notebook, a dict or bytes, out of 10; run without a jail."""
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    questions = questions_of("02")
    given = run_answers(answer_cells(data, questions), questions, SEED, trusted=True)
    return sum(mark(drawn(q, SEED), given[q.id])["points"] for q in questions)


# --- how editors write them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding):
    text = json.dumps(answered(), ensure_ascii=False)
    assert read(text.encode(encoding)) == read(text.encode())
    assert "滑动窗口" in "".join(one.source for one in read(text.encode(encoding)))


def in_colab(notebook):
    """As Google Colab saves it: cell ids and outputs in the metadata, its own keys, no minor version with ids."""
    for n, one in enumerate(notebook["cells"]):
        one.pop("id", None)
        one["metadata"] |= {"id": f"aB{n}_x-", "colab": {"base_uri": "https://localhost:8080/", "height": 35}}
        one["metadata"] |= {
            "outputId": f"0f{n}",
            "executionInfo": {"status": "ok", "elapsed": 3, "user": {"userId": ""}},
        }
        one["source"] = one["source"].splitlines(keepends=True)
    colab = {"provenance": [], "toc_visible": True, "collapsed_sections": ["aB0_x-"]}
    return notebook | {"nbformat": 4, "nbformat_minor": 0, "metadata": {"colab": colab, "accelerator": "GPU"}}


def in_vscode(notebook):
    for n, one in enumerate(notebook["cells"]):
        one["id"] = f"{n:08x}"
        one["metadata"] |= {"vscode": {"languageId": "python"}, "notebookRunGroups": {"groupValue": "1"}, "tags": []}
        one["source"] = one["source"].replace("\n", "\r\n") if n % 2 else one["source"]
    return notebook | {"metadata": {"kernelspec": {"name": ".venv"}, "vscode": {"interpreter": {"hash": "0"}}}}


def of_version_3(notebook):
    cells = [
        {"cell_type": one["cell_type"], "metadata": one["metadata"], key: one["source"]} | ({"language": "python"})
        for one in notebook["cells"]
        for key in ["input" if one["cell_type"] == "code" else "source"]
    ]
    half = len(cells) // 2
    sheets = [{"metadata": {}, "cells": cells[:half]}, {"metadata": {}, "cells": cells[half:]}]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


@pytest.mark.parametrize("write", [in_colab, in_vscode, of_version_3])
def test_editors_and_versions_keep_all_points(write):
    assert score(write(answered())) == 13


@pytest.mark.parametrize(
    "bad",
    [
        *(b"", b"{", b"[]", b"[" * 100_000, b"1" * 5000, b"\xff\xfe{", "作业".encode("gbk"), b'{"worksheets": 3}'),
        *(b'{"cells": 3}', b'{"cells": [3]}', b'{"cells": [{"cell_type": "code"}], "x": NaN'),
        b'{"cells": [{"source": [1], "cell_type": "code"}]}',
        b'{"cells": [{"cell_type": "code", "metadata": null, "source": ""}]}',
        b'{"cells": [{"cell_type": "raw", "source":"", "metadata": {"nbgrader": {"grade_id": "\\udc80", "grade":1}}}]}',
    ],
)
def test_what_is_no_notebook_says_so(bad):
    with pytest.raises(Refused, match="not a notebook"):
        read(bad)
        answer_cells(bad, questions_of("02"))


@pytest.mark.parametrize("about", [None, "x", [], {}, {"grade_id": None}, {"grade_id": {}}, {"solution": True}])
def test_odd_metadata_make_a_cell_the_students_own(about):
    def add(cells):
        cells.append(cell("x = 1", nbgrader=about))

    assert answer_cells(json.dumps(answered(add)).encode(), questions_of("02"))[-1] == ("", "x = 1")


# --- how students leave them --------------------------------------------------------------------------------------


def split_in_a_function(cells):
    place = place_of(cells, "q02_1")
    lines = cells[place]["source"].split("\n")
    cells.insert(place, cells[place] | {"source": "\n".join(lines[:-2])})
    cells[place + 1] = cells[place + 1] | {"source": "\n".join(lines[-2:])}


def copied(cells):
    place = place_of(cells, "q02_1")
    cells.insert(place, cells[place] | {"source": "def window_attention(q, k, v, w):\n    return q\n"})


def of_another_homework(cells):
    cells.insert(5, cell("x = 1", nbgrader={"grade_id": "q09_9", "solution": True, "grade": False, "locked": False}))


def moved_below(cells, to=None):
    """The answer in a new cell below its own, which is as it was handed out."""
    place = place_of(cells, "q02_1")
    blank = answered(answers={})["cells"][place]["source"]
    cells.insert(len(cells) if to is None else place + to, cell(cells[place]["source"]))
    cells[place] = cells[place] | {"source": blank}


def just_below(cells):
    moved_below(cells, to=1)


def emptied_and_moved(cells):
    moved_below(cells, to=3)
    place = place_of(cells, "q02_1")
    cells[place] = cells[place] | {"source": "# see below"}


def import_in_the_first_cell(cells):
    place = place_of(cells, "setup")
    added = "from math import (\n    exp,\n    sqrt,\n)\nimport numpy\nimport torch\n" + cells[place]["source"]
    cells[place] = cells[place] | {"source": added}
    place = place_of(cells, "q02_1")
    source = cells[place]["source"].replace("np.sqrt", "sqrt").replace("np.", "numpy.")
    cells[place] = cells[place] | {"source": source}
    assert "numpy." in source and " sqrt(" in source


def magics(cells):
    place = place_of(cells, "q02_1")
    source = cells[place]["source"].replace("    scores", "    %time rows = 3\n    !ls\n    scores", 1)
    assert "%time" in source
    cells[place] = cells[place] | {"source": "%%time\n" + source + "\n\n%timeit 1 + 1\nnp.sum?\n?np.sum\n!pip list"}


def indented(cells):
    place = place_of(cells, "q02_1")
    cells[place] = cells[place] | {"source": "\n".join("  " + line for line in cells[place]["source"].split("\n"))}


LEFT = [split_in_a_function, copied, of_another_homework, moved_below, just_below, emptied_and_moved]
LEFT += [import_in_the_first_cell, magics, indented]


@pytest.mark.parametrize("change", LEFT)
def test_what_students_leave_is_graded(change):
    assert score(answered(change)) == 13


def test_a_missing_answer_says_which_and_what_to_do():
    def make_it_text(cells):
        cells[place_of(cells, "q02_2")]["cell_type"] = "markdown"

    with pytest.raises(Refused, match=r"answer cells q02_1, q02_3, q02_4, q02_5; the homework has .* of the kind Code"):
        answer_cells(json.dumps(answered(make_it_text)).encode(), questions_of("02"))


def test_an_unanswered_notebook_is_not_answered():
    questions = questions_of("02")
    data = json.dumps(answered(answers={})).encode()
    given = run_answers(answer_cells(data, questions), questions, SEED, trusted=True)
    assert {mark(drawn(q, SEED), given[q.id])["status"] for q in questions} == {"not answered"}


def test_the_first_cell_alone_is_setup():
    cells = answer_cells(json.dumps(answered()).encode(), questions_of("02"))
    names = ["q02_1", "q02_2", "q02_3", "q02_4", "", "q02_5"]  # "": the programs that question 5 shows
    assert cells[0] == ("", SETUP) and [name for name, _ in cells[1:]] == names


@ANYWHERE
def test_the_cell_below_counts_only_where_its_own_is_unanswered(trusted):
    """A trial below an answer that stands does not change the grade."""
    trial = "def double(x):\n    return 0 * x\n"
    blank = "def double(x):\n    raise NotImplementedError()\n"
    for own, below in ((RIGHT_A, trial), (blank, RIGHT_A)):
        found = run_answers([("q11_1", own), ("", below), ("q11_2", RIGHT_B)], [A, B], SEED, trusted=trusted)
        assert judge(drawn(A, SEED), found["11.1"].outputs).right
    cells = [("q11_1", "def double(x):\n    return x[99]\n"), ("", RIGHT_A), ("q11_2", RIGHT_B)]
    assert run_answers(cells, [A, B], SEED, trusted=trusted)["11.1"].status == "error"
    cells = [("q11_1", blank), ("", "def double(x):\n    return x[99]\n"), ("q11_2", RIGHT_B)]
    answer = run_answers(cells, [A, B], SEED, trusted=trusted)["11.1"]
    assert answer.status == "error" and "NotImplementedError" not in answer.note
    assert "File \"added, beginning with 'def double" in answer.note and "IndexError" in answer.note


# --- IPython's own lines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("%time x = 1\nx", "x = 1\nx"),
        ("if 1:\n    %time y = 2", "if 1:\n    y = 2"),
        ("%%time\nx = 1", "pass\nx = 1"),
        ("%timeit f(x)", "pass"),
        ("x = (5\n  % 3)\n%matplotlib inline\n!ls", "x = (5\n  % 3)\npass\npass"),
        ("s = '''\n%time x\n!ls\n'''\n%cd /", "s = '''\n%time x\n!ls\n'''\npass"),
        ("np.sum?\n?np\nfoo??", "pass\npass\npass"),
        ("  x = 1\n  %time y = 2", "x = 1\ny = 2"),
        ("%time", "pass"),
        ("def f(:\n    pass", "def f(:\n    pass"),
        ("\0", "\0"),
        ("", ""),
    ],
)
def test_ipythons_lines(source, wanted):
    assert cells.plain(source) == wanted


def test_ipythons_lines_are_bounded():
    source = "\n".join(["%time"] * 3000)
    assert cells.plain(source).count("pass") == cells.MAGICS


# --- hints, the same in the student's check and in the grade ------------------------------------------------------

MISTAKES = {  # the function `double` of a student: words of the hint, in both languages
    "def double(y):\n    return 2 * y\n": ("keep the arguments' names", "参数名"),
    "def double(x, y):\n    return 2 * y\n": ("keep the arguments' names", "参数名"),
    "def double(x):\n    2 * x\n": ("end the function with `return`", "return"),
    "def double(x):\n    print(2 * x)\n": ("print(...) only shows it", "print(...) 只是显示"),
    "def double(x):\n    return None, x\n": ("end the function with `return`", "return"),
    "def double(x):\n    return str(x)\n": ("return numbers or NumPy arrays", "请返回数字"),
    "def double(x):\n    return [[1, 2], [3]]\n": ("return numbers or NumPy arrays", "请返回数字"),
    "def double(x):\n    return helper(x)\n": ("define or import it", "定义或导入它"),
    "def double(x):\n    import torch_of_nobody\n": ("NumPy and Python's standard library", "标准库"),
}
ONLY_THE_GRADE = {
    "def Double(x):\n    return 2 * x\n": ("must define `def double(...)`", "必须定义 `def double(...)`"),
    "def double(x:\n    return 2 * x\n": ("the line shown is no Python", "不是合法的 Python"),
}


@ANYWHERE
@pytest.mark.parametrize("source", [*MISTAKES, *ONLY_THE_GRADE])
def test_hints_in_the_grade(source, trusted):
    english, chinese = (MISTAKES | ONLY_THE_GRADE)[source]
    answer = run_answers([("q11_1", source)], [A], SEED, trusted=trusted)["11.1"]
    assert answer.status == "error"
    assert f"Hint: {english}" in answer.note or english in answer.note.partition("Hint: ")[2]
    assert chinese in answer.note.partition("提示：")[2]


@pytest.mark.parametrize("source", MISTAKES)
def test_hints_in_the_students_check(source, capsys, monkeypatch):
    monkeypatch.setattr(stored, "find", lambda question_id: drawn(A, 0))
    names = {"np": np}
    exec(source, names)
    assert check("11.1", names["double"]) is False
    told = capsys.readouterr().out
    assert MISTAKES[source][0] in told.partition("Hint: ")[2] and MISTAKES[source][1] in told.partition("提示：")[2]


@ANYWHERE
def test_a_missing_return_is_told_with_its_case(trusted):
    first = float(drawn(A, SEED).cases[0]["x"][0])
    only_there = f"def double(x):\n    if x[0] == {first!r}:\n        return x\n"
    for case, source in enumerate(["def double(x):\n    pass\n", only_there]):
        note = run_answers([("q11_1", source)], [A], SEED, trusted=trusted)["11.1"].note
        assert f"case {case}: nothing was returned" in note


def test_a_hint_is_not_given_for_another_function():
    assert hint_of("TypeError: inner() got an unexpected keyword argument 'x'", "double") == ("", "")
    assert hint_of("ValueError: x", "double") == ("", "") and with_hint("ValueError: x", "double") == "ValueError: x"
    assert all(len(hint) == 2 and all(hint) for _, hint in RULES)
