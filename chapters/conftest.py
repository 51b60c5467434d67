"""nbval compares what a lesson prints with what is stored; here it compares what its figures draw too.

By the data that a figure carries (`pictures/figure_data.py`), never by pixels: what was trained may differ by the
tolerance that its cell states, everything else by a rounding. With LESSON_SPREADS naming a file, the largest difference
of each figure is written there as a line of JSON.
"""

import json
import os

try:
    from nbval.plugin import IPyNbCell

    from minigpt.pictures.figure_data import DATA, differences, spread
except ImportError:  # without the test extra there is nothing to compare
    IPyNbCell = None


def comparing_figures(compare):
    """nbval's comparison of a cell's outputs, in which two figures are alike if their data are."""

    def compare_outputs(cell, test, ref, skip_compare=None):
        for new, stored in zip(test, ref, strict=False):
            pair = [output.get("data", {}).get(DATA) for output in (stored, new)]
            if all(pair):
                different = differences(*pair)
                note_spread(cell, *pair, different)
                stored["data"][DATA], new["data"][DATA] = (
                    "the stored figure",
                    "\n".join(different) or "the stored figure",
                )
        return compare(cell, test, ref, skip_compare)

    return compare_outputs


def note_spread(cell, stored, new, different):
    path = os.environ.get("LESSON_SPREADS")
    if path:
        row = {"lesson": cell.parent.path.parent.name, "cell": cell.cell.get("id"), "tolerance": stored["tolerance"]}
        row["spread"] = None if different and "shapes" in "".join(different) else spread(stored, new)
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


if IPyNbCell is not None:
    IPyNbCell.compare_outputs = comparing_figures(IPyNbCell.compare_outputs)
