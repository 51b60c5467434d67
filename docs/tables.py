"""`make table`: write the tables of PAGES from the stored results of runs, so that no figure is copied by hand.

`docs/results/NAME/metrics.json` is what `minigpt run` left for one seed. In a page a table stands between
`<!-- results: PATTERN -->` and `<!-- end -->`; it is what `minigpt spread docs/results/PATTERN` prints.
`<!-- results: PATTERN; rows: ARM, ARM -->` takes some rows of it, on a page named .zh.md in Chinese.
docs/table.png is the picture of seed 0's run.
"""

import re
import sys
from pathlib import Path

from minigpt.pictures import runs
from minigpt.studies.results import spread
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, replacing

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "docs" / "results.md"]
PLACE = re.compile(r"(<!-- results: ([^\s;]+)(?:; rows: ([^>]+))? -->\n).*?(<!-- end -->)", re.DOTALL)
CHINESE = {
    "single_text": "单句文本分类", "entailment": "文本蕴含", "similarity": "文本相似度",
    "multiple_choice": "选择型阅读理解",
    "majority": "多数类", "bag of words": "词袋", "word pairs": "词对", "from scratch": "从零训练",
    "without statements": "没有断言", "pre-trained": "预训练", "with questions": "带问题", "named model": "指定的模型",
}  # fmt: skip


def table(pattern, results=ROOT / "docs" / "results"):
    """The table of all stored runs whose folders match `pattern`."""
    runs = [read_json(path) for path in sorted(results.glob(f"{pattern}/metrics.json"))]
    if not runs:
        raise InputError(f"no stored run matches {pattern!r} in {results}; copy each run's metrics.json there")
    return spread(runs)


def only(rows, whole):
    """The head of a table, and its rows with these titles, in this order."""
    lines = {line.split("|")[1].strip(): line for line in whole.splitlines() if line.startswith("|")}
    if unknown := [row for row in rows if row not in lines]:
        raise InputError(f"the table has no row {unknown[0]!r}; it has {', '.join(list(lines)[2:])}")
    return "\n".join([*whole.splitlines()[:2], *(lines[row] for row in rows)])


def in_chinese(whole):
    """A table of some rows with its titles in Chinese; numbers stay."""
    for english, chinese in CHINESE.items():
        whole = whole.replace(f"| {english} |", f"| {chinese} |")
    return re.sub(r" \(([\d.]+) to ([\d.]+)\)", r"（\1 至 \2）", whole)


def filled(text, results=ROOT / "docs" / "results", chinese=False):
    """`text` with each table written anew."""

    def anew(found):
        written = table(found[2], results)
        if found[3]:
            written = only(found[3].split(", "), written)
        return f"{found[1]}{in_chinese(written) if chinese else written}\n{found[4]}"

    return PLACE.sub(anew, text)


if __name__ == "__main__":
    for page in [Path(name) for name in sys.argv[1:]] or PAGES:
        text = filled(page.read_text(encoding="utf-8"), chinese=page.name.endswith(".zh.md"))
        with replacing(page) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if not sys.argv[1:]:
        run = read_json(ROOT / "docs" / "results" / "toy-en-seed0" / "metrics.json")
        runs.save(runs.task_table(run["tasks"]), ROOT / "docs" / "table.png")
