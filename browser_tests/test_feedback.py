"""What the grader writes, as a browser shows it: on a desk and on a phone, in light and dark, without the network."""

import sys

import pytest
from conftest import ROOT, Tab

sys.path.insert(0, str(ROOT / "tests"))
from school import grade, hand_in, notebook, solutions

from minigpt.grading.clean import page
from minigpt.grading.mathml import drawn

WIDE = "$" + "+".join(f"x_{{{n}}}" for n in range(60)) + "$"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """{name: path} of a class's pages, and of one of nbgrader's kind with a formula that is wider than a phone."""
    folder, right = tmp_path_factory.mktemp("class"), solutions()
    wrong = right | {"q02_1": right["q02_1"].replace("q @ k.T / np.sqrt(d_k)", "q @ k.T")}
    files = {"a/x.ipynb": notebook(right), "b/x.ipynb": notebook(wrong), "c/x.ipynb": b"{", "d/x.ipynb": notebook({})}
    hand_in(folder / "in", files)
    grade(folder, ["a", "b", "c", "d"])
    formula = folder / "out" / "formula.html"
    formula.write_text(page("formula", f"<p>{drawn(f'${WIDE}$')}</p>", ""), encoding="utf-8")
    return {path.stem: path for path in (folder / "out").rglob("*.html")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["a", "b", "c", "d", "summary", "formula"])
def test_a_page_fits_and_asks_nobody(pages, browser, name, width, scheme):
    tab = Tab(browser, width=width)
    tab.page.emulate_media(color_scheme=scheme)
    opened = tab.open(pages[name])
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.inner_text("body").strip() and tab.foreign == [] and tab.errors == []
    tab.page.close()


def test_a_formula_that_is_not_held_is_found(pages, browser, tmp_path):
    loose = (
        pages["formula"].read_text(encoding="utf-8").replace("max-width: 100%", "").replace("overflow: auto", "x: y")
    )
    (tmp_path / "loose.html").write_text(loose, encoding="utf-8")
    with pytest.raises(AssertionError):
        test_a_page_fits_and_asks_nobody({"formula": tmp_path / "loose.html"}, browser, "formula", 390, "light")
