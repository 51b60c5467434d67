"""`make student`: a folder to hand out, build/student: lessons without outputs, homework, and the data that they read.

    chapters/NN_name/lesson.ipynb, lesson.zh.ipynb    no output; below each **Predict** a cell to write in
    chapters/NN_name/homework.ipynb, *.csv            as they are
    datasets/toy_world                                as it is
    README.md, constraints.txt                        how to install the wheel, which `make student` puts beside them

A prediction stands in the notebook that the student saves, above the cell whose result it foresaw.
"""

import copy
import shutil
from pathlib import Path

import nbformat
import run_lessons

import minigpt

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "student"
WHEEL = f"minigpt-{minigpt.__version__}-py3-none-any.whl"
WRITE = {  # the cell that follows where the English lesson asks for a prediction
    "lesson.ipynb": "*My prediction, written before the next cell is run:*\n\n...",
    "lesson.zh.ipynb": "*我的预测（先写，再运行下一格）：*\n\n……",
}


def asking(english):
    """The ids of the cells that ask for a prediction."""
    return {cell.id for cell in english.cells if cell.cell_type == "markdown" and "**Predict" in cell.source}


def without_outputs(notebook, asks, cell):
    """A copy for a student to run: nothing is shown yet, and each prediction has its place."""
    cells = []
    for old in copy.deepcopy(notebook.cells):
        if old.cell_type == "code":
            old |= {"outputs": [], "execution_count": None}
        cells.append(old)
        if old.id in asks:
            cells.append(nbformat.v4.new_markdown_cell(cell, id=f"{old.id[:50]}-prediction"))
    return notebook | {"cells": cells}


def main(out=OUT):
    if out.exists():
        shutil.rmtree(out)
    for chapter in sorted((ROOT / "chapters").glob("[0-9][0-9]_*")):
        there = out / "chapters" / chapter.name
        there.mkdir(parents=True)
        asks = asking(run_lessons.read(chapter / "lesson.ipynb"))
        for name, cell in WRITE.items():
            lesson = without_outputs(run_lessons.read(chapter / name), asks, cell)
            run_lessons.write(there / name, nbformat.from_dict(lesson))
        for path in [*chapter.glob("homework.ipynb"), *chapter.glob("*.csv")]:
            shutil.copyfile(path, there / path.name)
    shutil.copyfile(ROOT / "chapters" / "GLOSSARY.md", out / "chapters" / "GLOSSARY.md")
    shutil.copyfile(ROOT / "constraints.txt", out / "constraints.txt")
    begin = (ROOT / "chapters" / "STUDENT.md").read_text(encoding="utf-8").replace("@WHEEL@", WHEEL)
    (out / "README.md").write_text(begin, encoding="utf-8")
    shutil.copytree(ROOT / "datasets" / "toy_world", out / "datasets" / "toy_world")
    print(out.relative_to(ROOT) if out.is_relative_to(ROOT) else out)


if __name__ == "__main__":
    main()
