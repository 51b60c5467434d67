"""A Sphinx extension: the package's docstrings, plain text that is laid out for an editor, as reStructuredText.

    indented lines          a formula or a table, letter for letter
    `code`                  code; a link where it is the name of a function, class or module of the package
    eq. (1)                 a link to the equation, which is drawn below the module's first sentence
    Args: Returns: Raises:  left to sphinx.ext.napoleon, which comes after
    Source: text            a section like these
    name:  text             a row of the section "Fields"
    examples                left as they are

All other signs stand for themselves.
"""

import importlib
import inspect
import re
import sys

from docutils import nodes
from equations import EQUATIONS, linked, named

from minigpt import READING_ORDER

SECTION = re.compile(r"(Args|Returns|Raises|Source):(?: +(.*))?$")
CODE = re.compile(r"`([^`]+)`|\{[^{}]*:(?:[^{}]|\{[^{}]*\})*\}")
FIELD = re.compile(r"(\w+):  +(.*)$")
MODULES = {f"{module.replace('.', '/')}.py": f"minigpt.{module}" for module, _ in READING_ORDER if "__" not in module}


def escaped(text, page=""):
    """Plain text whose signs mean nothing to reStructuredText; named equations become links to where `page` draws them.

    >>> print(escaped("|V| and x_1*, eq. (2)."))
    \\|V\\| and x\\_1\\*, \\ `eq. (2) <#eq-2>`__\\ .
    """
    text = re.sub(r"([\\*|_`])", r"\\\1", text)
    text = re.sub(r":(?=:|$)", r"\:", text, flags=re.MULTILINE)
    return linked(text, lambda words, n: rf"\ `{words} <{page}#eq-{n}>`__\ ")


def code(text, module):
    """What stood between backticks: a link where it names something of the package that has a place in the book."""
    if text in MODULES:
        return f":py:mod:`{text} <{MODULES[text]}>`"
    head, _, inner = text.partition(".")
    found = importlib.import_module(MODULES[f"{head}.py"]) if inner and f"{head}.py" in MODULES else module
    for part in (inner if found is not module else text).split("."):
        found = getattr(found, part, None)
    if callable(found) and getattr(found, "__module__", None) in MODULES.values() and hasattr(found, "__qualname__"):
        return f":py:obj:`{text} <{found.__module__}.{found.__qualname__}>`"
    return f"``{text}``"


def inline(text, module, page=""):
    """A paragraph: its code, and between it plain text. A dictionary written out counts as code."""
    done, at = [], 0
    for found in CODE.finditer(text):
        done += [escaped(text[at : found.start()], page), rf"\ {code(found[1] or found[0], module)}\ "]
        at = found.end()
    text = "".join([*done, escaped(text[at:], page)])
    return re.sub(r"(?m)^(\s*)(\(?\w+[.)] )", r"\1\\ \2", text)  # no numbered list: a sentence may begin with (3)


def blocks(lines):
    """A docstring's parts: (kind, lines), kind being a section's name, example, fields, literal, item or text."""
    kind, block = "", []
    for line in [*lines, ""]:
        section, indented = SECTION.match(line), line.startswith(" ")
        if section:
            following = section[1]
        elif not line.strip():
            following = kind if kind in ("literal", "Args", "Returns", "Raises") else ""
        elif kind == "example":
            following = kind
        elif line.startswith(">>>"):
            following = "example"
        elif indented:
            following = kind if kind and kind != "text" else "literal"
        elif FIELD.match(line):
            following = "fields"
        elif line.startswith("- "):
            following = "item"
        else:
            following = kind if kind in ("Source", "text") else "text"
        if block and (section or following != kind or line.startswith("- ")):
            yield kind, block
            block = []
        kind = following
        if section:
            block = [section[2]] if section[2] else []
        elif line.strip() or kind == "literal":
            block.append(line)
    if block:
        yield kind, block


def rows(lines, names):
    """The rows of Args or Raises, one a name, also where two stand in a line: `x: a number. y: another.`"""
    text = inspect.cleandoc("\n".join(["", *lines]))
    if names:
        text = re.sub(rf"[.;] (?=(?:{'|'.join(names)})(?:, \w+)*(?: \([^)]*\))?: )", ".\n", text)
    return text.split("\n")


def rest(lines, module, names=(), drawn=()):
    """A docstring as reStructuredText, with the equations `drawn` below its first paragraph."""
    result = []
    for kind, block in blocks(lines):
        if kind == "text":
            text, source, where = "\n".join(block).partition(" Source: ")
            result += [*inline(text, module).split("\n"), ""]
            result += ["Source:", *indent(inline(where, module)), ""] if source else []
        elif kind == "literal":
            formula = inspect.cleandoc("\n".join(["", *block])).rstrip()
            shape = "table" if "\n" in formula else "line"  # a line may be wrapped
            result += [".. parsed-literal::", f"    :class: formula {shape}", "", *indent(escaped(formula)), ""]
        elif kind == "fields":
            text = "\n".join(
                FIELD.sub(r"\1: \2", line) if FIELD.match(line) else f"    {line.strip()}" for line in block
            )
            result += ["Fields:", *indent(inline(text, module)), ""]
        elif kind in ("Args", "Raises"):
            result += [f"{kind}:", *indent(inline("\n".join(rows(block, names)), module)), ""]
        elif kind in ("Returns", "Source"):
            result += [f"{kind}:", *indent(inline(inspect.cleandoc("\n".join(["", *block])), module)), ""]
        elif kind == "item":
            result += ["- " + inline("\n".join(block)[2:], module).replace("\n", "\n  "), ""]
        else:
            result += [*block, ""]
        if drawn:
            result += [line for n in drawn for line in equation(n)]
            drawn = ()
    return "\n".join(result).split("\n")


def indent(text):
    return [f"    {line}" for line in text.split("\n")]


def equation(n):
    """Equation (n), drawn, with the place that links lead to."""
    lines = [".. container:: equation", f"   :name: eq-{n}", ""]
    for tex in EQUATIONS[n]:
        lines += ["   .. math::", "", f"      {tex}", ""]
    return [*lines, f"   \\({n})", ""]


def convert(app, what, name, found, options, lines):
    """What autodoc calls for each docstring, before napoleon."""
    module = found if what == "module" else sys.modules.get(getattr(found, "__module__", None))
    names = []
    if what in ("function", "method", "class"):
        try:
            names = list(inspect.signature(found).parameters)
        except ValueError:  # a class without a signature
            names = []
    lines[:] = rest(list(lines), module, names, named(docstrings(found)) if what == "module" else ())


def dashed(app, doctree):
    """The two hyphens that Sphinx sets between a name and what it is, as a dash."""
    for text in list(doctree.findall(nodes.Text)):
        if text.startswith(" -- "):
            text.parent.replace(text, nodes.Text(text.replace(" -- ", " – ", 1)))


def classes_by_name(app, what, name, found, options, signature, returned):
    """A default that is a class by its name: Classes, not <class 'minigpt.answers.Classes'>."""
    return re.sub(r"<class '[\w.]*?(\w+)'>", r"\1", signature or "") or None, returned


def docstrings(module):
    """All that the module's docstrings say, its functions' and classes' own too."""
    found = [module]
    for member in [module, *own(module)]:
        found += [member, *(vars(member).values() if inspect.isclass(member) else ())]
    return "\n".join(text for text in (getattr(member, "__doc__", None) for member in found) if isinstance(text, str))


def own(module):
    """The functions and classes that a module defines."""
    members = [member for name, member in vars(module).items() if not name.startswith("_")]
    return [m for m in members if getattr(m, "__module__", None) == module.__name__ and callable(m)]


def skip(app, what, name, found, skipped, options):
    """Only what has a signature: constants and a data class's defaults stand in the source, a click away."""
    return True if not callable(found) and not isinstance(found, property) else None


def setup(app):
    app.connect("autodoc-process-docstring", convert, priority=400)  # napoleon has 500
    app.connect("autodoc-process-signature", classes_by_name)
    app.connect("doctree-read", dashed)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
