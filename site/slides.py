"""`make slides`: each lesson as reveal.js slides, in English and Chinese, from the notebook itself.

A heading begins a slide to the right; what follows goes below it: a cell of text, at most 15 lines of code, an output.
A slide that is still too high is drawn smaller, never cut. The answers to the questions, and cells tagged `notes`, are
speaker notes (press s). One folder, build/slides: nothing in it asks for the network.
"""

import html
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / "build" / "slides"
sys.path.insert(0, str(ROOT))
from minigpt.grading.mathml import mathml  # noqa: E402

LINES = 15  # of code or printed text on one slide
FORMATTER = HtmlFormatter(nowrap=True)
DETAILS = re.compile(r"<details>.*?</summary>(.*?)</details>", re.DOTALL)


def draw(tex, options):
    return mathml(tex, display=options["display_mode"])


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").use(dollarmath_plugin, renderer=draw)


def slides_of(notebook):
    """A lesson as a list of columns, each a list of slides (HTML)."""
    columns = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "notes" in cell.metadata.get("tags", []) and columns:
            columns[-1].append((0, f'<aside class="notes">{MARKDOWN.render(cell.source)}</aside>'))
            continue
        if cell.cell_type == "markdown":
            parts = [(weight(part), text_slide(part)) for part in paragraphs(cell.source)]
        else:
            parts = [(1 + piece.count("\n"), code_slide(piece)) for piece in pieces(cell.source)]
            parts += [part for output in cell.outputs for part in output_slides(output)]
        if not columns or (cell.cell_type == "markdown" and cell.source.startswith("#")):
            columns.append([])
        columns[-1] += parts
    return [packed(column) for column in columns]


def packed(parts):
    """Parts (lines, HTML) of a column on as few slides as hold them in their order: LINES lines each, or one part."""
    slides, room = [], 0
    for lines, drawn in parts:
        if slides and lines <= room:
            slides[-1] += drawn
        else:
            slides.append(drawn)
            room = LINES
        room -= lines
    return slides


def weight(source):
    """How many lines a text takes, about: 70 characters a line, a Chinese one counting double, more for a formula."""
    lines = 0
    for block in DETAILS.sub("", source).split("\n\n"):
        lines += 1 + width(block) // 70 + 2 * block.startswith(("$$", "|", "#"))
    return lines


def width(text):
    """Its characters, a Chinese one counting double."""
    return sum(2 if ord(c) > 0x2E80 else 1 for c in text)


def text_slide(source):
    """Markdown as a slide; folded answers become notes."""
    notes = "".join(DETAILS.findall(source))
    aside = f'<aside class="notes">{MARKDOWN.render(notes)}</aside>' if notes else ""
    return f'<div class="text">{MARKDOWN.render(DETAILS.sub("", source))}</div>{aside}'


def paragraphs(source, most=900):
    """A long text in parts of at most about `most` characters (a Chinese one counts as two), cut between paragraphs."""
    parts, size = [[]], 0
    answers = source.find("<details>")
    body, folded = (source[:answers], source[answers:]) if answers >= 0 else (source, "")
    for block in body.split("\n\n"):
        if size + width(block) > most and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(block)
        size += width(block)
    texts = ["\n\n".join(part) for part in parts]
    texts[-1] += folded
    return texts


def pieces(source):
    """Code in pieces of at most LINES lines, cut at a blank line where there is one."""
    lines, found = source.split("\n"), []
    while len(lines) > LINES:
        blank = [n for n in range(5, LINES + 1) if not lines[n].strip()]
        cut = blank[-1] if blank else LINES
        found.append("\n".join(lines[:cut]).strip("\n"))
        lines = lines[cut:]
        while lines and not lines[0].strip():
            lines = lines[1:]
    return [*found, "\n".join(lines)]


def code_slide(source):
    return f'<pre class="code"><code>{highlight(source, PythonLexer(stripnl=False), FORMATTER)}</code></pre>'


def output_slides(output):
    """A picture, or printed text in parts."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = data["image/png"].replace("\n", "")
        alt = html.escape(str(output.metadata.get("image/png", {}).get("alt", "")))
        return [(LINES - 4, f'<img src="data:image/png;base64,{picture}" alt="{alt}">')]
    text = output.get("text", data.get("text/plain", ""))
    told = [piece for piece in pieces(text.rstrip("\n")) if piece.strip()]
    return [(1 + piece.count("\n"), f'<pre class="output">{html.escape(piece)}</pre>') for piece in told]


def page(lesson, language):
    """One lesson's page."""
    notebook = nbformat.read(lesson, as_version=4)
    title = notebook.cells[0].source.split("\n")[0].strip("# ")
    body = "\n".join(
        "<section>" + "".join(f"<section>{slide}</section>" for slide in column) + "</section>"
        for column in slides_of(notebook)
    )
    style = HtmlFormatter().get_style_defs("pre.code")
    template = (HERE / "templates" / "slides.html").read_text(encoding="utf-8")
    values = {"LANGUAGE": language, "TITLE": html.escape(title), "STYLE": style, "BODY": body}
    return re.sub(r"@(LANGUAGE|TITLE|STYLE|BODY)@", lambda match: values[match[1]], template)


def contents():
    """The page that lists the decks."""
    decks = [path.name.removesuffix(".en.html") for path in sorted(OUT.glob("*.en.html"))]
    rows = "".join(f'<li>{n}: <a href="{n}.en.html">English</a> · <a href="{n}.zh.html">中文</a></li>' for n in decks)
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>minigpt</title><h1>minigpt</h1>'
    return f"{head}<ul>{rows}</ul></html>"


def reveal():
    """The folder of reveal.js, which the package sphinx-revealjs carries."""
    found = importlib.util.find_spec("sphinx_revealjs")
    if found is None:
        raise SystemExit("reveal.js is missing: pip install '.[book]'")
    return next(Path(found.origin).parent.rglob("reveal.js")).parent.parent


def main():
    if OUT.exists():
        shutil.rmtree(OUT)
    OUT.mkdir(parents=True)
    source = reveal()
    for name in ("dist/reveal.js", "dist/reveal.css", "dist/theme/white.css", "plugin/notes/notes.js"):
        place = OUT / "reveal" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        text = (source / name).read_text(encoding="utf-8")
        place.write_text(re.sub(r"@import url\([^)]*\);", "", text), encoding="utf-8")  # fonts of the system do
    for language, name in (("en", "lesson.ipynb"), ("zh", "lesson.zh.ipynb")):
        for lesson in sorted((ROOT / "chapters").glob(f"[0-9][0-9]_*/{name}")):
            path = OUT / f"{lesson.parent.name}.{language}.html"
            path.write_text(page(lesson, language), encoding="utf-8")
    (OUT / "index.html").write_text(contents(), encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}: {len(list(OUT.glob('*.html')))} decks")


if __name__ == "__main__":
    main()
