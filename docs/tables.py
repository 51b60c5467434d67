"""`make table`: write the tables of PAGES from the stored results of runs, so that no figure is copied by hand.

`docs/results/NAME/metrics.json` is what `minigpt run` left for one seed. In a page a table stands between
`<!-- results: PATTERN -->` and `<!-- end -->`; it is what `minigpt spread docs/results/PATTERN` prints.
`<!-- results: PATTERN; rows: ARM, ARM -->` takes some rows of it, and `columns: ARM, ARM` turns these into columns, a
row a task; `; tasks: NAME, NAME` after it takes some of them. Lessons have such places, too; Chinese ones in Chinese.
docs/table.png is the picture of seed 0's run; table.zh.png is the same in Chinese, where a font for it is at hand.
"""

import json
import re
import sys
from pathlib import Path

from minigpt.pictures import fonts, runs
from minigpt.studies.results import spread
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, replacing

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "chapters"))
from chinese import relabel  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "docs" / "results.md"]
REAL = [ROOT / "docs" / "shows.md", ROOT / "docs" / "shows.zh.md", *sorted((ROOT / "chapters").glob("*/lesson*.ipynb"))]
PLACE = re.compile(
    r"(?P<head><!-- results: (?P<runs>[^\s;]+)(?:; (?P<of>rows|columns): (?P<arms>[^;>]+?))?"
    r"(?:; tasks: (?P<tasks>[^>]+?))? -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
TITLES = {  # of tasks, where they are rows; † words solve it, ‡ in part
    "trec": "TREC (5) †", "acceptability": "acceptability (5)", "sick-entailment": "SICK entailment (6) †",
    "sick-relatedness": "SICK relatedness (7) †", "dream": "DREAM (8) ‡", "next-sentence": "next sentence (8) ‡",
    "waimai": "waimai (5) †", "ocnli": "OCNLI (6) ‡", "c3": "C3 (8) ‡",
}  # fmt: skip
CHINESE = {
    "single_text": "单句文本分类", "entailment": "文本蕴含", "similarity": "文本相似度",
    "multiple_choice": "选择型阅读理解",
    "majority": "多数类", "bag of words": "词袋", "word pairs": "词对", "from scratch": "从零训练",
    "without statements": "没有断言", "pre-trained": "预训练", "with questions": "带问句", "named model": "指定的模型",
    "TREC (5) †": "TREC 问题类别 (5) †", "acceptability (5)": "合不合语法 (5)",
    "SICK entailment (6) †": "SICK 蕴含 (6) †", "SICK relatedness (7) †": "SICK 相关度 (7) †",
    "DREAM (8) ‡": "DREAM 对话阅读 (8) ‡", "next sentence (8) ‡": "下一句 (8) ‡",
    "waimai (5) †": "waimai 外卖评价 (5) †", "OCNLI (6) ‡": "OCNLI 蕴含 (6) ‡", "C3 (8) ‡": "C3 阅读理解 (8) ‡",
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


def turned(whole, tasks=None):
    """A table with its columns, the tasks, as rows; or with some of them, without the marks of what words solve."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in whole.splitlines()]
    (_, *names), _, *rows = cells
    columns = dict(zip(names, zip(*(row[1:] for row in rows), strict=True), strict=True))
    titles = {name: TITLES.get(name, name) for name in names}
    if tasks:
        titles = {name: titles[name].rstrip(" †‡") for name in tasks}
    lines = [["", *(row[0] for row in rows)], ["---"] * (1 + len(rows))]
    lines += [[title, *columns[name]] for name, title in titles.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")


def in_chinese(whole):
    """A table of some rows with its titles in Chinese; numbers stay."""
    for english, chinese in CHINESE.items():
        whole = whole.replace(f"| {english} |", f"| {chinese} |")
        whole = whole.replace(f"| {english.rstrip(' †‡')} |", f"| {chinese.rstrip(' †‡')} |")
    return re.sub(r" \(([\d.]+) to ([\d.]+)\)", r"（\1 至 \2）", whole)


def filled(text, results=ROOT / "docs" / "results", chinese=False):
    """`text` with each table written anew."""

    def anew(found):
        written = table(found["runs"], results)
        if found["arms"]:
            written = only(found["arms"].split(", "), written)
        if found["of"] == "columns":
            written = turned(written, found["tasks"] and found["tasks"].split(", "))
        return f"{found['head']}{in_chinese(written) if chinese else written}\n{found['end']}"

    return PLACE.sub(anew, text)


def filled_page(page):
    """The text of a page, or of a lesson, with each table written anew."""
    text, chinese = page.read_text(encoding="utf-8"), ".zh." in page.name
    if page.suffix != ".ipynb":
        return filled(text, chinese=chinese)
    lesson = json.loads(text)
    for cell in lesson["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = filled(cell["source"], chinese=chinese)
    return json.dumps(lesson, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for page in [Path(name) for name in sys.argv[1:]] or PAGES + REAL:
        text = filled_page(page)
        with replacing(page) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if not sys.argv[1:]:
        run = read_json(ROOT / "docs" / "results" / "toy-en-seed0" / "metrics.json")
        figure = runs.task_table(run["tasks"])
        runs.save(figure, ROOT / "docs" / "table.png")
        if fonts.chinese():
            relabel(figure)
            runs.save(figure, ROOT / "docs" / "table.zh.png")
