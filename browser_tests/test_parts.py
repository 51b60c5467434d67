"""How a notebook becomes slides, and formulas MathML: without a browser."""

import re
import sys

import nbformat
import pytest
from conftest import ROOT

pytest.importorskip("latex2mathml", reason="latex2mathml is missing: pip install '.[book]'")
sys.path.insert(0, str(ROOT / "site"))
import slides

from minigpt.grading.mathml import drawn, mathml

NOTEBOOKS = sorted((ROOT / "chapters").glob("*/*.ipynb"))


@pytest.mark.parametrize("n", [1, 15, 16, 34, 60])
def test_code_is_cut_into_pieces_that_fit_and_nothing_is_lost(n):
    source = "\n".join(f"line_{i}" if i % 7 else f"line_{i}\n" for i in range(n))
    found = slides.pieces(source)
    assert all(len(piece.split("\n")) <= slides.LINES for piece in found)
    assert re.findall(r"line_\d+", "\n".join(found)) == [f"line_{i}" for i in range(n)]


def test_parts_share_a_slide_while_there_is_room():
    assert slides.packed([(5, "a"), (9, "b"), (2, "c"), (20, "d"), (1, "e")]) == ["ab", "c", "d", "e"]


def test_long_text_is_cut_between_paragraphs_and_answers_stay_whole():
    source = (
        "\n\n".join("x" * 400 for _ in range(5)) + "\n\n<details><summary>A</summary>\n\n1. one\n\n2. two\n</details>"
    )
    found = slides.paragraphs(source)
    assert len(found) == 3 and found[-1].count("<details>") == 1 and "2. two" in found[-1]
    assert '<aside class="notes">' in slides.text_slide(found[-1]) and "one" not in slides.text_slide(found[0])


def test_a_cell_tagged_notes_is_told_to_the_speaker_only():
    cells = [
        nbformat.v4.new_markdown_cell("## A"),
        nbformat.v4.new_markdown_cell("say this", metadata={"tags": ["notes"]}),
    ]
    ((slide,),) = slides.slides_of(nbformat.v4.new_notebook(cells=cells))
    assert re.search(r'<aside class="notes">.*say this.*</aside>', slide, re.DOTALL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_formula_keeps_a_command(path):
    """latex2mathml leaves what it does not know as text."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for formula in re.findall(r"<math.*?</math>", drawn(cell.source), re.DOTALL):
                assert not re.search(r"\\[a-zA-Z]+", formula), formula


def test_the_markers_are_text_not_tags():
    assert "&lt;s&gt;" in mathml(r"\texttt{<s>}\ x\ \texttt{\$}") and "<mtext>$</mtext>" in mathml(r"\texttt{\$}")
    assert not re.search(r"\\unknown", mathml("x")) and re.search(r"\\unknown", mathml(r"\unknown x"))
