"""The linter says the same whatever else lies in the folder: a built book, runs, an environment."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ["minigpt", "tests", "chapters", "instructor", "benchmarks", "browser_tests", "site", "docs"]
BUILT = ["build", "runs", ".venv", "dist"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project's Python files, beside folders that only a user's checkout has."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=lambda at, names: [n for n in names if not keep(at, n)])
    for name in BUILT:
        (folder / name / "lib").mkdir(parents=True)
        (folder / name / "lib" / "module.py").write_text("x = 1\n")
    return folder


def keep(folder, name):
    return name.endswith(".py") or ((Path(folder) / name).is_dir() and name != "__pycache__")


def ruff(folder):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_lint_passes_beside_built_folders(copy):
    assert ruff(copy)[0] == 0, ruff(copy)[1]


def test_a_name_that_a_folder_takes_is_noticed(copy):
    """As `import build` was: with a folder of that name, ruff takes it for the project's own and sorts it elsewhere."""
    file = copy / "tests" / "test_name.py"
    file.write_text("import build\nimport pytest\n\nprint(build, pytest)\n")
    assert ruff(copy)[0] == 1
    file.unlink()
