"""The book and the slides: nothing from elsewhere, no error, no raw TeX, no box for a character, no overflow."""

import re
import sys
from itertools import pairwise

import pytest
from conftest import ROOT

RAW = re.compile(r"\$\$|\\(frac|sum|text|partial|log|mathbb|theta)\b")
TEXT = """() => {  // what a reader sees, code left out
    const copy = document.body.cloneNode(true);
    copy.querySelectorAll('pre, code, script, style, annotation').forEach(e => e.remove());
    return copy.textContent;
}"""
DRAWN = """c => {  // the pixels of one character
    const canvas = document.createElement('canvas'); canvas.width = canvas.height = 40;
    const context = canvas.getContext('2d'); context.font = '32px sans-serif'; context.fillText(c, 2, 34);
    return context.getImageData(0, 0, 40, 40).data.join();
}"""


def healthy(tab):
    assert tab.foreign == [], tab.foreign
    assert tab.errors == [], tab.errors
    assert not RAW.search(tab.page.evaluate(TEXT)), RAW.search(tab.page.evaluate(TEXT))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_of_the_book(book, tab, language):
    pages = sorted((book / language).glob("*.html"))
    assert len(pages) > 50
    for path in pages:
        tab.open(path)
        healthy(tab)
        for box in tab.page.query_selector_all("math"):
            assert box.bounding_box() is None or box.bounding_box()["height"] > 0, path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_language_switch_leads_to_the_same_page_and_back(book, tab, language):
    other = {"en": "zh", "zh": "en"}[language]
    page = tab.open(book / language / "02_attention_numpy.html")
    page.click(f"a[lang={other}]")
    assert page.url.endswith(f"/{other}/02_attention_numpy.html")
    page.click(f"a[lang={language}]")
    assert page.url.endswith(f"/{language}/02_attention_numpy.html")


@pytest.mark.parametrize(
    ("language", "word"), [("en", "perplexity"), ("zh", "困惑度"), ("zh", "掩码"), ("zh", "attention")]
)
def test_search_finds(book, tab, language, word):
    page = tab.open(f"{(book / language / 'search.html').as_uri()}?q={word}")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    healthy(tab)


def test_a_phone_shows_a_page_without_scrolling_sideways(book, browser):
    from conftest import Tab

    phone = Tab(browser, width=390, height=844)
    for name in ("index", "02_attention_numpy", "07_single_text", "minigpt.attention"):
        for language in ("en", "zh"):
            page = phone.open(book / language / f"{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= 395, (language, name)
    phone.page.close()


@pytest.mark.parametrize("width", [360, 1280, 1920])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_header_is_whole(book, browser, language, width):
    """Its parts stand in one line, none over another, none cut off; the first page shows a model alive."""
    from conftest import Tab

    tab = Tab(browser, width=width, height=900)
    for name in ("index", "04_forward_pass", "minigpt.attention"):
        page = tab.open(book / language / f"{name}.html")
        boxes = [
            box.bounding_box()
            for box in page.query_selector_all(".bd-header-article .btn")
            if box.is_visible() and box.bounding_box()
        ]
        boxes.sort(key=lambda box: box["x"])
        assert len(boxes) >= 4 and min(box["y"] for box in boxes) >= 0, (name, boxes)
        middles = [box["y"] + box["height"] / 2 for box in boxes]
        assert max(middles) - min(middles) < 10, (name, boxes)
        assert all(a["x"] + a["width"] <= b["x"] + 1 for a, b in pairwise(boxes)), (name, boxes)
        assert boxes[-1]["x"] + boxes[-1]["width"] <= width
    page = tab.open(book / language / "index.html")
    page.frame_locator("iframe.explorer").locator(".bar.pretrained").first.wait_for(timeout=30_000)
    healthy(tab)
    tab.page.close()


def test_chinese_characters_are_drawn(book, tab):
    tab.open(book / "zh" / "index.html")
    missing = tab.page.evaluate(DRAWN, "\U0002fffe")  # no font has this one
    for character in "预训练注意力":
        assert tab.page.evaluate(DRAWN, character) != missing, f"{character} is a box: install fonts-noto-cjk"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_slide(slides, tab, language):
    """Go through the deck: each slide fits the page, drawn no smaller than 0.8, below its title."""
    page = tab.open(slides / f"deck.{language}.html")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    seen = 0
    while True:
        while page.evaluate("Reveal.availableFragments().next"):
            page.evaluate("Reveal.nextFragment()")
        slide = page.evaluate(
            """() => {
            const s = Reveal.getCurrentSlide(), body = s.querySelector('.body').getBoundingClientRect();
            const inside = [...s.querySelectorAll('.body > *')].map(e => e.getBoundingClientRect());
            return {scale: parseFloat(s.dataset.scale), title: s.querySelector('h1, h2').textContent,
                    head: s.querySelector('h1, h2').getBoundingClientRect().bottom,
                    foot: s.querySelector('footer').getBoundingClientRect().top,
                    top: Math.min(...inside.map(b => b.top)), bottom: Math.max(...inside.map(b => b.bottom)),
                    right: Math.max(...inside.map(b => b.right))};
        }"""
        )
        assert slide["scale"] >= 0.8 and slide["right"] <= 1281, slide
        assert slide["head"] <= slide["top"] + 1 and slide["bottom"] <= slide["foot"] + 14, slide
        seen += 1
        if page.evaluate("Reveal.isLastSlide()"):
            break
        page.evaluate("Reveal.next()")
    healthy(tab)
    assert seen > 30


@pytest.mark.parametrize("length", ["45", "15"])
def test_the_shorter_lectures(slides, tab, length):
    page = tab.open(f"{(slides / 'deck.en.html').as_uri()}?length={length}")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert {"45": 14, "15": 6}[length] <= page.evaluate("Reveal.getTotalSlides()") <= {"45": 20, "15": 9}[length]
    healthy(tab)


def test_the_deck_prints(slides, browser):
    """One page a slide, 16:9, and small enough to be sent."""
    sys.path.insert(0, str(ROOT / "site"))
    import pdf

    printed = pdf.pdf(browser, "zh").read_bytes()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    wanted = (slides / "deck.zh.html").read_text(encoding="utf-8").count('class="notes"')
    assert len(sizes) == wanted and {round(float(w) / float(h), 2) for w, h in sizes} == {1.78}
    assert len(printed) < 20e6


def test_the_checks_catch(tab, tmp_path):
    """A page with a foreign picture, an error, and an equation left as TeX."""
    bad = {
        "foreign": '<img src="http://192.0.2.1/x.png">',
        "error": "<script>undefined_function()</script>",
        "raw": r"<p>$$\frac{1}{2}$$</p>",
    }
    for name, body in bad.items():
        path = tmp_path / f"{name}.html"
        path.write_text(f"<!DOCTYPE html><body>{body}</body>")
        tab.page.goto(path.as_uri(), wait_until="domcontentloaded")
        with pytest.raises(AssertionError):
            healthy(tab)
        tab.foreign.clear(), tab.errors.clear()
