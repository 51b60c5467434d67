"""The deck's source, and formulas as MathML: without a browser."""

import re
import sys

import nbformat
import pytest
from conftest import ROOT

pytest.importorskip("latex2mathml", reason="latex2mathml is missing: pip install '.[book]'")
sys.path.insert(0, str(ROOT / "site"))
import figures
import slides

from minigpt.grading.mathml import drawn, mathml

NOTEBOOKS = sorted((ROOT / "chapters").glob("*/*.ipynb"))


WORDS, LINES = 40, 8  # that a slide shows at most
DECKS = {language: [slide for column in slides.read(language) for slide in column] for language in slides.WORDS}


def test_both_decks_have_the_same_slides():
    told = {
        language: [(s.level, s.minutes, s.lengths, s.lesson, re.findall(r"(?m)^@(\w+ [\w.]+)", s.body)) for s in deck]
        for language, deck in DECKS.items()
    }
    main = len(slides.read("en"))
    assert told["en"] == told["zh"] and 30 <= main <= 40 and len(told["en"]) <= 50


def test_the_minutes_are_those_of_the_lecture():
    for length in slides.LENGTHS:
        minutes = sum(int(s.minutes) for s in DECKS["en"] if length in s.lengths.split())
        assert int(length) - 2 <= minutes <= int(length)


@pytest.mark.parametrize("language", slides.WORDS)
def test_a_slide_has_one_idea_and_a_speaker_has_notes(language):
    for slide in DECKS[language]:
        assert slide.words() <= WORDS, (slide.title, slide.words())
        shown = re.findall(r"(?m)^@(?!beside)(\w+)", slide.body)
        assert len(shown) <= 1 or shown == ["figure", "boxes"], slide.title  # a format, and an example of it
        assert len(slide.note) > 8, slide.title
        for name in re.findall(r"(?m)^@code (.*)$", slide.body):
            code = re.sub("<[^>]*>", "", slides.code(name)).strip()
            assert code.count("\n") < LINES, (slide.title, code)


def test_a_number_comes_from_the_results_or_not_at_all():
    assert re.fullmatch(r"\d+", slides.filled("{{pre-trained.single_text}}"))
    with pytest.raises(SystemExit, match="accuracy of everything"):
        slides.filled("{{accuracy of everything}}")


def test_readme_says_what_the_rule_gets():
    """The rule "the latest place or person named", on the single texts that the stored seeds were tested on."""
    latest = slides.filled("{{latest}}%")
    for page in ("README.md", "README.zh.md", "docs/results.md"):
        assert latest in (ROOT / page).read_text(encoding="utf-8"), page


def test_the_limits_catch():
    """A slide with 41 words, and one without a title."""
    assert slides.Slide("## Long\n:: 1 | 90\n\n" + "word " * 41 + "\nNote: n").words() == 41
    with pytest.raises(SystemExit, match="begins with"):
        slides.Slide("no title\n")


def steps(figure, language):
    return set(re.findall(r'data-fragment-index="(\d)"', figures.svg(figure, "", language)))


def test_a_term_comes_with_the_part_of_the_figure_beside_it():
    """`\\step` and a figure's steps are fragments with the same numbers; without a + all of a figure stands there."""
    drawn = slides.formula(r"\step{2}{\blue{h}} + \sum_{t=1}^T \orange{\sum_{t=1}^T x}", True)
    assert '<mstyle class="fragment" data-fragment-index="2"><mrow><mstyle class="blue">' in drawn
    assert drawn.count("<munderover>") == 2 and "mathcolor" not in drawn
    assert steps("model+", "en") == {"1", "2", "3"} and not steps("model", "en")


@pytest.mark.parametrize("language", slides.WORDS)
def test_equations_and_figures_have_the_same_steps(language):
    """A term that comes later comes with a part of the figure; one more step, such as a sum, may follow."""
    for slide in DECKS[language]:
        figure = re.search(r"@figure (\w+\+)", slide.body)
        told = set(re.findall(r"\\step\{(\d)\}", slide.body))
        if figure and told:
            shown = steps(figure[1], language)
            assert told <= shown | {str(int(max(shown)) + 1)}, slide.title


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
