"""`make notebooks`: run every English lesson and store its outputs; the Chinese one gets the same code and outputs.

    chapters/NN_name/lesson.ipynb      run from the top in a fresh kernel, on the CPU
    chapters/NN_name/lesson.zh.ipynb   its own text; code and outputs are those of lesson.ipynb, matched by id, with
                                       labels, alt texts and printed lines in Chinese: see chinese.py

Only what a reader sees is stored: no times, versions, paths or state of widgets. So a second run changes nothing.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import chinese
import nbformat
from nbclient import NotebookClient

from minigpt.support.errors import InputError
from minigpt.support.files import replacing

HERE = Path(__file__).parent
CELL_SECONDS = 1800  # a cell that hangs ends; no lesson depends on the speed of a machine
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"  # its ids are random, and without a kernel it shows nothing


def lessons(root=HERE):
    return sorted(root.glob("[0-9][0-9]_*/lesson.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def write(path, notebook):
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.validate(notebook)
    with replacing(path) as temporary:
        temporary.write_text(
            json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
        )


def execute(path):
    """Run a lesson from the top; its notebook with fresh outputs, cleaned."""
    notebook = read(path)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # however slowly the kernel prints
        resources=resources,
        kernel_name="python3",
    )
    with tempfile.TemporaryDirectory() as folder:
        startup = Path(folder) / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "two_languages.py").write_text(chinese.STARTUP, encoding="utf-8")
        client.execute(env=os.environ | {"IPYTHONDIR": folder})
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        cell.outputs = [clean(output, number) for output in cell.outputs if WIDGET not in output.get("data", {})]
    return notebook


def clean(output, number):
    if "execution_count" in output:
        output.execution_count = number
    return output


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def translate(theirs, english):
    """The Chinese notebook with the English one's code, and its outputs in Chinese; takes these out of the English one.

    Raises:
        InputError: if the two have not the same cells in the same order.
    """
    ids = [[(cell.id, cell.cell_type) for cell in notebook.cells] for notebook in (theirs, english)]
    if ids[0] != ids[1]:
        differing = next((a for a in zip(*ids, strict=False) if a[0] != a[1]), "one has more cells than the other")
        raise InputError(f"the two languages have not the same cells in the same order: {differing}")
    cells = []
    for cell, source in zip(theirs.cells, english.cells, strict=True):
        if cell.cell_type == "code":
            pairs = [chinese.split(output) for output in source.outputs]
            source.outputs = [output for output, _ in pairs]
            cell = nbformat.from_dict(source | {"outputs": [output for _, output in pairs]})
        cells.append(cell)
    return theirs | {"cells": cells}


def build(path):
    english, there = execute(path), path.with_name("lesson.zh.ipynb")
    translated = translate(read(there), english)
    write(path, english)
    write(there, nbformat.from_dict(translated))


def main(names):
    """Build the lessons whose folders begin with one of `names`, all of them without."""
    for path in lessons():
        if not names or path.parent.name.startswith(tuple(names)):
            print(path.parent.name, flush=True)
            build(path)


if __name__ == "__main__":
    main(sys.argv[1:])
