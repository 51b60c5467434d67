"""The glossary as a page whose terms have places, and, as a Sphinx extension, links to them from a lesson's first use.

    GLOSSARY.md, a row      ->  the term in both languages, its sentence in both, its lesson
    a lesson's text         ->  the first time a term is used there, in the page's language, it is a link

No link in code, headings, formulas or other links; none in a lesson before the term's own.
"""

import re
from functools import cache
from pathlib import Path

from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
TITLES = {"en": ("Glossary", " (lesson {})"), "zh": ("术语表", "（第 {} 课）")}
# Also everyday words, or a term's name for two things: a link would as often be wrong as right.
AMBIGUOUS = {"value", "key", "head", "similarity"}


@cache
def glossary():
    """The rows of GLOSSARY.md: {"en": [terms], "zh": [terms], "says": {language: sentence}, "lessons": [..]}."""
    rows = []
    for line in (ROOT / "chapters" / "GLOSSARY.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| English"):
            english, chinese, sentence, lessons = (field.strip() for field in line.strip("|").split(" | "))
            en, _, zh = sentence.partition(" · ")
            terms = {"en": english.split(", "), "zh": chinese.split("，")}
            rows.append({**terms, "says": {"en": en, "zh": zh or en}, "lessons": lessons.split(", ")})
    return rows


def page(lessons, code):
    """The glossary in Markdown; `lessons` are the names of the lessons' pages, by number."""
    title, lesson = TITLES[code]
    other = {"en": "zh", "zh": "en"}[code]
    lines = [f"# {title}", "", "```{glossary}"]
    for row in glossary():
        links = ", ".join(f"[{number}]({lessons[int(number)]}.ipynb)" for number in row["lessons"])
        says = dict.fromkeys([row["says"][code], row["says"][other]])  # one where both languages say the same
        lines += [*row[code], f"  {' · '.join(row[other])}{lesson.format(links)}", ""]
        lines += [line for sentence in says for line in (f"  {sentence}", "")]
    return "\n".join([*lines, "```", ""])


def pattern(code, lesson):
    """What finds the terms of a language, and {term: row} of those that lesson may link.

    A longer term hides the shorter one inside it, also where it comes in a later lesson.
    """
    rows = {term: row for row in glossary() for term in row[code]}
    terms = sorted(rows, key=len, reverse=True)
    both = "|".join(rf"\b{re.escape(t)}s?\b" if code == "en" else re.escape(t) for t in terms)
    known = {
        term: row
        for term, row in rows.items()
        if int(row["lessons"][0]) <= lesson and term not in AMBIGUOUS and len(term) > 1
    }
    return re.compile(both, re.IGNORECASE), known


def free(node):
    """Whether a text may hold a link: running text, nothing else."""
    held = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.caption, nodes.figure)
    while node is not None:
        if isinstance(node, (*held, nodes.raw, nodes.topic)) or "cell_output" in getattr(node, "attributes", {}).get(
            "classes", ()
        ):
            return False
        node = node.parent
    return True


def link(app, doctree, docname):
    """Link the first use of each term in a lesson to the glossary."""
    if not re.match(r"\d\d_", docname):
        return
    code = {"en": "en", "zh_CN": "zh"}[app.config.language]
    find, known = pattern(code, int(docname[:2]))
    places = app.env.get_domain("std")._terms
    for text in list(doctree.findall(nodes.Text)):
        if not free(text.parent):
            continue
        pieces, at = [], 0
        for found in find.finditer(text):
            term = next((t for t in (found[0].lower(), found[0].lower().removesuffix("s")) if t in known), None)
            if term is None:
                continue
            row = known.pop(term)
            page, place = places[row[code][0].lower()]
            pieces += [nodes.Text(text[at : found.start()])]
            pieces += [reference(found[0], f"{app.builder.get_relative_uri(docname, page)}#{place}", row["says"][code])]
            at = found.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[at:])])


def reference(word, address, sentence):
    plain = sentence.replace("`", "")
    return nodes.reference("", word, refuri=address, internal=True, reftitle=plain, classes=["term"])


def setup(app):
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
