"""The instructor's folder: references, known mistakes and homework with its solutions. No installed package has it.

instructor/questions/NN.py, NN_*.py             the questions of a chapter, each file some of them, as QUESTIONS
instructor/hints.zh.json                        {hint in English: the same in Chinese}, of their known mistakes
instructor/NN_name/homework_source.ipynb        their texts and solutions
"""

import importlib.util
import tomllib
from dataclasses import replace
from pathlib import Path

from minigpt.grading.question import CHAPTERS, require_chapter
from minigpt.support.errors import InputError
from minigpt.support.files import read_json

CHECKOUT = Path(__file__).resolve().parents[2]  # of the project, unless minigpt is installed elsewhere


def folder_of(given=None):
    """The folder `given`, or that of the checkout this package is in, or that of a checkout in the current directory.

    Raises:
        InputError: if it is missing.
    """
    cure = (
        "it holds what homework is graded with, and is in no installed package: get a checkout of the project, "
        "and run this in it or name its folder with --instructor"
    )
    if given:
        if not (Path(given) / "questions").is_dir():
            raise InputError(f"{given} is no instructor's folder, it has no folder questions; {cure}")
        return Path(given).resolve()
    for checkout in (CHECKOUT, Path.cwd()):
        if is_checkout(checkout) and (checkout / "instructor" / "questions").is_dir():
            return checkout / "instructor"
    raise InputError(f"there is no folder instructor in {Path.cwd()}; {cure}")


def is_checkout(folder):
    """Does this project's pyproject.toml stand here? A folder of submissions may hold anything else."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"] == "minigpt"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def questions_of(chapter, folder=None):
    """The questions of a chapter, "00" to "12", their hints in both languages; `folder` as in `folder_of`.

    Raises:
        InputError: for another chapter, or if the folder or the chapter's file is missing.
    """
    require_chapter(chapter)
    folder = folder_of(folder)
    path = folder / "questions" / f"{chapter}.py"
    if not path.is_file():
        raise InputError(f"{path} does not exist; restore it from the project")
    files, chinese = [path, *path.parent.glob(f"{chapter}_*.py")], read_json(folder / "hints.zh.json")
    questions = [in_both(question, chinese) for file in files for question in module_of(file).QUESTIONS]
    return tuple(sorted(questions, key=lambda question: question.id))


def in_both(question, chinese):
    """The question with each hint's Chinese in a line below; a hint that brings its own, or has none, stays."""
    wrong = [replace(w, hint=f"{w.hint}\n{chinese[w.hint]}" if w.hint in chinese else w.hint) for w in question.wrong]
    return replace(question, wrong=tuple(wrong))


def module_of(path):
    """A Python file outside any package, run as a module."""
    spec = importlib.util.spec_from_file_location(f"questions_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def homework_sources(folder=None):
    """{"02": path of its homework_source.ipynb}, for the chapters that have one; `folder` as in `folder_of`.

    Raises:
        InputError: if there is none.
    """
    folder = folder_of(folder)
    found = {path.parent.name[:2]: path for path in sorted(folder.glob("*/homework_source.ipynb"))}
    if not found:
        raise InputError(f"{folder} holds no NN_name/homework_source.ipynb; restore it from the project")
    return {chapter: found[chapter] for chapter in CHAPTERS if chapter in found}
