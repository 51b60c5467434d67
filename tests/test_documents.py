"""README in both languages, and docs: links lead to files, commands and lessons agree, what is named is there."""

import re
from urllib.parse import unquote

import pytest
from test_packaging import not_there, text
from test_structure import ROOT

READMES = ["README.md", "README.zh.md"]
DOCS = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
PAGES = [*READMES, *DOCS, "chapters/README.md", "CONTRIBUTING.md"]
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors(document):
    """What `#...` may name: a heading in small letters, without signs, with - for each space."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document, name):
    """The links and pictures of a document, standing at `name`, that lead to no file or no heading of the project."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", document))
    found = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    lacking = []
    for link in found:
        if re.match(r"https?://", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        place = ((ROOT / name).parent / file) if file else ROOT / name
        there = place.exists() and ROOT in [place.resolve(), *place.resolve().parents]
        if there and anchor and place.suffix == ".md":
            there = anchor in anchors(place.read_text(encoding="utf-8") if file else document)
        if not there:
            lacking.append(link)
    return lacking


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    assert broken(text(name), name) == []


@pytest.mark.parametrize("wrong", ["[a](docs/gone.md)", "![a](docs/loss.png)", '<img src="gone.png">', "[a](#gone)"])
def test_a_link_to_nothing_is_noticed(wrong):
    document = f"# Title\n\n[t](#title) [r](docs/README.md) {wrong}\n"
    assert len(broken(document, "README.md")) == 1
    assert "README.zh.md" in broken("[a](README.zh.md)", "docs/results.md")  # a link is read from where its page stands


def commands(readme):
    """The lines of its blocks of code, without what they say after `#`."""
    blocks = [block.splitlines()[1:-1] for block in FENCE.findall(readme)]
    return [[re.sub(r"\s+#.*", "", line) for line in block] for block in blocks]


def test_both_languages_give_the_same_commands():
    english, chinese = (text(name) for name in READMES)
    assert commands(english)[0] == ["make run", "make test"]
    assert commands(english) == commands(chinese)
    assert commands(english) != commands(chinese.replace("--homework 02", "--homework 03"))
    assert text("README.md").splitlines()[0].endswith("(README.zh.md)")
    assert text("README.zh.md").splitlines()[0].startswith("[English](README.md)")


def lessons(document, ending, place=""):
    """(folder, equations, minutes) of each row of a table of lessons."""
    rows = [line for line in document.splitlines() if line.startswith("| [") and ending in line]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    folders = [re.search(rf"\({place}(\w+)/{re.escape(ending)}\)", row)[1] for row in rows]
    return [(folder, re.findall(r"\d", row[-2]), row[-1]) for folder, row in zip(folders, cells, strict=True)]


def test_the_tables_of_lessons_agree():
    english = lessons(text("README.md"), "lesson.ipynb", "chapters/")
    folders = sorted(path.parent.name for path in ROOT.glob("chapters/*/lesson.ipynb"))
    assert [folder for folder, *_ in english] == folders
    assert english == lessons(text("README.zh.md"), "lesson.zh.ipynb", "chapters/")
    # the third table has two columns more: how long a lesson runs, and its modules
    third = re.sub(r"^(\| \[.*\|)[^|]*\|[^|]*\|$", r"\1", text("chapters/README.md"), flags=re.MULTILINE)
    assert english == lessons(third, "lesson.ipynb")
    wrong = text("README.zh.md").replace("| (2) | 45 |", "| (2) | 40 |")
    assert english != lessons(wrong, "lesson.zh.ipynb", "chapters/")


def test_the_index_has_every_document():
    linked = re.findall(r"\]\(([\w.-]+\.md)\)", text("docs/README.md"))
    assert sorted(["README.md", *linked]) == [name.removeprefix("docs/") for name in DOCS]


@pytest.mark.parametrize("name", [*READMES, *DOCS])
def test_what_a_page_names_is_there(name):
    written = {"nbgrader_config.py", "batch.json", "grades/batch.json", "checkpoint.json"}  # by the commands
    assert set(not_there(text(name))) <= written
