"""`make book`: all lessons, the glossary and the package's reference as one HTML book in English and Chinese.

    chapters/*/lesson.ipynb, lesson.zh.ipynb, GLOSSARY.md, README.md    ->    build/book/en, build/book/zh

Sphinx with myst-nb builds it, from the stored outputs: nothing is run, and nothing built asks for the network.
"""

import html
import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))
from minigpt import READING_ORDER  # noqa: E402
from minigpt.pictures.explorer import page  # noqa: E402

OUT = ROOT / "build" / "book"
LANGUAGES = {"en": ("en", "lesson.ipynb"), "zh": ("zh_CN", "lesson.zh.ipynb")}
TITLES = {
    "en": {
        "lessons": "Lessons",
        "more": "More",
        "paths": "Paths, and how to begin",
        "reference": "The package",
        "explorer": "The explorer",
    },
    "zh": {"lessons": "课程", "more": "其他", "paths": "路径与开始", "reference": "程序包", "explorer": "探索页"},
}
FRONT = """# minigpt

{about}

<iframe class="explorer" src="explorer.html#next=Anna took the key.&lang={code}&bare=1" title="{explorer}"></iframe>

<div class="front">
<a href="paths.html"><b>{lecture[0]}</b>{lecture[1]}</a>
<a href="00_overview.html"><b>{alone[0]}</b>{alone[1]}</a>
<a href="paths.html"><b>{homework[0]}</b>{homework[1]}</a>
</div>

![{alt}](table.png)
"""
ABOUT = {
    "en": {
        "about": "GPT (2018), one lecture, every equation a few lines of code that you run, change and break. "
        "Below, a model that was trained for five minutes, beside the truth.",
        "lecture": ("You give the lecture", "a deck of 90, 45 or 15 minutes: <code>make slides</code>"),
        "alone": ("You learn alone", "13 lessons, from the loss to GPT-1 itself"),
        "homework": ("You grade homework", "12 sets, with checks for students and a grader"),
        "alt": "Accuracy of seven arms on four tasks: pre-trained far above the others",
    },
    "zh": {
        "about": "一讲 GPT（2018），每个公式都是几行可以运行、改动和弄坏的代码。"
        "下面是一个训练了五分钟的模型，旁边是真实概率。",
        "lecture": ("你要讲课", "90、45 或 15 分钟的幻灯片：<code>make slides</code>"),
        "alone": ("你要自学", "13 课，从损失函数到 GPT-1 本身"),
        "homework": ("你要批改作业", "12 套，学生自查，教师批改"),
        "alt": "七种做法在四个任务上的准确率：预训练远高于其他",
    },
}


def assemble(code, source):
    """Write one language's pages into the new folder `source`."""
    name, titles = LANGUAGES[code][1], TITLES[code]
    pages = []
    for lesson in sorted((ROOT / "chapters").glob(f"[0-9][0-9]_*/{name}")):
        pages.append(lesson.parent.name)
        notebook = alive(json.loads(lesson.read_text(encoding="utf-8")), code)
        (source / f"{pages[-1]}.ipynb").write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    shutil.copyfile(ROOT / "chapters" / "GLOSSARY.md", source / "glossary.md")
    paths = (ROOT / "chapters" / "README.md").read_text(encoding="utf-8")
    for name in pages:  # its table links notebooks; here both columns lead to this language's page
        for ending in ("lesson.ipynb", "lesson.zh.ipynb"):
            paths = paths.replace(f"({name}/{ending})", f"({name}.ipynb)")
    (source / "paths.md").write_text(paths.replace("(GLOSSARY.md)", "(glossary.md)"), encoding="utf-8")
    modules = reference(source, titles["reference"])
    tree = "```{{toctree}}\n:caption: {}\n:maxdepth: 1\n\n{}\n```\n"
    trees = [
        tree.format(titles["lessons"], "\n".join(pages)),
        tree.format(titles["more"], "paths\nglossary\nreference"),
    ]
    shutil.copyfile(ROOT / "docs" / "table.png", source / "table.png")
    front = FRONT.format(code=code, explorer=titles["explorer"], **ABOUT[code])
    (source / "index.md").write_text("\n".join([front, *trees]), encoding="utf-8")
    return [*pages, "glossary", "paths", *modules]


VIEW = re.compile(r'widgets\.explorer\(\w+, \w+, "(\w+)", "(.*)"\)')


def alive(notebook, code):
    """Where a lesson shows the explorer as a widget, the book shows it in a frame, with the model that is shipped."""
    for cell in notebook["cells"]:
        found = VIEW.search("".join(cell["source"]))
        if found:
            address = html.escape(f"explorer.html#{found[1]}={found[2]}&lang={code}&bare=1")
            frame = (
                f'<iframe class="explorer" src="{address}" title="{TITLES[code]["explorer"]}" loading="lazy"></iframe>'
            )
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": frame}}]
    return notebook


def reference(source, title):
    """One page a module, in the order of reading."""
    hidden = ("grading.runner", "grading.nbgrader_jail")  # programs for another process
    shown = [m for m, _ in READING_ORDER if "__" not in m and m not in hidden]
    for module in shown:
        (source / f"minigpt.{module}.md").write_text(module_page(module), encoding="utf-8")
    listed = "\n".join(f"minigpt.{module}" for module in shown)
    tree = f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    (source / "reference.md").write_text(f"# {title}\n\n{tree}", encoding="utf-8")
    return [f"minigpt.{module}" for module in shown]


def module_page(module):
    """A module's docstrings as they are written: plain text, laid out to be read in an editor."""
    loaded = importlib.import_module(f"minigpt.{module}")
    parts = [f"# {module.replace('.', '/')}.py", literal(loaded.__doc__)]
    for name, member in vars(loaded).items():
        own = getattr(member, "__module__", None) == loaded.__name__
        if own and not name.startswith("_") and (inspect.isfunction(member) or inspect.isclass(member)):
            parts += [f"## {name}", f"`{signature(name, member)}`", literal(inspect.getdoc(member))]
    return "\n\n".join(part for part in parts if part) + "\n"


def signature(name, member):
    try:
        return f"{name}{inspect.signature(member)}"
    except ValueError:
        return name


def literal(docstring):
    return f"````text\n{inspect.cleandoc(docstring)}\n````" if docstring else ""


def build(code):
    """One language's book, anew."""
    language, source, out = LANGUAGES[code][0], OUT / "source" / code, OUT / code
    for folder in (source, out):
        if folder.exists():
            shutil.rmtree(folder)
    source.mkdir(parents=True)
    assemble(code, source)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-j", "2", "-c", str(HERE)]
    subprocess.run([*command, str(source), str(out)], check=True, env=os.environ | {"MINIGPT_BOOK": language})
    page.write(ROOT / "datasets" / "toy_world" / "body", out / "explorer.html", code)
    print(f"{out.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    for code in sys.argv[1:] or LANGUAGES:
        build(code)
