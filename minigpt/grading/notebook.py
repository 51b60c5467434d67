"""The answer cells of a notebook that somebody else wrote; nothing here runs it."""

import json

from minigpt.grading.submissions import Refused

SETUP = "import numpy as np\n\n\ndef check(*ignored):\n    return True\n"  # the homework's first cell, without minigpt


def answer_cells(data, questions):
    """[(grade_id, source)] of a notebook's answer cells, in order, with the cells that the student added (id "").

    The homework's own first cell stands before them, as SETUP.

    Raises:
        Refused: if it is no notebook, or an answer cell is missing or stands twice.
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        cells = [(cell.get("metadata", {}).get("nbgrader"), "".join(cell["source"])) for cell in cells]
        "".join(source for _, source in cells).encode()  # half a character fails here, not in the jail
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("not a notebook: its JSON is damaged") from None
    kept = []
    for about, source in cells:
        if not isinstance(about, dict):
            kept.append(("", source))  # a cell that the student added
        elif about.get("solution"):
            kept.append((str(about.get("grade_id")), source))
    wanted, ids = [question.grade_id for question in questions], [grade_id for grade_id, _ in kept if grade_id]
    if sorted(ids) != sorted(wanted):
        raise Refused(f"answer cells {', '.join(ids)[:200] or 'none'}; the homework has {', '.join(wanted)}, once each")
    return [("", SETUP), *((grade_id, without_magics(source)) for grade_id, source in kept)]


def without_magics(source):
    """The source without IPython's `%` and `!` lines, which are no Python."""
    return "\n".join("pass  # magic" if line[:1] in ("%", "!") else line for line in source.split("\n"))
