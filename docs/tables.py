"""`make table`: write the tables of README.md from the stored results of runs, so that no figure is copied by hand.

`docs/results/NAME/metrics.json` is what `minigpt run` left for one seed. In README.md a table stands between
`<!-- results: PATTERN -->` and `<!-- end -->`; it is what `minigpt spread docs/results/PATTERN` prints.
"""

import re
import sys
from pathlib import Path

from minigpt.studies.results import spread
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, replacing

ROOT = Path(__file__).resolve().parent.parent
PLACE = re.compile(r"(<!-- results: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(pattern, results=ROOT / "docs" / "results"):
    """The table of all stored runs whose folders match `pattern`."""
    runs = [read_json(path) for path in sorted(results.glob(f"{pattern}/metrics.json"))]
    if not runs:
        raise InputError(f"no stored run matches {pattern!r} in {results}; copy each run's metrics.json there")
    return spread(runs)


def filled(text, results=ROOT / "docs" / "results"):
    """`text` with each table written anew."""
    return PLACE.sub(lambda found: found[1] + table(found[2], results) + "\n" + found[3], text)


if __name__ == "__main__":
    readme = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "README.md")
    with replacing(readme) as temporary:
        temporary.write_text(filled(readme.read_text(encoding="utf-8")), encoding="utf-8")
