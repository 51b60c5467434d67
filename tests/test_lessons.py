"""The lessons: two languages with one code, run from the top, importing only what was built; and the check itself."""

import ast
import itertools
import json
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
sys.path.insert(0, str(CHAPTERS))
import chinese  # noqa: E402
import run_lessons  # noqa: E402
import student  # noqa: E402

from minigpt import READING_ORDER  # noqa: E402
from minigpt.pictures import fonts, plots  # noqa: E402
from minigpt.pictures import notebook as show_module  # noqa: E402
from minigpt.pictures.figure_data import DATA, figure_data  # noqa: E402
from minigpt.support.errors import InputError  # noqa: E402

LESSONS = run_lessons.lessons()
ORDER = [module for module, _ in READING_ORDER]
ANY = ["support.words", "support.errors", "support.files"]  # what a word is, and how anything is refused
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.parent.name)


def notebook(path):
    return nbformat.read(path, as_version=4)


def texts(path, kind):
    return [cell.source for cell in notebook(path).cells if cell.cell_type == kind]


def test_there_are_lessons():
    assert [path.parent.name[:2] for path in LESSONS] == [f"{n:02}" for n in range(13)]


@each_lesson
def test_both_languages_have_the_same_cells(path):
    """The same ids in the same order; code the same to the byte, outputs by the table; no text left untranslated."""
    english, there = (
        json.loads(p.read_text(encoding="utf-8"))["cells"] for p in (path, path.with_name("lesson.zh.ipynb"))
    )
    assert [cell["id"] for cell in english] == [cell["id"] for cell in there]
    for ours, theirs in zip(english, there, strict=True):
        if ours["cell_type"] == "code":
            in_chinese = [chinese.split(output)[1] for output in ours.pop("outputs")]
            given = theirs.pop("outputs")
            assert ours == theirs, ours["id"]
            assert list(map(without_picture, given)) == list(map(without_picture, in_chinese)), ours["id"]
        else:
            assert re.search("[\u4e00-\u9fff]", "".join(theirs["source"])), f"{ours['id']} has no Chinese"
            assert not re.search("[\u4e00-\u9fff]", "".join(ours["source"])), f"{ours['id']} has Chinese"


def without_picture(output):
    """An output but for its pixels, in which labels are drawn."""
    data = {name: value for name, value in output.get("data", {}).items() if name != "image/png"}
    return {**output, "data": data}


@each_lesson
def test_every_cell_was_run_in_order(path):
    """nbval passes a cell that was never run, whatever it would print."""
    counts = [cell.execution_count for cell in run_lessons.code_cells(notebook(path))]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in run_lessons.code_cells(notebook(path)) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]


@each_lesson
def test_a_lesson_is_whole(path):
    markdown, code = "\n".join(texts(path, "markdown")), "\n".join(texts(path, "code"))
    first = texts(path, "markdown")[0]
    for part in ("**You will be able to**", "**Lecture:**", "**Time:**", "**Before it:**"):
        assert part in first
    for part in ("## Break it", "**Predict**", "## Questions", "<details><summary>Answers</summary>", "**Sources.**"):
        assert part in markdown
    questions = markdown.split("## Questions")[1]
    assert all(questions.count(f"\n{n}. ") == 2 for n in (1, 2, 3))  # three questions, three answers
    assert "assert " in code and "source(" in code and "show(" in code


@each_lesson
def test_a_cell_fits_a_projected_page(path):
    for source in texts(path, "code"):
        assert len(source.splitlines()) <= 34, source.splitlines()[0]


@each_lesson
def test_no_output_hangs_on_the_machine(path):
    for cell in run_lessons.code_cells(notebook(path)):
        for output in cell.outputs:
            told = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"/(home|root|tmp)/|0x[0-9a-f]{6}|\d+\.\d+ ?s\b|cuda|Warning", told), told
            assert run_lessons.WIDGET not in output.get("data", {})


def imported(path):
    """Modules of minigpt that a notebook imports."""
    for source in texts(path, "code"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "minigpt":
                inner = node.module.removeprefix("minigpt").lstrip(".")
                for alias in node.names:
                    whole = f"{inner}.{alias.name}".lstrip(".")
                    yield whole if whole in ORDER else inner


def too_early(path):
    """What a lesson imports although no chapter up to it has built it; what people look at is allowed everywhere."""
    n = int(path.parent.name[:2])
    built = {module for module, chapter in READING_ORDER if chapter is not None and chapter <= n}
    used = {module for module in imported(path) if not module.startswith("pictures")}
    return used - built - set(ANY)


@each_lesson
def test_a_lesson_imports_what_was_built(path):
    assert too_early(path) == set()


def test_the_import_check_catches(tmp_path):
    folder = tmp_path / "01_loss"
    folder.mkdir()
    cell = nbformat.v4.new_code_cell("from minigpt.model import GPT\nfrom minigpt import loss, generate")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "lesson.ipynb")
    assert too_early(folder / "lesson.ipynb") == {"model", "generate"}


@each_lesson
def test_no_package_code_is_repeated(path):
    """No three lines in a row of a lesson stand in the package."""
    package = {
        tuple(lines[i : i + 3])
        for lines in map(code_lines, (ROOT / "minigpt").rglob("*.py"))
        for i in range(len(lines))
    }
    for source in texts(path, "code"):
        lines = [line.strip() for line in source.splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith(("import ", "from "))]  # which are nobody's
        for i in range(len(lines) - 2):
            assert tuple(lines[i : i + 3]) not in package, lines[i : i + 3]


def code_lines(path):
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


# --- the check proves itself --------------------------------------------------------------------------------------


def nbval(path):
    """Does the lesson at `path` pass, as `make lessons` runs it?"""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--confcutdir={path.parent}", path], cwd=path.parent, capture_output=True, text=True
    )
    return done.returncode == 0


def change_output(cells):
    output = next(cell for cell in cells if cell.id == "by-hand").outputs[0]
    output.text = output.text.replace("2.303", "2.304")


def stored_figure(cells):
    return next(cell for cell in cells if cell.id == "likelihood").outputs[0].data[DATA]


def change_number(cells):
    """One number of a stored figure, by more than its tolerance."""
    stored_figure(cells)["axes"][0]["shapes"][0]["y"][5] += 1e-6


def change_pixels(cells):
    """Another picture of the same data: fonts and rounding differ between machines."""
    data = next(cell for cell in cells if cell.id == "likelihood").outputs[0].data
    other = next(cell for cell in cells if cell.id == "cross-entropy-code").outputs[-1].data
    data["image/png"] = other["image/png"]


def change_figure_data(cells):
    cell = next(cell for cell in cells if cell.id == "likelihood")
    cell.source = cell.source.replace("7 * np.log(p) + 3", "6 * np.log(p) + 4")
    checked = next(cell for cell in cells if cell.id == "likelihood-checked")
    checked.source = f"# {checked.source}"  # so that the figure alone differs


def change_code(cells):
    cell = next(cell for cell in cells if cell.id == "agree")
    cell.source = cell.source.replace("-math.log(0.8)", "-math.log(0.7)")


CHANGES = [change_output, change_number, change_figure_data, change_code]


@pytest.mark.parametrize("change", [change_pixels, *CHANGES], ids=lambda change: change.__name__)
def test_a_changed_lesson_fails(change, tmp_path):
    """Every change of a number, a curve, a word or the code is noticed; other pixels of the same data are not."""
    shutil.copy(CHAPTERS / "conftest.py", tmp_path)
    lesson = notebook(CHAPTERS / "01_loss" / "lesson.ipynb")
    change(lesson.cells)
    nbformat.write(lesson, tmp_path / "lesson.ipynb")
    assert nbval(tmp_path / "lesson.ipynb") == (change is change_pixels)


@each_lesson
def test_every_figure_carries_its_data(path):
    for cell in run_lessons.code_cells(notebook(path)):
        for output in cell.outputs:
            data = output.get("data", {})
            assert ("image/png" in data) == (DATA in data), cell.id


def test_languages_that_differ_are_refused():
    english, there = notebook(LESSONS[0]), notebook(LESSONS[0].with_name("lesson.zh.ipynb"))
    del there.cells[3]
    with pytest.raises(InputError, match="not the same cells"):
        run_lessons.translate(there, english)


@pytest.mark.skipif(fonts.chinese() is None, reason="no font with Chinese signs is installed")
def test_a_figure_is_drawn_in_both_languages(monkeypatch):
    """Labels, ticks and legend by the table, `{}` for what varies; the English figure and its data stay as they are."""
    rows = {"loss": "损失", "a fitted {}": "拟合的 {}", "a {} falls": "{}下降", "seed {}: {}": "种子 {}：{}"}
    patterns = [(re.compile(re.escape(key).replace(r"\{\}", "(.+?)")), rows[key]) for key in rows if "{}" in key]
    monkeypatch.setattr(chinese, "table", lambda: (rows, patterns))
    monkeypatch.setattr(show_module, "output", show_module.output)
    chinese.install()
    drawn = lambda: plots.bars(["loss", "other"], {"a fitted line": [1, 2], "b": [2, 1]}, ylabel="loss")  # noqa: E731
    data, metadata = show_module.output(drawn(), "a loss falls", 1e-9)
    ours, theirs = chinese.split({"output_type": "display_data", "data": data, "metadata": metadata})
    assert chinese.SECOND not in ours["data"] and ours["data"]["image/png"] != theirs["data"]["image/png"]
    assert (ours["data"]["text/plain"], theirs["data"]["text/plain"]) == ("a loss falls", "损失下降")
    assert theirs["metadata"]["image/png"]["alt"] == "损失下降"
    figure = drawn()
    chinese.relabel(figure)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "损失" and figure_data(figure)["axes"][0]["words"][3:5] == ["损失", "other"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["拟合的 line", "b"]
    printed = {"output_type": "stream", "name": "stdout", "text": "  seed 1: 2\nAnna\n"}
    assert chinese.split(printed)[1]["text"] == "  种子 1：2\nAnna\n"


def test_students_get_lessons_that_give_nothing_away(tmp_path):
    """No output, a cell to write in below each prediction, and everything that the cells read lies where they look."""
    student.main(tmp_path / "out")
    places = 0
    for path in LESSONS:
        for name in student.WRITE:
            ours = notebook(path.with_name(name)).cells
            theirs = notebook(tmp_path / "out" / "chapters" / path.parent.name / name).cells
            assert not any(cell.get("outputs") for cell in theirs)
            kept = [cell for cell in theirs if not cell.id.endswith("-prediction")]
            assert [(c.id, c.source) for c in kept] == [(c.id, c.source) for c in ours]
            at = [i for i, cell in enumerate(theirs) if cell.id in student.asking(notebook(path))]
            assert at and all(theirs[i + 1].id == f"{theirs[i].id}-prediction" for i in at), (path, name)
            places += len(at)
        for table in path.parent.glob("*.csv"):
            assert (tmp_path / "out" / "chapters" / path.parent.name / table.name).is_file()
    assert places > 60 and (tmp_path / "out" / "datasets" / "toy_world" / "body" / "model.safetensors").is_file()
    begin = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f'-c constraints.txt "{student.WHEEL}[notebooks]"' in begin and "@" not in begin and "make " not in begin
    assert (tmp_path / "out" / "constraints.txt").is_file() and not list((tmp_path / "out").rglob("solution*"))


def starred(text):
    """Places where `**` does not begin or end bold text, by CommonMark's rule, so that a reader sees the stars.

    A closing `**` behind punctuation needs a space or punctuation after it, which Chinese text often lacks.
    """
    found = []
    for line in text.split("\n"):
        parts = line.split("**")
        for n, (before, after) in enumerate(itertools.pairwise(parts)):
            inner, outer = (after[:1], before[-1:]) if n % 2 == 0 else (before[-1:], after[:1])
            if not inner.strip() or (sign(inner) and outer.strip() and not sign(outer)):
                found.append(f"{before[-8:]}**{after[:8]}")
    return found


def sign(character):
    return unicodedata.category(character)[0] in "PS"


@pytest.mark.parametrize("path", sorted(CHAPTERS.glob("*/*.ipynb")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_bold_text_is_bold(path):
    assert [place for text in texts(path, "markdown") for place in starred(text)] == []


def test_the_check_of_bold_text_catches():
    assert starred("**时间：**45 分钟") == ["时间：**45 分钟"] and starred("a** b**") == ["a** b"]
    assert starred("**时间**：45 分钟，**模块：**`a.py`，**x** y") == []
