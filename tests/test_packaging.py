"""What others get: the wheel, the source archive, the extras, the image, and the commands that README tells."""

import ast
import copy
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest
import yaml
from test_structure import ROOT, name_of, tracked

import minigpt
import minigpt.commands

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


# --- the archives -------------------------------------------------------------------------------------------------

LEFT = ["runs/toy/model.safetensors", "build/book/index.html", ".venv/lib/m.py", "tests/__pycache__/checks.pyc"]
LEFT += ["chapters/01_loss/.ipynb_checkpoints/lesson-checkpoint.ipynb"]  # what working in a checkout leaves there
BUILD = """
import sys
from setuptools import build_meta
out = sys.argv[1]  # which setuptools changes
build_meta.build_sdist(out)
build_meta.build_wheel(out)
"""


def built(folder, out, leave_out=()):
    """The names in the source archive and in the wheel, built in a copy of the project; `out` keeps both.

    Args:
        leave_out: lines of MANIFEST.in that are forgotten.
    """
    for path in tracked():
        place = folder / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    for name in LEFT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("left")
    manifest = folder / "MANIFEST.in"
    manifest.write_text("".join(f"{line}\n" for line in manifest.read_text().splitlines() if line not in leave_out))
    subprocess.run([sys.executable, "-c", BUILD, str(out)], cwd=folder, check=True, capture_output=True)
    (source,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    with tarfile.open(source) as tar, zipfile.ZipFile(wheel) as archive:
        members = [member.name.partition("/")[2] for member in tar if member.isfile()]
        return set(members), set(archive.namelist())


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    out = tmp_path_factory.mktemp("archives")
    return out, *built(tmp_path_factory.mktemp("project"), out)


def assert_whole(names):
    """All that git tracks is in the source archive, and nothing else but what setuptools writes."""
    wanted = {str(path.relative_to(ROOT)) for path in tracked()}
    written = {"PKG-INFO", "setup.cfg"}
    assert wanted - names == set()
    assert {name for name in names - wanted - written if not name.startswith("minigpt.egg-info/")} == set()


def test_the_source_archive_is_the_whole_project(archives):
    assert_whole(archives[1])


@pytest.mark.parametrize("line", ["graft tests", "prune **/.ipynb_checkpoints", "global-exclude *.py[cod]"])
def test_the_check_of_the_source_archive_catches(tmp_path, line):
    (tmp_path / "out").mkdir()
    assert line in text("MANIFEST.in").splitlines()
    names, _ = built(tmp_path / "project", tmp_path / "out", leave_out=[line])
    with pytest.raises(AssertionError):
        assert_whole(names)


def test_tests_of_the_source_archive_are_found(archives, tmp_path):
    """Those among them that lean on other folders: chapters, docs, datasets, benchmarks."""
    (source,) = archives[0].glob("*.tar.gz")
    with tarfile.open(source) as tar:
        tar.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    names = [f"tests/test_{name}.py" for name in ("elsewhere", "lessons", "results", "benchmarks", "shipped", "world")]
    line = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *names]
    found = subprocess.run(
        line, cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(folder)}
    )
    assert found.returncode == 0, found.stdout[-2000:]
    assert all(name in found.stdout for name in names)


def test_the_wheel_is_the_package_and_nothing_else(archives):
    wanted = {str(path.relative_to(ROOT)) for path in tracked() if path.is_relative_to(ROOT / "minigpt")}
    assert {name for name in archives[2] if ".dist-info/" not in name} == wanted


def test_one_place_for_the_version(archives):
    """`minigpt.__version__`; what else tells it is made from it, or held equal here."""
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    (wheel,), (source,) = archives[0].glob("*.whl"), archives[0].glob("*.tar.gz")
    assert wheel.name.split("-")[1] == minigpt.__version__ == source.name.removesuffix(".tar.gz").split("-")[1]
    assert yaml.safe_load(text("CITATION.cff"))["version"] == minigpt.__version__
    assert re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)[:2] == ["Unreleased", minigpt.__version__]


# --- the extras ---------------------------------------------------------------------------------------------------

ROOMS = ["support", "data", "fast", "studies", "pictures", "commands"]
PARTS = {  # an extra, "" for none: what must be importable with it alone
    "": ["minigpt/*.py", *(f"minigpt/{room}/*.py" for room in ROOMS), "minigpt/pictures/explorer/*.py"],
    "notebooks": [
        "minigpt/pictures/widgets.py",
        "minigpt/pictures/explorer/widget.py",
        "minigpt/pictures/notebook.py",
        "chapters/run_lessons.py",
        "chapters/*/*.ipynb",
        "minigpt/data/gpt1_words.py",  # lesson 12 reads GPT-1's vocabulary
    ],
    "book": ["site/*.py", "browser_tests/*.py", "minigpt/grading/mathml.py"],
    "grading": ["minigpt/grading/**/*.py"],
    "gpt1": ["minigpt/data/gpt1_words.py", "minigpt/data/hub.py"],
    "corpus": ["minigpt/data/corpus.py"],
    "test": ["tests/*.py", "benchmarks/*.py", "chapters/conftest.py", "chapters/elsewhere.py", "instructor/**/*.py"],
}
ELSEWHERE = {
    "": [
        "minigpt/pictures/widgets.py",
        "minigpt/pictures/explorer/widget.py",
        "minigpt/pictures/notebook.py",
        *PARTS["gpt1"],
        *PARTS["corpus"],
    ]
}
# grading/mathml.py has docutils from Sphinx, which alone calls that function; PyTorch brings triton where it compiles
GIVEN = {"grading": {"docutils"}, "": {"triton"}}
# Where the package's name is another.
NAMES = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml", "markdown_it": "markdown-it-py"}
NAMES |= {"huggingface_hub": "huggingface_hub"}  # whose name has a _, with conda too
FOLDERS = ["tests", "browser_tests", "site", "chapters", "docs", "instructor"]  # their files import each other by name


def code_of(path):
    """What a file says to Python: all of it, or the code cells of a notebook."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"]
        source = "\n".join("".join(cell["source"]) for cell in cells)
    return source


def imported(path):
    """Top names that a file imports, anywhere in it, or asks for by `importorskip` and `find_spec`."""
    for node in ast.walk(ast.parse(code_of(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("importorskip", "find_spec")):
            yield from (arg.value.partition(".")[0] for arg in node.args if isinstance(arg, ast.Constant))


def wanted_by(part):
    files = {path for pattern in PARTS[part] for path in ROOT.glob(pattern)}
    files -= {ROOT / name for name in ELSEWHERE.get(part, ())}
    own = {path.stem for folder in FOLDERS for path in (ROOT / folder).glob("*.py")}
    own |= {"minigpt", "benchmarks", "instructor"}
    names = {name for path in files for name in imported(path)} - own - sys.stdlib_module_names
    return {NAMES.get(name, name.lower().replace("_", "-")) for name in names}


def brought_by(project, extra):
    """Names of the packages that `pip install minigpt[extra]` asks for, other extras that it names included."""
    names = set()
    for requirement in project["optional-dependencies"].get(extra, ()):
        if name_of(requirement) == project["name"]:
            for other in re.search(r"\[(.*)\]", requirement)[1].split(","):
                names |= brought_by(project, other.strip())
        else:
            names.add(name_of(requirement))
    return names


def missing(project, part):
    always = {name_of(requirement) for requirement in project["dependencies"]}
    return wanted_by(part) - always - brought_by(project, part) - GIVEN.get(part, set())


@pytest.mark.parametrize("part", PARTS)
def test_every_extra_is_complete(part):
    assert set(PARTS) - {""} == set(PROJECT["optional-dependencies"])
    assert missing(PROJECT, part) == set()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("book", "latex2mathml"),
        ("grading", "nbformat"),
        ("test", "minigpt"),
        ("notebooks", "ipywidgets"),
        ("notebooks", "transformers"),
        ("notebooks", "minigpt"),
        ("gpt1", "huggingface_hub"),
        ("corpus", "pyarrow"),
    ],
)
def test_the_check_of_extras_catches(part, name):
    project = copy.deepcopy(PROJECT)
    listed = project["optional-dependencies"][part]
    project["optional-dependencies"][part] = [r for r in listed if name_of(r) != name]
    assert missing(project, part)


# --- the image ----------------------------------------------------------------------------------------------------

ENGINE = next((name for name in ("docker", "podman") if shutil.which(name)), None)


def steps(dockerfile):
    """[("FROM", "python:3.11-slim"), ...], lines that go on joined."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def assert_image_fits(dockerfile):
    """Its Python is one that pyproject.toml allows, what it names exists, and it does not end as root."""
    told = steps(dockerfile)
    (python,) = (re.match(r"python:(\d+)\.(\d+)", rest).groups() for step, rest in told if step == "FROM")
    least = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"]).groups()
    assert tuple(map(int, python)) >= tuple(map(int, least))
    ignored, copied = text(".dockerignore").split(), set()
    for step, rest in told:
        if step == "COPY":
            *sources, _ = [word for word in rest.split() if not word.startswith("--")]
            for name in sources:
                assert (ROOT / name).exists() and name not in ignored, name
                copied.add(name)
        if step == "RUN" and "pip install" in rest:
            assert "-c constraints.txt " in rest
            read_by_pip = {"pyproject.toml", "constraints.txt", PROJECT["readme"], "minigpt/__init__.py"}
            assert read_by_pip | set(PROJECT["license-files"]) <= copied
            extras = {name for found in re.findall(r"\.\[([\w,]+)\]", rest) for name in found.split(",")}
            assert extras and extras <= set(PROJECT["optional-dependencies"]), extras
    users = [rest for step, rest in told if step == "USER"]
    assert users and users[-1] not in ("root", "0")
    assert told[-1][0] == "CMD"


def test_the_image_fits_the_project():
    assert_image_fits(text("Dockerfile"))
    assert {".git", ".venv", "runs", "build", "instructor"} <= set(text(".dockerignore").split())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("python:3.11-slim", "python:3.10-slim"),
        ("[notebooks]", "[notebook]"),
        ("README.md LICENSE", "README.md LICENSE COPYING"),
        ("README.md LICENSE", "README.md"),
        ("USER ${NB_USER}", "USER root"),
        ("-c constraints.txt", ""),
    ],
)
def test_the_check_of_the_image_catches(right, wrong):
    assert right in text("Dockerfile")
    with pytest.raises(AssertionError):
        assert_image_fits(text("Dockerfile").replace(right, wrong))


def engine_refuses():
    """Why no image can be built here; empty if one can."""
    if not ENGINE:
        return "there is neither docker nor podman"
    tried = subprocess.run([ENGINE, "info"], capture_output=True, text=True)
    return f"{ENGINE} does not run: {tried.stderr.strip()[-200:]}" if tried.returncode else ""


REFUSED = engine_refuses()


@pytest.mark.skipif(bool(REFUSED), reason=REFUSED)
def test_the_image_is_built_and_starts():
    subprocess.run([ENGINE, "build", "--tag", "minigpt-test", "."], cwd=ROOT, check=True, timeout=1800)
    for line in (["minigpt", "run", "--help"], ["jupyter", "lab", "--version"], ["jupyterhub-singleuser", "--version"]):
        subprocess.run([ENGINE, "run", "--rm", "minigpt-test", *line], check=True, timeout=120)
    who = subprocess.run(
        [ENGINE, "run", "--rm", "minigpt-test", "id", "-u"], check=True, capture_output=True, text=True
    )
    assert who.stdout.strip() != "0"


# --- README's commands without make -------------------------------------------------------------------------------

LAID = {"Windows": ("Scripts", "\\"), "macOS and Linux": ("bin", "/")}


def commands(readme, system):
    """The lines of the block below "on SYSTEM:", each as a list of words, with / in paths."""
    block = re.search(rf"on {system}:\n\n```\n(.*?)```", readme, re.DOTALL)[1]
    return [shlex.split(line.replace("\\", "/")) for line in block.splitlines()]


def assert_can_be_typed(readme, system):
    """Three lines: an environment, an installation of extras that exist, and a command that `minigpt` knows."""
    folder, slash = LAID[system]
    assert f".venv{slash}{folder}{slash}minigpt run" in readme
    environment, install, run = commands(readme, system)
    assert environment[0] in ("python", "python3") and environment[1:] == ["-m", "venv", ".venv"]
    assert install[0] == f".venv/{folder}/python" and install[1:4] == ["-m", "pip", "install"]
    assert install[install.index("-c") + 1] == "constraints.txt"
    extras = re.fullmatch(r"\.\[([\w,]+)\]", install[install.index("-e") + 1])[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    assert run[0] == f".venv/{folder}/minigpt" and "minigpt" in PROJECT["scripts"]
    minigpt.commands.build_parser().parse_args(run[1:])


@pytest.mark.parametrize("system", LAID)
def test_the_commands_without_make(system):
    assert_can_be_typed(README, system)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Scripts\\minigpt run", "Scripts/minigpt run"),
        ("[notebooks]", "[notebook]"),
        ("minigpt run\n```", "minigpt go\n```"),
    ],
)
def test_the_check_of_the_commands_catches(right, wrong, capsys):
    assert right in README
    with pytest.raises((AssertionError, SystemExit)):
        assert_can_be_typed(README.replace(right, wrong), "Windows")


def test_the_script_is_the_command_line():
    """What pip makes of [project.scripts], called as the script calls it."""
    module, function = PROJECT["scripts"]["minigpt"].split(":")
    code = (
        f"import sys; from {module} import {function}; sys.argv = ['minigpt', 'run', '--help']; sys.exit({function}())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage: minigpt run")


@pytest.mark.skipif(
    not os.environ.get("MINIGPT_INSTALL_TEST"),
    reason="it installs everything once more, torch too, from the package index: set MINIGPT_INSTALL_TEST to run it",
)
def test_the_commands_install(tmp_path):
    """This system's first two lines as they stand, in a copy of the project; then the third, asked for help only."""
    for path in tracked():
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    environment, install, run = commands(README, "Windows" if os.name == "nt" else "macOS and Linux")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for line in (environment, install, [*run, "--help"]):
        program = str(tmp_path / line[0]) if "/" in line[0] else line[0]
        done = subprocess.run([program, *line[1:]], cwd=tmp_path, env=clean, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]


# --- what those who carry on read ---------------------------------------------------------------------------------


def test_hooks_take_the_tested_linter():
    pinned = re.search(r"^ruff==.*$", text("constraints.txt"), re.MULTILINE)[0]
    hooks = [hook for repo in yaml.safe_load(text(".pre-commit-config.yaml"))["repos"] for hook in repo["hooks"]]
    assert [hook["entry"].split()[:2] for hook in hooks] == [["ruff", "check"], ["ruff", "format"]]
    assert all(hook["additional_dependencies"] == [pinned] for hook in hooks)


def test_the_workflow_calls_the_gate():
    (job,) = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"].values()
    assert job["steps"][-1]["run"].endswith("bash .ci/run")
    (python,) = (step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", ""))
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def not_there(document):
    """Files and `make` targets that a document names and the project lacks."""
    files = re.findall(r"`([\w./-]*[\w-]+\.(?:py|md|toml|json|yml|txt|cff))`", document)
    places = {str(path.relative_to(ROOT)) for path in tracked()}
    lacking = [name for name in files if "NN" not in name and not any(p.endswith(name) for p in places)]
    targets = re.findall(r"`?make ([a-z-]+)`", document)
    return lacking + [name for name in targets if not re.search(rf"^{name}:", text("Makefile"), re.MULTILINE)]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md"])
def test_what_a_document_names_is_there(name):
    assert not_there(text(name)) == []


def test_a_file_that_is_gone_is_noticed():
    assert not_there("see `tests/test_gone.py` and `make gone`") == ["tests/test_gone.py", "gone"]
