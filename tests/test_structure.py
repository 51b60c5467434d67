"""The house: imports run down the table, importing is light, the lists of packages agree, no text of others."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from minigpt import READING_ORDER
from minigpt.data.registry import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minigpt"

ORDER = [module for module, _ in READING_ORDER]


def imports_of(path):
    """Modules of minigpt that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "minigpt":
            inner = node.module.removeprefix("minigpt").lstrip(".")
            for alias in node.names:
                yield module_of(inner, alias.name)
        elif isinstance(node, ast.Import):
            yield from (a.name.removeprefix("minigpt.") for a in node.names if a.name.startswith("minigpt."))


def module_of(package, name):
    """The module that `from minigpt.package import name` reaches: a module, a room, or the place of a name."""
    whole = f"{package}.{name}".lstrip(".")
    places = (whole, f"{whole}.__init__", package, f"{package}.__init__")
    return next((place for place in places if place in ORDER), package)


def wrong_imports(files):
    wrong = []
    for name, path in files.items():
        wrong += [f"{name} imports {used}" for used in imports_of(path) if ORDER.index(used) >= ORDER.index(name)]
    return wrong


def modules():
    return {".".join(p.relative_to(PACKAGE).with_suffix("").parts): p for p in sorted(PACKAGE.rglob("*.py"))}


def test_imports_run_down_the_table():
    assert set(modules()) == set(ORDER)
    assert wrong_imports(modules()) == []


def test_the_order_check_catches_an_upward_import(tmp_path):
    (tmp_path / "loss.py").write_text("def f():\n    from minigpt import model\n")
    assert wrong_imports({"loss": tmp_path / "loss.py"}) == ["loss imports model"]


@pytest.mark.parametrize("name", [n for n in ORDER if n != "__main__"])
def test_modules_are_short(name):
    path = modules()[name]
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 230, f"{path} is longer than one sitting"


@pytest.mark.parametrize("path", sorted((ROOT / "instructor" / "questions").glob("*.py")), ids=lambda path: path.stem)
def test_questions_are_short(path):
    most = 260  # some questions with their known mistakes and edges, read one at a time
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most, f"{path} is longer than one sitting"


def test_import_is_light_and_silent():
    """`import minigpt` and the command line bring no torch; nothing prints."""
    code = "import sys, minigpt.commands, minigpt.data.real\nprint({'torch', 'pooch', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n" and done.stderr == ""


def name_of(requirement):
    return re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0].lower()


def requirements(project):
    """All that pyproject.toml asks for, of other projects: an extra may name another extra of this one."""
    listed = {*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)}
    return {r for r in listed if name_of(r) != project["name"]}


def test_environment_is_pyproject():
    """`environment.yml`, the conda route, names the same packages with the same bounds as `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"python" + project["requires-python"], *requirements(project)}
    conda = {"pytorch": "torch"}  # the names that differ
    found = set()
    for entry in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]:
        if isinstance(entry, str):
            found.add(conda.get(name_of(entry), name_of(entry)) + entry[len(name_of(entry)) :])
    assert found - {"pip"} == wanted


def test_constraints_pin_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = {name_of(r) for r in requirements(project)}
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert direct <= {name.lower() for name in pinned} and pinned["torch"] == "2.13.0"


def tracked():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_pickle():
    """No module reads or writes one: weights are safetensors, configuration JSON."""
    for name, path in modules().items():
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"\b(import pickle|torch\.save|torch\.load\(|allow_pickle=True)", code), name


def test_no_file_of_another_is_committed(real_data):
    """No tracked file holds a line of 60 or more characters of the real data sets."""
    lines = set()
    for path in real_data.rglob("*"):
        if path.is_file() and path.name != "MANIFEST.json":
            lines |= {line.strip() for line in path.read_text(encoding="latin-1").splitlines() if len(line) > 60}
    for path in tracked():
        if path.suffix in {".py", ".md", ".json", ".jsonl", ".txt", ".csv", ".ipynb"}:
            shared = lines & {line.strip() for line in path.read_text(encoding="latin-1").splitlines()}
            assert not shared, f"{path}: {shared}"


def test_registry_is_whole():
    """Every file of every data set has an address at a fixed commit and a hash."""
    for name, about in REGISTRY.items():
        assert about["licence"] and about["tasks"] and about["files"], name
        for file in about["files"].values():
            assert re.fullmatch(r"[0-9a-f]{64}", file["sha256"]) and re.search(r"/[0-9a-f]{40}/", file["url"]), name
