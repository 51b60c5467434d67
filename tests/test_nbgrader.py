"""nbgrader with odd and hostile submissions: each costs its own student only, and feedback runs and fetches nothing.

One course is graded once with nbgrader's own commands; the tests look at its log, its table and its pages.
"""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade
from test_grade import SOURCE, homework_of, solutions
from test_jail import needs_jail

from minigpt.grading.answers import Answer
from minigpt.grading.clean import cleaned
from minigpt.grading.course import make, set_aside
from minigpt.grading.mathml import drawn
from minigpt.grading.nbgrader_jail import JailFailed, JailGrade, failed, partly, seed_of
from minigpt.support.errors import InputError

MARK = "MARK6159"
SCRIPT = f"<script>document.title = '{MARK}'</script>"
HOSTILE = [  # Markdown; each would run, or ask somebody for something
    SCRIPT,
    rf"$\mbox{{{SCRIPT}}}$ and $\textbf{{{SCRIPT}}}$ and $\hbox{{{SCRIPT}}}$ and $\textit{{{SCRIPT}}}$",
    "![x](http://127.0.0.1:9/picture.png) <img src='//127.0.0.1:9/p.png'> <img srcset='http://127.0.0.1:9/q.png 2x'>",
    f"[a](javascript:alert('{MARK}')) <a href='JaVaScRiPt:alert(1)'>b</a> [c](data:text/html,{SCRIPT})",
    rf"$\href{{javascript:alert('{MARK}')}}{{x}}$ <math href='javascript:alert(1)'><mi>x</mi></math>",
    "<iframe src='http://127.0.0.1:9/'></iframe><meta http-equiv='refresh' content='0;url=http://127.0.0.1:9/'>",
    "<link rel=stylesheet href=http://127.0.0.1:9/s.css><style>@import 'http://127.0.0.1:9/t.css';</style>",
    "<div style='background:url(http://127.0.0.1:9/u.png)' onclick=alert(1)>d</div><base href=http://127.0.0.1:9/>",
    "</body></html><body onload=alert(1)><form action=http://127.0.0.1:9/><input autofocus onfocus=alert(1)></form>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
]
ESCAPED = [rf"$\mbox{{<img/src=x/onerror=alert('{MARK}')>}}$ $$\text{{<svg onload=alert('{MARK}')>}}$$"]  # by mistune
UNFINISHED = [r"$x^$", r"$\left( x$", r"$a^b^c$", r"$$\begin{cases} 1$$", "$" + "{" * 3000 + "$", r"$\right)$"]


def notebook(answers=None, add=(), change=None):
    """A student's notebook as JSON: the answers filled in, Markdown cells added, and cells changed."""
    found = json.loads(homework_of(SOURCE).read_text(encoding="utf-8"))
    answers = solutions() if answers is None else answers
    for cell in found["cells"]:
        cell["source"] = answers.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), "".join(cell["source"]))
    found["cells"] += [{"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": s} for n, s in enumerate(add)]
    if change:
        change(found["cells"])
    return found


def place_of(cells, grade_id):
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def split(cells):
    """Jupyter's Split Cell, in the middle of an answer: both halves keep the metadata."""
    place = place_of(cells, "q02_1")
    lines = cells[place]["source"].split("\n")
    first = {**cells[place], "id": "half", "source": "\n".join(lines[:-2])}
    cells[place] = {**cells[place], "source": "\n".join(lines[-2:])}
    cells.insert(place, first)


def of_version_99(cells):
    for cell in cells:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


def odd_metadata(cells):
    for cell, about in zip(cells, ["x", {"grade_id": {}}, {"grade": True, "points": "a"}, 3, {}], strict=False):
        if "nbgrader" not in cell["metadata"]:
            cell["metadata"]["nbgrader"] = about


def copied(cells):
    """A test's and an answer's metadata, at one more cell each."""
    for grade_id in ("q02_1", "q02_2-test"):
        place = place_of(cells, grade_id)
        cells.insert(place + 1, {**cells[place], "id": f"copy-{grade_id.replace('_', '-')}"})


def version_3(found):
    cells = [
        {**{k: v for k, v in c.items() if k in ("cell_type", "metadata")}, "input" if code else "source": c["source"]}
        | ({"outputs": [], "language": "python", "prompt_number": 1} if code else {})
        for c in found["cells"]
        for code in [c["cell_type"] == "code"]
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def without_an_answer(cells):
    del cells[place_of(cells, "q02_3")]


def fails(cells):
    cells[place_of(cells, "q02_1")]["source"] += "\n# JAIL FAILS"


def tells_in_html(cells):
    """An error whose text is HTML and moves a terminal's cursor; it becomes an output."""
    html = f"<img src=http://127.0.0.1:9/o.png onerror=alert(1)>{SCRIPT}\\x1b[2J\\x1b[31m"
    cells[place_of(cells, "q02_1")]["source"] = f'def window_attention(q, k, v, w):\n    raise RuntimeError("{html}")\n'


def unscaled(cells):
    cell = cells[place_of(cells, "q02_1")]
    cell["source"] = cell["source"].replace("q @ k.T / np.sqrt(d_k)", "q @ k.T")


STUDENTS = {  # name: (bytes of the notebook, score, beginning of the status)
    "anna": (notebook(add=HOSTILE + ESCAPED), "13.0", "graded"),
    "ben": (notebook(change=of_version_99), "13.0", "graded"),
    "cara": (notebook(change=split), "13.0", "graded"),
    "copy": (notebook(change=copied), "13.0", "graded"),
    "dora": (b'{"cells": [', "", "not graded: not a notebook: its JSON is damaged"),
    "fay": (notebook({}, add=UNFINISHED), "0.0", "graded"),
    "gus": (notebook(change=without_an_answer), "", "not graded: answer cells q02_1, q02_2, q02_4, q02_5; the"),
    "hal": (notebook(change=unscaled), "10.0", "graded"),
    "ida": (json.dumps(notebook()).encode("utf-16"), "13.0", "graded"),
    "jan": (version_3(notebook()), "13.0", "graded"),
    "jim": (notebook(change=fails), "", "not graded: autograde has not finished"),
    "lea": (notebook(change=tells_in_html), "10.0", "graded"),
    "mia": (notebook({}, add=["$x$ " * 20_000, "[" * 50_000, "*a " * 3_000]), "0.0", "graded"),
    "kim": (notebook(change=odd_metadata), "13.0", "graded"),
}
FAILING = """
from minigpt.grading import nbgrader_jail
from minigpt.grading.answers import Answer

real = nbgrader_jail.run_answers

def run_answers(cells, questions, seed):
    if any("JAIL FAILS" in source for _, source in cells):
        return {q.id: Answer([None] * q.n_cases, "jail: ended with code 137", "") for q in questions}
    return real(cells, questions, seed)

nbgrader_jail.run_answers = run_answers
"""


def nbgrader(course, *words):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    line = [sys.executable, "-m", "nbgrader", *words]
    return subprocess.run(line, cwd=course, capture_output=True, text=True, env=os.environ | {"PATH": path})


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded course: its folder, what autograde said, and the rows of its table by student."""
    course = tmp_path_factory.mktemp("nbgrader") / "course"
    make(course)
    with open(course / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(FAILING)
    for student, (content, *_) in STUDENTS.items():
        place = course / "submitted" / student / "homework_02"
        place.mkdir(parents=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (place / "homework_02.ipynb").write_bytes(data)
    (course / "submitted" / "emil" / "homework_02").mkdir(parents=True)
    (course / "submitted" / "emil" / "homework_02" / "homework_02.ipynb").symlink_to(SOURCE)
    (course / "submitted" / "hans").mkdir()
    assert nbgrader(course, "generate_assignment", "homework_02").returncode == 0
    graded = nbgrader(course, "autograde", "homework_02")
    told = nbgrader(course, "generate_feedback", "homework_02")
    assert told.returncode == 0, told.stderr[-2000:]
    assert nbgrader(course, "export").returncode == 0
    with open(course / "grades.csv", newline="", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == "homework_02"}
    return course, graded, rows


def page_of(course, student):
    return (course / "feedback" / student / "homework_02" / "homework_02.html").read_text(encoding="utf-8")


@needs_jail
@pytest.mark.parametrize("student", STUDENTS)
def test_each_submission_costs_its_own_student_only(course, student):
    _, score, status = STUDENTS[student]
    row = course[2][student]
    assert (row["score"], row["status"][: len(status)]) == (score, status)


@needs_jail
def test_those_set_aside_have_a_row_and_a_reason(course):
    folder, graded, rows = course
    assert rows["emil"]["score"] == "" and "a link" in rows["emil"]["status"]
    assert rows["hans"]["score"] == "" and "empty folder" in rows["hans"]["status"]
    assert graded.stderr.count("set aside, not graded") == 2
    assert not (folder / "autograded" / "emil").exists()


@needs_jail
def test_a_jail_that_failed_is_told_and_tried_again(course):
    folder, graded, _ = course
    assert graded.returncode == 1 and "jail: ended with code 137" in graded.stderr
    assert (
        "for student 'jim'" in graded.stderr and graded.stderr.count("There was an error processing assignment '") == 1
    )
    assert not (folder / "autograded" / "jim" / "homework_02").exists()  # so that nbgrader does not take it for graded


@needs_jail
def test_a_reason_reaches_the_student_too(course):
    for student, word in (("dora", "JSON is damaged"), ("gus", "answer cells q02_1")):
        page = page_of(course[0], student)
        assert "Not graded · 未评分" in page and word in page
        assert "homework_02 (not graded · 未评分)" in page and "Score:" not in page


@needs_jail
def test_a_score_that_a_person_gave_is_shown(course):
    """Even a 0, and even where the jail gave none."""
    folder, _, _ = course
    which = ("homework_02", "homework_02", "gus")
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for grade in gradebook.find_submission_notebook(*which).grades:
            grade.manual_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()
    assert nbgrader(folder, "generate_feedback", "homework_02", "--student", "gus", "--force").returncode == 0
    page = page_of(folder, "gus")
    assert "(Score: 0.0 / 13.0)" in page and "answer cells q02_1" in page


@needs_jail
def test_hints_in_nbgraders_feedback_are_in_both_languages(course):
    page = page_of(course[0], "hal")
    assert "wrong · 错误: case" in page
    assert "Hint · 提示: the scores are not divided by sqrt(d_k)\n分数没有除以 sqrt(d_k)" in page


def assert_harmless(page):
    """No tag, attribute or address in the page runs or fetches anything."""
    body = page.partition("<body")[2]
    assert "default-src 'none'" in page.partition("<style")[0]
    assert not re.search(r"<(script|iframe|object|embed|form|input|link|meta|base|svg|style)\b", body, re.IGNORECASE)
    tags = re.findall(r"<[a-zA-Z][^>]*>", body)
    assert not any(re.search(r"[\s/](on\w+|style|srcset|action|background)\s*=", tag, re.IGNORECASE) for tag in tags)
    for tag in tags:
        for name, address in re.findall(r'[\s/](src|href)\s*=\s*"([^"]*)"', tag):
            allowed = ("data:image/",) if name == "src" else ("http://", "https://", "mailto:", "#")
            assert address.startswith(allowed), tag


@needs_jail
@pytest.mark.parametrize("student", ["anna", "ben", "dora", "fay", "gus", "lea", "mia"])
def test_feedback_runs_and_fetches_nothing(course, student):
    page = page_of(course[0], student)
    assert_harmless(page)
    assert "<math" in page


@pytest.mark.parametrize("markdown", HOSTILE)
def test_the_check_of_a_page_catches_what_is_not_cleaned(markdown):
    from minigpt.grading.nbgrader_feedback import HTMLExporter

    cells = [nbformat.v4.new_markdown_cell(drawn(markdown))]
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    policy = "default-src 'none'<style><body>"
    with pytest.raises(AssertionError):
        assert_harmless(policy + html)
    assert_harmless(policy + cleaned(html))


def test_unfinished_formulas_stay_as_they_are():
    for formula in UNFINISHED:
        assert drawn(f"a {formula} b") == f"a {formula} b"
    assert drawn("$x^$ and $x^2$").startswith("$x^$ and <math")


@needs_jail
def test_the_seed_stays(course):
    folder, _, _ = course
    before = re.findall(r"seed · 种子 \d+", page_of(folder, "fay"))
    assert nbgrader(folder, "autograde", "homework_02", "--student", "fay", "--force").returncode == 0
    assert nbgrader(folder, "generate_feedback", "homework_02", "--student", "fay", "--force").returncode == 0
    assert before and re.findall(r"seed · 种子 \d+", page_of(folder, "fay")) == before


def test_a_part_of_the_points_is_what_nbgrader_reads():
    test = {"nbgrader": {"grade": True, "solution": False, "points": 3, "schema_version": 3, "grade_id": "q"}}
    mark = {"points": 2, "of": 3, "status": "partly right", "message": "it finds: a; b", "hint": "", "seed": 5}
    for points, outputs in {2: partly(mark), 0: [failed(mark)], 3: []}.items():
        assert determine_grade(nbformat.v4.new_code_cell(metadata=test, outputs=outputs)) == (points, 3)
    assert "it finds: a; b" in partly(mark)[0].text and "5" in partly(mark)[0].text


def test_seeds_of_courses_and_homework_differ():
    assert len({seed_of(secret, chapter) for secret in ("a", "b", "") for chapter in ("01", "02")}) == 6
    assert seed_of("a", "01") == seed_of("a", "01") > 0


def test_each_course_has_its_own_secret(tmp_path):
    lines = set()
    for name in ("a", "b"):
        make(tmp_path / name)
        config = (tmp_path / name / "nbgrader_config.py").read_text(encoding="utf-8")
        lines |= set(re.findall(r"secret = '[0-9a-f]{32}'", config))
    assert len(lines) == 2


@needs_jail
def test_a_jail_that_failed_is_no_grade(monkeypatch):
    def no_jail(cells, questions, seed):
        return {q.id: Answer([None] * q.n_cases, "jail: ended with code 137", "") for q in questions}

    monkeypatch.setattr("minigpt.grading.nbgrader_jail.run_answers", no_jail)
    with pytest.raises(JailFailed, match="code 137"):
        JailGrade().preprocess(nbformat.read(SOURCE, as_version=4), {})


def test_set_aside_names_students_on_one_line_each(tmp_path, capsys):
    for name in ("a\nset aside not graded: x", "b\x1b[2J", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "c" / "file").write_text("")
    assert len(set_aside(tmp_path).split(",")) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 2 and "\x1b" not in told
    (tmp_path / "d,e").mkdir()
    with pytest.raises(InputError, match="comma"):
        set_aside(tmp_path)
