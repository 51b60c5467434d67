"""The book's pages about homework: a list, each chapter's notebook as students get it, and what an instructor does."""

import json
import re
import shutil

from lessons import plain

WORDS = {
    "en": {
        "title": "Homework",
        "intro": "One set a chapter, 13 points, in English and Chinese. Read it here, download the notebook to "
        "work on it: each question has a check that says what differs, and gives a hint for a typical mistake. "
        "Who grades reads [how that goes](homework_grading.md).",
        "head": "| | set | questions | notebook |",
        "download": "download",
        "list": "All sets",
        "grading": "Grading",
    },
    "zh": {
        "title": "作业",
        "intro": "每章一份，13 分，中英双语。可以在这里读；要做的话请下载笔记本：每题都有检查，指出差别，并"
        "对典型错误给出提示。批改见[教师说明](homework_grading.md)。",
        "head": "| | 作业 | 题 | 笔记本 |",
        "download": "下载",
        "list": "全部作业",
        "grading": "批改",
    },
}


def write(root, source, code):
    """Write the pages into the folder `source`; returns the entries of the table of contents, the list first."""
    words, rows, names = WORDS[code], [], []
    for path in sorted((root / "chapters").glob("[0-9][0-9]_*/homework.ipynb")):
        number, name = path.parent.name[:2], f"homework_{path.parent.name[:2]}"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        texts = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        title = heading(texts[0], code).partition(": " if code == "en" else "：")[2]
        questions = [heading(text, code) for text in texts if re.match(r"## \d", text)]
        shutil.copyfile(path, source / f"{name}.ipynb")
        (source / "notebooks").mkdir(exist_ok=True)
        shutil.copyfile(path, source / "notebooks" / f"{name}.ipynb")  # as it is, for the download
        listed = "<br>".join(plain(question) for question in questions)
        download = f"{{download}}`{words['download']} <notebooks/{name}.ipynb>`"
        rows.append(f"| {number} | [{plain(title)}]({name}.ipynb) | {listed} | {download} |")
        names.append(f"{number} {title} <{name}>")
    page = [f"# {words['title']}", "", words["intro"], "", words["head"], "|---|---|---|---|", *rows, ""]
    (source / "homework.md").write_text("\n".join(page), encoding="utf-8")
    shutil.copyfile(root / "docs" / "homework.md", source / "homework_grading.md")
    return [f"{words['list']} <homework>", *names, f"{words['grading']} <homework_grading>"]


def heading(text, code):
    """The first line of a bilingual cell in one language: `# English · 中文`."""
    english, _, chinese = text.split("\n")[0].lstrip("# ").partition(" · ")
    number = re.match(r"\d+\. |", english)[0]  # stands before the English words alone
    return number + chinese if code == "zh" and chinese else english
