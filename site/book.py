"""`make book`: all lessons, the glossary and the package's reference as one HTML book in English and Chinese.

    chapters/*/lesson.ipynb, lesson.zh.ipynb, GLOSSARY.md, README.md    ->    build/book/en, build/book/zh

Sphinx with myst-nb builds it, from the stored outputs: nothing is run, and nothing built asks for the network.
"""

import importlib
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / "build" / "book"
LANGUAGES = {"en": ("en", "lesson.ipynb"), "zh": ("zh_CN", "lesson.zh.ipynb")}
TITLES = {
    "en": {"lessons": "Lessons", "more": "More", "paths": "Paths, and how to begin", "reference": "The package"},
    "zh": {"lessons": "课程", "more": "其他", "paths": "路径与开始", "reference": "程序包"},
}
FRONT = {
    "en": "# minigpt\n\nGPT (2018), one lecture, every equation a few lines of code.\n",
    "zh": "# minigpt\n\n一讲 GPT（2018），每个公式都是几行代码。\n",
}


def assemble(code, source):
    """Write one language's pages into the new folder `source`."""
    name, titles = LANGUAGES[code][1], TITLES[code]
    pages = []
    for lesson in sorted((ROOT / "chapters").glob(f"[0-9][0-9]_*/{name}")):
        pages.append(lesson.parent.name)
        shutil.copyfile(lesson, source / f"{pages[-1]}.ipynb")
    shutil.copyfile(ROOT / "chapters" / "GLOSSARY.md", source / "glossary.md")
    paths = (ROOT / "chapters" / "README.md").read_text(encoding="utf-8")
    for page in pages:  # its table links notebooks; here both columns lead to this language's page
        for ending in ("lesson.ipynb", "lesson.zh.ipynb"):
            paths = paths.replace(f"({page}/{ending})", f"({page}.ipynb)")
    (source / "paths.md").write_text(paths.replace("(GLOSSARY.md)", "(glossary.md)"), encoding="utf-8")
    modules = reference(source, titles["reference"])
    tree = "```{{toctree}}\n:caption: {}\n:maxdepth: 1\n\n{}\n```\n"
    trees = [
        tree.format(titles["lessons"], "\n".join(pages)),
        tree.format(titles["more"], "paths\nglossary\nreference"),
    ]
    (source / "index.md").write_text("\n".join([FRONT[code], *trees]), encoding="utf-8")
    return [*pages, "glossary", "paths", *modules]


def reference(source, title):
    """One page a module, in the order of reading."""
    sys.path.insert(0, str(ROOT))
    from minigpt import READING_ORDER

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
    print(f"{out.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    for code in sys.argv[1:] or LANGUAGES:
        build(code)
