"""`make slides`: the lecture as a reveal.js deck, in English and Chinese, from `lecture/deck.*.md`.

    ---                 a new slide            --                  a deeper slide below it
    # title             of a part              ## title            of a slide, a sentence
    :: 3 | 15 45 90 | (1) | 01                 minutes, the lengths that have it, equation, lesson
    @figure name: what it shows                @figure a b: two of them side by side
    @figure name+: ...  its parts come one after the other
    @boxes single_text  an example's sequences @live inside=...    a view of the explorer
    @beside             what follows stands at the right of what precedes
    >> text             shown when asked for, or >>2 text with the second part
    @code minigpt.loss.log_loss                a function of the package
    $\\blue{h} \\step{2}{W}$                   a term in a figure's colour, and one that comes with its second part
    {{pre-trained.single_text}}                a number of the stored results, see results.py
    Note: what to say, what to ask, and what students usually answer

`?length=45` or `15` is the shorter lecture. One folder, build/slides: nothing in it asks for the network.
"""

import html
import importlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT, LECTURE = ROOT / "build" / "slides", ROOT / "lecture"
sys.path[:0] = [str(HERE), str(ROOT)]
import figures  # noqa: E402
import results  # noqa: E402

from minigpt.grading.mathml import mathml  # noqa: E402
from minigpt.pictures import look  # noqa: E402
from minigpt.pictures.explorer import page  # noqa: E402
from minigpt.pictures.notebook import source  # noqa: E402

WORDS = {
    "en": {"lesson": "lesson", "equation": "eq.", "minutes": "min", "lengths": "Lengths"},
    "zh": {"lesson": "第 {} 课", "equation": "式", "minutes": "分钟", "lengths": "长度"},
}
LENGTHS = ("90", "45", "15")
BAND = f' data-background-color="{look.BLUE}"'
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=lambda tex, options: formula(tex, options["display_mode"]))
FORMATTER = HtmlFormatter(nowrap=True)


def formula(tex, display):
    """TeX as MathML, its terms in the figures' colours or shown step by step."""
    tex = re.sub(r"\\(blue|green|orange|violet|grey)\{", r"\\textcolor{\1}{", tex)
    tex = re.sub(r"\\step\{(\d)\}\{", r"\\textcolor{step\1}{", tex)
    drawn = mathml(tex, display)
    if display:  # a sum inside a colour keeps its limits below and above
        drawn = re.sub(r"<msubsup>(<mo>&#x02211;</mo>.*?)</msubsup>", r"<munderover>\1</munderover>", drawn)
    drawn = re.sub(r'mathcolor="step(\d)"', r'class="fragment" data-fragment-index="\1"', drawn)
    return re.sub(r'mathcolor="(\w+)"', r'class="\1"', drawn)


class Slide:
    """One slide of the source: its title, what stands under it, its notes."""

    def __init__(self, text):
        text, _, self.note = text.strip().partition("\nNote: ")
        lines = text.split("\n")
        self.level, self.title = lines[0].count("#", 0, 2), lines[0].lstrip("# ")
        fields = lines[1].removeprefix("::").split("|") if len(lines) > 1 and lines[1].startswith("::") else []
        self.minutes, lengths, self.equation, self.lesson = [
            field.strip() for field in [*fields, *["", "", "", ""]][:4]
        ]
        self.lengths = lengths or "90"
        self.body = "\n".join(lines[2:] if fields else lines[1:]).strip()
        if self.level not in (1, 2) or not self.title:
            raise SystemExit(f"a slide begins with # or ## and a title, not {lines[0]!r}")

    def words(self):
        """How many words it shows, without title, figures and code; two Chinese characters count as one."""
        text = re.sub(r"(?m)^@(figure|boxes|live|code|beside).*$|\$\$?[^$]*\$\$?|[|>*`-]", " ", self.body)
        return len(re.findall(r"[A-Za-z0-9'’.,%()]+", text)) + len(re.findall(r"[\u3400-\u9fff]", text)) / 2


def read(language):
    """A deck's source as columns of slides."""
    text = (LECTURE / f"deck.{language}.md").read_text(encoding="utf-8")
    return [[Slide(part) for part in re.split(r"(?m)^--$", column)] for column in re.split(r"(?m)^---$", text)]


def filled(text):
    """Numbers put into a text."""

    def number(found):
        if found[1] not in results.numbers():
            raise SystemExit(f"the deck asks for the number {found[1]!r}, which results.py does not know")
        return results.numbers()[found[1]]

    return re.sub(r"{{([a-z][^{}]*)}}", number, text)


def drawn(body, language):
    """The body of a slide as HTML."""
    left, beside, right = body.partition("\n@beside\n")
    if beside:
        return f'<div class="two"><div>{drawn(left, language)}</div><div>{drawn(right, language)}</div></div>'
    pieces = []
    for block in re.split(r"\n\s*\n", body.strip()):
        if block.startswith("@figure "):
            names, _, alt = block.removeprefix("@figure ").partition(": ")
            drawings = [figures.svg(name, alt, language) for name in names.split()]
            pieces.append(f'<div class="pair">{"".join(drawings)}</div>' if len(drawings) > 1 else drawings[0])
        elif block.startswith("@boxes "):
            pieces.append(figures.boxes(block.removeprefix("@boxes ")))
        elif block.startswith("@live "):
            address = html.escape(f"explorer.{language}.html#{block.removeprefix('@live ')}&lang={language}&bare=1")
            pieces.append(f'<iframe class="live" data-src="{address}" title="explorer"></iframe>')
        elif block.startswith("@code "):
            pieces.append(code(block.removeprefix("@code ")))
        elif block.startswith(">>"):
            step, _, text = block.removeprefix(">>").partition(" ")
            place = f' data-fragment-index="{step}"' if step else ""
            pieces.append(f'<div class="fragment"{place}>{MARKDOWN.render(filled(text))}</div>')
        elif block:
            pieces.append(MARKDOWN.render(filled(block)))
    return "".join(pieces)


def code(name):
    """A function's source, as the package has it."""
    module, _, function = name.rpartition(".")
    text = source(getattr(importlib.import_module(module), function))
    return f'<pre class="code"><code>{highlight(text, PythonLexer(), FORMATTER)}</code></pre>'


def section(slide, part, language):
    words = WORDS[language]
    lesson = words["lesson"].format(slide.lesson) if "{}" in words["lesson"] else f"{words['lesson']} {slide.lesson}"
    foot = [part, f"{words['equation']} {slide.equation}" if slide.equation else "", lesson if slide.lesson else ""]
    told = f"{slide.minutes} {words['minutes']}. " if slide.minutes else ""
    heading = f"<h{slide.level}>{MARKDOWN.renderInline(filled(slide.title))}</h{slide.level}>"
    return (
        f'<section data-length="{slide.lengths}" class="level{slide.level}"{BAND if slide.level == 1 else ""}>{heading}'
        f'<div class="body">{drawn(slide.body, language)}</div>'
        f"<footer>{' · '.join(piece for piece in foot if piece)}</footer>"
        f'<aside class="notes">{MARKDOWN.render(told + filled(slide.note))}</aside></section>'
    )


def deck(language):
    """The deck's page."""
    part, columns = "", []
    for column in read(language):
        if column[0].level == 1:
            part = column[0].title
        slides = "".join(section(slide, part, language) for slide in column)
        columns.append(f'<section data-length="{column[0].lengths}">{slides}</section>' if len(column) > 1 else slides)
    theme = page.colours(":root") + (LECTURE / "theme.css").read_text(encoding="utf-8")
    values = {
        "LANGUAGE": language,
        "TITLE": html.escape(read(language)[0][0].title),
        "STYLE": theme + FORMATTER.get_style_defs("pre.code"),
        "BODY": "\n".join(columns),
    }
    template = (HERE / "templates" / "slides.html").read_text(encoding="utf-8")
    return re.sub(r"@(LANGUAGE|TITLE|STYLE|BODY)@", lambda match: values[match[1]], template)


def contents():
    """The page that leads to the decks."""
    rows = "".join(
        f'<li lang="{language}"><b>{html.escape(read(language)[0][0].title)}</b>: '
        + ", ".join(
            f'<a href="deck.{language}.html?length={length}">{length} {WORDS[language]["minutes"]}</a>'
            for length in LENGTHS
        )
        + f' · <a href="explorer.{language}.html">explorer</a></li>'
        for language in WORDS
    )
    style = "<style>body{font:20px/1.8 system-ui,sans-serif;margin:3em auto;max-width:40em;padding:0 1em}</style>"
    head = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>minigpt</title>{style}<h1>minigpt</h1>'
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
    carried = reveal()
    for name in ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js"):
        place = OUT / "reveal" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(carried / name, place)
    for language in WORDS:
        (OUT / f"deck.{language}.html").write_text(deck(language), encoding="utf-8")
        page.write(results.BODY, OUT / f"explorer.{language}.html", language)
    (OUT / "index.html").write_text(contents(), encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
