"""The wheel: no answer of the homework is in it, as source or as bytecode, and it works where no checkout is."""

import ast
import compileall
import contextlib
import dis
import importlib.util
import io
import json
import marshal
import os
import py_compile
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import CodeType

import nbformat
import pytest

from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.question import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = folder_of() / "questions"
LECTURE = "softmax"  # what the questions share with the lecture, whose code it is
LEAST = 8  # characters of a body that says something; `lambda i, j: j <= i` has fewer
HEADER = 16  # bytes of a .pyc before its code

needs_setuptools = pytest.mark.skipif(
    not importlib.util.find_spec("setuptools"), reason="setuptools builds the wheel: pip install setuptools"
)


def squeezed(text):
    """Text without white space and quotes, so that neither layout nor JSON's escapes hide it."""
    return re.sub(r"\\n|[\s\"'\\]", "", text)


def bodies(source):
    """{body: name} of each function and lambda of a program, squeezed; a docstring and `return` do not belong to it."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            only = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else ast.Module(body, [])
            found[squeezed(ast.unparse(only))] = node.name
        elif isinstance(node, ast.Lambda):
            found[squeezed(ast.unparse(node.body))] = f"lambda in line {node.lineno}"
    return {body: name for body, name in found.items() if len(body) >= LEAST and name != LECTURE}


def codes(code):
    """A code object and all that are inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def steps(code):
    """What bytecode does, whatever numbers its constants have: a docstring more or less changes only these."""
    return tuple(
        (step.opname, "code" if isinstance(step.argval, CodeType) else repr(step.argval))
        for step in dis.get_instructions(code)
    )


def is_function(code):
    """A function or a lambda that is long or uses a name from outside; others, such as `1 - t**2`, are anybody's."""
    ours = code.co_name == "<lambda>" or not code.co_name.startswith("<")
    return ours and code.co_name != LECTURE and (code.co_names != () or len(code.co_code) > 60)


def programs():
    """All that the instructor has: the questions, and the cells of the homework sources."""
    yield from (path.read_text(encoding="utf-8") for path in sorted(QUESTIONS.glob("*.py")))
    for path in sorted(folder_of().glob("*/homework_source.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield from (cell.source for cell in cells if cell.cell_type == "code" and "SOLUTION" in cell.source)


SECRET_BODIES = {body: name for program in programs() for body, name in bodies(program).items()}
SECRET_STEPS = {
    steps(code): code.co_name
    for program in programs()
    for code in codes(compile(program, "secret", "exec"))
    if is_function(code)
}


def secrets_in_text(text):
    """In a text as it stands, and as a program without comments and layout if it is one."""
    forms = [squeezed(text)]
    with contextlib.suppress(SyntaxError, ValueError):
        forms.append(squeezed(ast.unparse(ast.parse(text))))
    return [name for body, name in SECRET_BODIES.items() if any(body in form for form in forms)]


def texts_of(value):
    """The texts in a JSON value; notebooks keep them as lists of lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_of(part)


def secrets_in(name, raw):
    """Names of the instructor's functions whose body is in a file, `raw` its bytes."""
    if name.endswith(".pyc"):
        return [SECRET_STEPS[s] for code in codes(marshal.loads(raw[HEADER:])) if (s := steps(code)) in SECRET_STEPS]
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return [secret for inner in archive.namelist() for secret in secrets_in(inner, archive.read(inner))]
    text = raw.decode("utf-8", "replace")
    texts = [text, *texts_of(json.loads(text))] if name.endswith((".json", ".ipynb")) else [text]
    return [secret for text in texts for secret in secrets_in_text(text)]


def leaks(folder):
    """["file: name of the function"] for each of the instructor's functions in a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            secrets = sorted(set(secrets_in(path.name, path.read_bytes())))
            found += [f"{path.relative_to(folder)}: {secret}" for secret in secrets]
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that this checkout gives, unpacked, and compiled as pip does when it installs it."""
    place = tmp_path_factory.mktemp("wheel")
    left = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "runs", "dist", "datasets")
    shutil.copytree(ROOT, place / "checkout", ignore=left)
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", ".."]
    done = subprocess.run(command, cwd=place / "checkout", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = place.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(place / "site")
    shutil.rmtree(place / "checkout")
    compileall.compile_dir(place / "site", quiet=1)
    return place / "site"


def test_every_reference_and_known_mistake_is_looked_for():
    for question in (question for chapter in CHAPTERS for question in questions_of(chapter)):
        for function in (question.reference, *(wrong.answer for wrong in question.wrong)):
            if not Path(function.__code__.co_filename).is_relative_to(folder_of()):
                continue  # "always True", or an experiment that students run: the package builds it, and hides nothing
            assert steps(function.__code__) in SECRET_STEPS, f"{question.id} {function.__name__}"
    assert min(map(len, SECRET_BODIES)) >= LEAST and len(SECRET_BODIES) > 400


@needs_setuptools
def test_no_answer_is_in_the_wheel(wheel):
    names = {path.name for path in wheel.rglob("*")}
    assert "judge.py" in names and any(name.startswith("judge.") and name.endswith(".pyc") for name in names)
    assert not {"instructor", "questions", "homework_source.ipynb", "homework.ipynb"} & (names - {"instructor.py"})
    assert leaks(wheel) == []


def test_no_answer_is_in_the_chapters():
    """Students get them beside the wheel."""
    assert leaks(ROOT / "chapters") == []


def as_source(folder):
    shutil.copy(QUESTIONS / "02.py", folder / "grading" / "q02.py")


def as_one_function_laid_out_anew(folder):
    """The reference alone, with a comment, other quotes and a docstring, in a module that was there."""
    source = (
        "def wanted(logits, min_p, temperature):\n    'No more.'\n    p = softmax( logits/temperature )  # (B, V)\n"
    )
    with open(folder / "grading" / "judge.py", "a", encoding="utf-8") as file:
        file.write(f"\n\n{source}    return cut(p, likely(p, min_p, ), )\n")


def as_a_lambda(folder):
    with open(folder / "grading" / "judge.py", "a", encoding="utf-8") as file:
        file.write("\n\nKNOWN = [lambda q, k, v, w: masked(q, k, v, lambda i, j: (abs(i - j) < w))]\n")


def as_bytecode(folder):
    py_compile.compile(QUESTIONS / "05.py", folder / "grading" / "q05.pyc", doraise=True)


def as_a_function_of_another_name_in_bytecode(folder):
    source = '"""Of no interest."""\ndef wanted(x):\n    """Nothing."""\n    return tied(**x) / 2\n'
    source += "def other(ids, grad_h0, h, grad_logits):\n    'A docstring.'\n    grad = grad_logits.T @ h\n"
    (folder / "x.py").write_text(source + "    grad[ids] += grad_h0\n    return grad\n")
    py_compile.compile(folder / "x.py", folder / "data" / "x.pyc", doraise=True)
    (folder / "x.py").unlink()


def as_a_notebook(folder):
    (source,) = folder_of().glob("03_*/homework_source.ipynb")
    shutil.copy(source, folder / "data" / "03.json")


def as_a_member_of_an_archive(folder):
    with zipfile.ZipFile(folder / "grading" / "checks" / "06.npz", "a") as archive:
        archive.write(QUESTIONS / "06_more.py", "extra.py")


@needs_setuptools
@pytest.mark.parametrize(
    ("put_back", "found"),
    [
        (as_source, "q02.py: window_attention"),
        (as_one_function_laid_out_anew, "judge.py: min_p_probabilities"),
        (as_a_lambda, "judge.py: lambda"),
        (as_bytecode, "q05.pyc: adamw_step"),
        (as_a_function_of_another_name_in_bytecode, "x.pyc: last_wins"),
        (as_a_notebook, "03.json: rotary_attention"),
        (as_a_member_of_an_archive, "06.npz: beam_search"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_answer_that_is_put_back_is_found(wheel, tmp_path, put_back, found):
    shutil.copytree(wheel / "minigpt", tmp_path / "minigpt")
    put_back(tmp_path / "minigpt")
    assert any(found in leak for leak in leaks(tmp_path)), leaks(tmp_path)


@pytest.fixture
def elsewhere(wheel, tmp_path):
    """Run Python with the wheel alone, in an empty folder: (code, output, errors)."""

    def run(*words):
        environment = os.environ | {"PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    code, told, errors = run("-c", "import minigpt; print(minigpt.__file__)")
    assert code == 0 and told.startswith(str(wheel)), told + errors
    return run


@needs_setuptools
def test_the_wheel_works_outside_a_checkout(elsewhere):
    code, told, _ = elsewhere("-m", "minigpt", "--help")
    assert code == 0 and "grade a homework" in told
    code, told, errors = elsewhere("-m", "minigpt", "data", "world", "--n", "2")
    assert code == 0 and told.count("\n\n") == 1, errors  # two stories
    code, told, errors = elsewhere("-m", "minigpt", "data")
    assert code == 0 and "next-sentence" in told, errors  # the registry and its tables are there


@needs_setuptools
def test_grading_from_the_wheel_says_what_is_missing(elsewhere, tmp_path):
    (tmp_path / "roster.csv").write_text("student\nanna\n")
    (tmp_path / "in").mkdir()
    grade = ("grade", "in", "--homework", "02", "--roster", "roster.csv", "--out", "out")
    for words in (("homework", "course", "course"), grade):
        code, _, errors = elsewhere("-m", "minigpt", *words)
        assert code == 2 and "no folder instructor" in errors and "--instructor" in errors
        assert errors.count("\n") == 1 and not (tmp_path / "out").exists() and not (tmp_path / "course").exists()
    code, told, errors = elsewhere("-m", "minigpt", "homework", "course", "course", "--instructor", str(folder_of()))
    assert code == 0 and "homework_12" in told, errors


@needs_setuptools
def test_the_students_check_from_the_wheel(elsewhere):
    answer = """
import numpy as np
from minigpt.grading import check

def cut_pair(premise, hypothesis, n_ctx, start, delimiter, end):
    room = n_ctx - 3
    hypothesis = hypothesis[: room - 1]
    return [start, *premise[-(room - len(hypothesis)):], delimiter, *hypothesis, end]

print(check("08.1", cut_pair))
print(check("08.1", lambda premise, hypothesis, n_ctx, start, delimiter, end: np.zeros(n_ctx)))
print(check("08.1", lambda premise, hypothesis, n_ctx, **markers: cut_pair(premise, hypothesis, n_ctx + 3, **markers)))
"""
    code, told, errors = elsewhere("-c", answer)
    assert code == 0, errors
    assert "08.1: right in 20 cases\n20 个用例全部正确\nTrue\n" in told and told.count("False") == 2
    assert "Hint: print the length of your result beside n_ctx" in told and 'inputs("08.1")' in told
