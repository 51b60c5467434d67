"""The answer cells of a notebook that somebody else wrote; nothing here runs it, or reads its Python.

Read as Jupyter, Colab, VS Code and older versions write it: UTF-8 or UTF-16, with a byte order mark or without,
version 3 or 4 of the format. What Jupyter's Split Cell tore apart is joined again.
"""

import json
import re
import sys
from dataclasses import dataclass, replace

from minigpt.grading.download import Refused

SETUP = "import numpy as np\n\n\ndef check(*ignored):\n    return True\n"  # the homework's first cell, without minigpt
IMPORT = re.compile(r"^(?:import|from)\s[^\n(]*(?:\([^()]*\))?[^\n]*", re.MULTILINE)
ALLOWED = sys.stdlib_module_names | {"numpy"}


@dataclass(frozen=True)
class Cell:
    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str = ""  # nbgrader's name for it; empty for a cell that the student added
    answer: bool = False


def answer_cells(data, questions):
    """[(grade_id, source)] of a notebook's answer cells, in order, with the cells that the student added (id "").

    The homework's own first cell stands before them as SETUP, with what the student imports there.

    Raises:
        Refused: if it is no notebook, or an answer cell is missing.
    """
    return answers_of(read(data), [question.grade_id for question in questions])


def answers_of(cells, wanted):
    """`answer_cells` of a notebook that was read, for the answers with the grade_ids `wanted`.

    Raises:
        Refused: if an answer cell is missing.
    """
    kept = [cell for cell in cells if cell.kind == "code" and (cell.answer or not cell.grade_id)]
    ids = [cell.grade_id for cell in kept if cell.answer]
    if not set(ids) >= set(wanted):
        raise Refused(
            f"answer cells {', '.join(ids)[:200] or 'none'}; the homework has {', '.join(wanted)}: copy the answers "
            "into a fresh copy of the homework, whose answer cells are of the kind Code"
        )
    return [("", SETUP), *((cell.grade_id if cell.grade_id in wanted else "", cell.source) for cell in kept)]


def read(data):
    """The Cells of a notebook; imports that the student added to the first, locked cell become a cell of their own.

    Raises:
        Refused: if it is no notebook.
    """
    try:
        notebook = json.loads(data)  # which knows UTF-8, -16 and -32 by their first bytes
        sheets = [notebook] if "cells" in notebook else notebook["worksheets"]  # version 3 had sheets
        cells = [cell_of(told) for sheet in sheets for told in sheet["cells"]]
        "".join(cell.source + cell.grade_id for cell in cells).encode()  # half a character fails here, not later
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("not a notebook: its JSON is damaged; save it again and hand in the file .ipynb") from None
    locked = [place for place, cell in enumerate(cells) if cell.grade_id and not cell.answer][:1]
    for place in locked:
        added = [line for line in IMPORT.findall(cells[place].source) if is_kept(line)]
        cells[place + 1 : place + 1] = [Cell("code", line) for line in added]
    return joined(cells)


def cell_of(told):
    """A Cell from its JSON, of version 4 or 3."""
    source = told["source"] if "source" in told else told.get("input", "")
    about = told.get("metadata", {}).get("nbgrader")
    about = about if isinstance(about, dict) else {}
    named = isinstance(about.get("grade_id"), str) and any(about.get(key) for key in ("solution", "grade", "locked"))
    grade_id = about["grade_id"] if named else ""
    return Cell(str(told["cell_type"]), "".join(source), grade_id, bool(grade_id and about.get("solution")))


def is_kept(line):
    """Does this import line name only what an answer may use, and is it not in SETUP already?

    >>> [is_kept(line) for line in ("import math, os.path as p", "from numpy import exp", "import math, torch")]
    [True, True, False]
    """
    modules = line[len("import") :].partition("#")[0].split(",") if line.startswith("import") else [line.split()[1]]
    roots = {module.strip().partition(" ")[0].partition(".")[0] for module in modules}
    return line.strip() not in SETUP.split("\n") and roots <= ALLOWED


def joined(cells):
    """Cells where each grade_id stands once: the parts of an answer become one cell, where the last of them stood.

    >>> joined([Cell("code", "def f():", "q", True), Cell("code", "x = 1"), Cell("code", "    return 2", "q", True)])
    [Cell(kind='code', source='x = 1', ...), Cell(kind='code', source='def f():\\n    return 2', ...)]
    """
    parts, kept = {}, []
    for cell in cells:
        if cell.grade_id:
            parts.setdefault(cell.grade_id, []).append(cell)
    for cell in cells:
        of_one = parts.get(cell.grade_id, [cell])
        if cell is of_one[-1]:
            kept.append(replace(cell, source="\n".join(part.source for part in of_one)) if cell.answer else cell)
    return kept
