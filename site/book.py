"""`make book`: lessons, glossary, homework and the package's reference as one HTML book in English and Chinese.

    chapters/*/lesson.ipynb, lesson.zh.ipynb, homework.ipynb, GLOSSARY.md, README.md, docs/homework.md, docstrings
    ->  build/book/en, build/book/zh

Sphinx with myst-nb builds it, from the stored outputs: nothing is run, and nothing built asks for the network.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]
import homework  # noqa: E402
import lessons  # noqa: E402
import reference  # noqa: E402
import terms  # noqa: E402

from minigpt.pictures.explorer import page  # noqa: E402

OUT = ROOT / "build" / "book"
LANGUAGES = {"en": ("en", "lesson.ipynb"), "zh": ("zh_CN", "lesson.zh.ipynb")}
WORDS = {
    "en": {
        "lessons": "Lessons",
        "homework": "Homework",
        "more": "More",
        "paths": "Paths, and how to begin",
        "make": ": <code>make slides</code>",
    },
    "zh": {
        "lessons": "课程",
        "homework": "作业",
        "more": "其他",
        "paths": "路径与开始",
        "make": "：<code>make slides</code>",
    },
}
FRONT = """# minigpt

{about}

<iframe class="explorer" src="explorer.html#next=Anna took the key.&lang={code}&bare=1" title="{explorer}"></iframe>

<div class="front">
<a href="{deck}"><b>{lecture[0]}</b>{lecture[1]}{make}</a>
<a href="00_overview.html"><b>{alone[0]}</b>{alone[1]}</a>
<a href="homework.html"><b>{grading[0]}</b>{grading[1]}</a>
</div>

![{alt}](table.png)
"""
ABOUT = {
    "en": {
        "about": "GPT (2018), one lecture, every equation a few lines of code that you run, change and break. "
        "Below, a model that was trained for five minutes, beside the truth.",
        "lecture": ("You give the lecture", "a deck of 90, 45 or 15 minutes"),
        "alone": ("You learn alone", "13 lessons, from the loss to GPT-1 itself"),
        "grading": ("You grade homework", "13 sets, with checks for students and a grader"),
        "alt": "Accuracy of seven arms on four tasks: pre-trained far above the others",
    },
    "zh": {
        "about": "一讲 GPT（2018），每个公式都是几行可以运行、改动和弄坏的代码。"
        "下面是一个训练了五分钟的模型，旁边是真实概率。",
        "lecture": ("你要讲课", "90、45 或 15 分钟的幻灯片"),
        "alone": ("你要自学", "13 课，从损失函数到 GPT-1 本身"),
        "grading": ("你要批改作业", "13 套，学生自查，教师批改"),
        "alt": "七种做法在四个任务上的准确率：预训练远高于其他",
    },
}


def assemble(code, source, deck):
    """Write one language's pages into the new folder `source`."""
    name, words, pages, figures = LANGUAGES[code][1], WORDS[code], [], []
    for path in sorted((ROOT / "chapters").glob(f"[0-9][0-9]_*/{name}")):
        pages.append(path.parent.name)
        notebook, *found = lessons.lesson(path, code)
        figures.append((pages[-1], *found))
        (source / f"{pages[-1]}.ipynb").write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    (source / "figures.md").write_text(lessons.list_of_figures(figures, code), encoding="utf-8")
    (source / "glossary.md").write_text(terms.page(pages, code), encoding="utf-8")
    paths = (ROOT / "chapters" / "README.md").read_text(encoding="utf-8")
    for name in pages:  # its table links notebooks; here both columns lead to this language's page
        for ending in ("lesson.ipynb", "lesson.zh.ipynb"):
            paths = paths.replace(f"({name}/{ending})", f"({name}.ipynb)")
    (source / "paths.md").write_text(paths.replace("(GLOSSARY.md)", "(glossary.md)"), encoding="utf-8")
    tasks = homework.write(ROOT, source, code)
    reference.write(source, pages, code)
    picture = {"en": "table.png", "zh": "table.zh.png"}[code]
    shutil.copyfile(ROOT / "docs" / picture, source / "table.png")
    front = FRONT.format(
        code=code,
        deck=deck or "paths.html",
        make="" if deck else words["make"],
        explorer=lessons.WORDS[code]["explorer"],
        **ABOUT[code],
    )
    tree = "```{{toctree}}\n:hidden:\n:caption: {}\n:maxdepth: 1\n\n{}\n```\n"
    trees = [
        tree.format(words["lessons"], "\n".join(pages)),
        tree.format(words["homework"], "\n".join(tasks)),
        tree.format(words["more"], f"{words['paths']} <paths>\nglossary\nfigures\nreference"),
    ]
    (source / "index.md").write_text("\n".join([front, *trees]), encoding="utf-8")


def sphinx(source, out, language):
    """Pages to HTML; a warning is an error, told after all of them."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-c", str(HERE)]
    subprocess.run([*command, str(source), str(out)], check=True, env=os.environ | {"MINIGPT_BOOK": language})


def build(code, deck=None):
    """One language's book, anew; `deck` is the address of the slides, where they stand beside the book."""
    language, source, out = LANGUAGES[code][0], OUT / "source" / code, OUT / code
    for folder in (source, out):
        if folder.exists():
            shutil.rmtree(folder)
    source.mkdir(parents=True)
    assemble(code, source, deck)
    sphinx(source, out, language)
    page.write(ROOT / "datasets" / "toy_world" / "body", out / "explorer.html", code)
    print(f"{out.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    for code in sys.argv[1:] or LANGUAGES:
        build(code)
