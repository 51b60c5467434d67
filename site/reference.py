"""The book's reference: the package's modules by room, each on a page that Sphinx makes from its docstrings."""

import importlib
import re

from docstrings import escaped, inline

from minigpt import READING_ORDER

HIDDEN = ("grading.runner", "grading.nbgrader_jail")  # programs for another process
ROOMS = ("", "data", "fast", "studies", "pictures", "support", "commands", "grading")
WORDS = {
    "en": {"title": "The package", "lecture": "The lecture", "lesson": "lesson", "module": "module"},
    "zh": {"title": "程序包", "lecture": "课程本身", "lesson": "课", "module": "模块"},
}
PAGE = """{title}
{line}

.. automodule:: minigpt.{module}
   :members:
   :undoc-members:
   :member-order: bysource
"""


def rooms():
    """{room: modules in the order of reading}; the room "" is the lecture itself."""
    found = {room: [] for room in ROOMS}
    for module, chapter in READING_ORDER:
        if "__" not in module and module not in HIDDEN:
            found.setdefault(module.rpartition(".")[0].partition(".")[0], []).append((module, chapter))
    return found


def summary(module):
    """The first paragraph of a module's docstring, or a room's, as reStructuredText in one line."""
    loaded = importlib.import_module(f"minigpt.{module}" if module else "minigpt")
    text = " ".join(loaded.__doc__.split("\n\n")[0].split())
    return inline(re.sub(":$", ".", text), loaded, f"minigpt.{module}.html")


def write(source, lessons, code):
    """Write the pages into the folder `source`; returns their names.

    Args:
        lessons: the names of the lessons' pages, by number.
        code: "en" or "zh".
    """
    words, index = WORDS[code], []
    for room, modules in rooms().items():
        heading = f"{room}/" if room else words["lecture"]
        index += ["", escaped(heading), "-" * 2 * len(heading), "", summary(room), ""]
        index += [".. list-table::", "   :header-rows: 1", "   :class: modules", ""]
        index += [f"   * - {words['module']}", f"     - {words['lesson']}", "     -"]
        for module, chapter in modules:
            name = module.removeprefix(f"{room}.").replace(".", "/") + ".py"
            lesson = f":doc:`{chapter:02} <{lessons[chapter]}>`" if chapter is not None else ""
            index += [f"   * - :doc:`{name} <minigpt.{module}>`", f"     - {lesson}", f"     - {summary(module)}"]
            title = f"{module.replace('.', '/')}.py"
            page = PAGE.format(title=escaped(title), line="=" * 2 * len(title), module=module)
            (source / f"minigpt.{module}.rst").write_text(page, encoding="utf-8")
    names = [f"minigpt.{module}" for modules in rooms().values() for module, _ in modules]
    head = [words["title"], "=" * 2 * len(words["title"])]
    tree = ["", ".. toctree::", "   :hidden:", "   :titlesonly:", "", *(f"   {name}" for name in names), ""]
    (source / "reference.rst").write_text("\n".join([*head, *index, *tree]), encoding="utf-8")
    return names
