"""The answer cells of a notebook that somebody else wrote; nothing here runs it, or reads its Python.

Read as Jupyter, Colab, VS Code and older versions write it: UTF-8 or UTF-16, with a byte order mark or without, version 3
or 4 of the format. What Jupyter's Split Cell tore apart is joined again.
"""

import json
import re
from dataclasses import dataclass, replace

from minigpt.grading.submissions import Refused

SETUP = "import numpy as np\n\n\ndef check(*ignored):\n    return True\n"  # the homework's first cell, without minigpt
IMPORT = re.compile(r"^(?:import|from)\s+(?!minigpt\b)[^\n(]*(?:\([^()]*\))?[^\n]*", re.MULTILINE)


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
    return answers_of(read(data), questions)


def answers_of(cells, questions):
    """`answer_cells` of a notebook that was read.

    Raises:
        Refused: if an answer cell is missing.
    """
    kept = [cell for cell in cells if cell.kind == "code" and (cell.answer or not cell.grade_id)]
    wanted, ids = [question.grade_id for question in questions], [cell.grade_id for cell in kept if cell.answer]
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
        added = [line for line in IMPORT.findall(cells[place].source) if line.strip() != "import numpy as np"]
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
