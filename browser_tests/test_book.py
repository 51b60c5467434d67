"""The book's reference, figures, terms and homework, and the site around it; each check fails on a wrong page."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT, Tab, free_port, serving

sys.path.insert(0, str(ROOT / "site"))
import book as book_py
import docstrings
import equations
import reference
import terms
from docutils import nodes
from docutils.core import publish_doctree

LANGUAGES = ["en", "zh"]
MODULES = [module for modules in reference.rooms().values() for module, _ in modules]
LESSONS = sorted(path.name for path in (ROOT / "chapters").glob("[0-9][0-9]_*"))


# --- links ---------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The places of a page, and where it leads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if "src" in found or (tag in ("a", "link") and "href" in found):
            self.links.add((tag, found.get("src") or found["href"]))


def broken(folder):
    """Links of all pages that lead nowhere, or out of the folder other than by a click."""
    pages = {path: Page(path) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for tag, link in page.links:
            address = urlsplit(link)
            if (address.scheme in ("http", "https", "mailto") and tag == "a") or address.scheme == "data":
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            lives = "=" in address.fragment or not address.fragment  # the explorer's state is no place
            there = target.is_relative_to(folder.resolve()) and target.is_file() and not address.scheme
            if not there or not (lives or unquote(address.fragment) in pages[target].ids):
                found.append(f"{path.relative_to(folder)} -> {link}")
    return found


def test_every_link_of_the_site_leads_somewhere(whole):
    assert broken(whole) == []


@pytest.mark.parametrize(
    "link",
    ['<a href="no.html">', '<a href="#no">', '<a href="/a.html">', '<img src="http://x.org/a.png">', '<a href="..">'],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, link):
    (tmp_path / "a.html").write_text('<a href="b.html#place"></a><a href="https://x.org"></a>')
    (tmp_path / "b.html").write_text('<p id="place"></p><a href="#place"></a>')
    assert broken(tmp_path) == []
    (tmp_path / "b.html").write_text(f'<p id="place"></p>{link}')
    assert len(broken(tmp_path)) == 1


def test_the_site_works_in_a_subfolder_of_a_host(whole, browser, tmp_path):
    """All that the first page links opens there, and asks for nothing from elsewhere."""
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "folder").symlink_to(whole)
    port = free_port()
    host = f"http://127.0.0.1:{port}/some/folder/"
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with serving(command, host, stderr=subprocess.DEVNULL):
        tab = Tab(browser)
        page = tab.open(host)
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        assert len(links) > 20 and all(link.startswith(host) for link in links)
        for link in links:
            if not link.endswith(".pdf") and "#" not in link:
                assert page.goto(link).ok, link
        assert tab.foreign == [] and tab.errors == []
        tab.page.close()


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_the_site_opens_from_disk(whole, browser, width):
    tab = Tab(browser, width=width)
    page = tab.open(whole / "index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for language in LANGUAGES:
        page = tab.open(whole / "book" / language / "index.html")
        paths = page.eval_on_selector_all(".front a", "all => all.map(a => a.getAttribute('href'))")
        assert paths == [f"../../slides/deck.{language}.html", "00_overview.html", "homework.html"]
        page.click(".front a")
        assert page.url.endswith(f"slides/deck.{language}.html")
    assert tab.foreign == [] and tab.errors == []
    tab.page.close()


def test_the_book_alone_says_how_to_make_the_slides(tmp_path):
    book_py.assemble("en", tmp_path, None)
    front = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "<code>make slides</code>" in front and "deck.en.html" not in front


def test_a_warning_is_an_error(tmp_path):
    (tmp_path / "index.md").write_text("# Title\n\n```{toctree}\n```\n")
    book_py.sphinx(tmp_path, tmp_path / "good", "en")
    (tmp_path / "index.md").write_text("# Title\n\n{ref}`nowhere`\n")
    with pytest.raises(subprocess.CalledProcessError):
        book_py.sphinx(tmp_path, tmp_path / "bad", "en")


# --- the reference -------------------------------------------------------------------------------------------------

SEEN = """() => ({
    described: Object.fromEntries([...document.querySelectorAll('dl.py:is(.function, .class, .exception)')].map(dl => [
        dl.querySelector('dt').id,
        {sections: [...dl.querySelectorAll(':scope > dd > dl.field-list > dt')].map(e => e.firstChild.textContent),
         source: !!dl.querySelector('dt a.reference[href^="_modules/"]'),
         signature: dl.matches('.exception') || !!dl.querySelector('dt .sig-paren')}])),
    drawn: [...document.querySelectorAll('.equation')].filter(e => e.querySelector('math')).map(e =>
        [e.id, e.querySelector(':scope > p')?.textContent]),
    plain: (() => {
        const copy = document.querySelector('article').cloneNode(true);
        copy.querySelectorAll('a, pre, code').forEach(e => e.remove());
        return copy.textContent;
    })(),
})"""
SECTIONS = {"Args": "Parameters", "Returns": "Returns", "Raises": "Raises", "Source": "Source"}


def reference_faults(page, module):
    """What a module's page lacks of what its docstrings say."""
    seen, loaded = page.evaluate(SEEN), importlib.import_module(f"minigpt.{module}")
    faults = []
    for member in docstrings.own(loaded):
        name, doc = f"minigpt.{module}.{member.__qualname__}", inspect.cleandoc(member.__doc__ or "")
        told = seen["described"].get(name, {"sections": [], "source": False, "signature": False})
        wanted = [SECTIONS[section] for section in re.findall(r"(?m)^(Args|Returns|Raises|Source):", doc)]
        faults += [f"{name} has no section {section}" for section in wanted if section not in told["sections"]]
        faults += [f"{name} has no {part}" for part in ("source", "signature") if not told[part]]
    drawn = dict(seen["drawn"])
    for n in equations.named(docstrings.docstrings(loaded)):
        if drawn.get(f"eq-{n}") != f"({n})":
            faults.append(f"equation ({n}) is not drawn with its number")
    if equations.NAMED.search(seen["plain"]):
        faults.append("an equation is named without a link")
    return faults


def test_the_reference_says_what_the_docstrings_say(book, tab):
    faults = []
    for module in MODULES:
        faults += reference_faults(tab.open(book / "en" / f"minigpt.{module}.html"), module)
    assert faults == []


@pytest.mark.parametrize(
    "wrong",
    [
        "document.querySelector('dl.field-list > dt').remove()",
        "document.querySelector('dt a[href^=\"_modules\"]').remove()",
        "document.querySelector('.equation math').remove()",
        "document.querySelector('.equation > p').textContent = '(3)'",
        "document.querySelector('article p').append('see eq. (1)')",
        "document.querySelector('dl.py .sig-paren').closest('dl').remove()",
    ],
)
def test_a_reference_page_that_lacks_something_is_found(book, tab, wrong):
    page = tab.open(book / "en" / "minigpt.loss.html")
    assert reference_faults(page, "loss") == []
    page.evaluate(wrong)
    assert len(reference_faults(page, "loss")) > 0


def test_the_reference_lists_every_module_in_both_languages(book):
    for language in LANGUAGES:
        page = (book / language / "reference.html").read_text(encoding="utf-8")
        for module in MODULES:
            assert f'href="minigpt.{module}.html"' in page
            assert (book / language / f"minigpt.{module}.html").exists()


@pytest.mark.parametrize("line", ["|V| *", "a_ and `b_`", "x::", "(3) and more", "{'a': `b`}", "eq. (2)'s"])
def test_a_docstring_keeps_its_letters(line):
    """As reStructuredText it reads as it stood, but for the marks of code."""
    written = publish_doctree("\n".join(docstrings.rest([line], docstrings)), settings_overrides={"report_level": 5})
    wanted = line if line.startswith("{") else line.replace("`", "")
    assert written.astext() == wanted and not list(written.findall(nodes.problematic))


# --- figures -------------------------------------------------------------------------------------------------------

FIGURES = """() => [...document.querySelectorAll('.cell_output :is(img, svg):not(button svg)')].map(image => {
    const figure = image.closest('figure');
    return {number: figure?.querySelector('figcaption strong')?.textContent, id: figure?.id,
            caption: figure?.querySelector('figcaption .caption-text')?.textContent, alt: image.getAttribute('alt'),
            link: figure?.querySelector('figcaption a.headerlink')?.getAttribute('href')};
})"""


def pictures(lesson, language):
    name = {"en": "lesson.ipynb", "zh": "lesson.zh.ipynb"}[language]
    cells = json.loads((ROOT / "chapters" / lesson / name).read_text(encoding="utf-8"))["cells"]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [kinds for kinds in data if {"image/png", "image/svg+xml"} & set(kinds)]


def assert_numbered(page, lesson, language):
    found, word = page.evaluate(FIGURES), {"en": "Fig.", "zh": "图"}[language]
    assert len(found) == len(pictures(lesson, language))
    for n, figure in enumerate(found, 1):
        assert figure["number"] == f"{word} {lesson[:2]}.{n}"
        assert figure["link"] == f"#{figure['id']}" == f"#fig-{lesson[:2]}-{n}"
        assert figure["alt"] and ".png" not in figure["alt"]
        assert set(re.findall(r"\w{3,}", figure["alt"])) <= set(re.findall(r"\w{3,}", figure["caption"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_a_number_a_caption_and_a_link(book, tab, language):
    total = 0
    for lesson in LESSONS:
        page = tab.open(book / language / f"{lesson}.html")
        assert_numbered(page, lesson, language)
        total += len(pictures(lesson, language))
    listed = (book / language / "figures.html").read_text(encoding="utf-8")
    assert len(set(re.findall(r"#fig-\d\d-\d+", listed))) == total > 60


@pytest.mark.parametrize(
    "wrong",
    [
        "document.querySelector('figcaption strong').remove()",
        "document.querySelector('figcaption strong').textContent = 'Fig. 08.2'",
        "document.querySelector('figcaption a.headerlink').remove()",
        "document.querySelector('figure').replaceWith(document.querySelector('figure img'))",
        "document.querySelector('figure img').alt = 'x.png'",
    ],
)
def test_a_figure_without_them_is_found(book, tab, wrong):
    page = tab.open(book / "en" / "08_entailment.html")
    page.evaluate(wrong)
    with pytest.raises(AssertionError):
        assert_numbered(page, "08_entailment", "en")


# --- terms ---------------------------------------------------------------------------------------------------------

USED = {
    "en": {"token", "finite differences", "chain rule", "query", "causal mask"},
    "zh": {"词元", "有限差分", "链式法则", "查询", "因果掩码"},
}
LINKED = """() => [...document.querySelectorAll('article a.term')].map(a => ({
    word: a.textContent, title: a.title, address: a.getAttribute('href'),
    held: !!a.closest('pre, code, h1, h2, h3, math, figcaption, .cell_output'),
}))"""


def assert_terms(page, wanted):
    found = page.evaluate(LINKED)
    assert {f["word"].lower().removesuffix("s") for f in found} == {word.removesuffix("s") for word in wanted}
    assert len(found) == len(wanted)  # the first use only
    for link in found:
        assert not link["held"] and link["title"] and link["address"].startswith("glossary.html#term-"), link


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lesson_links_its_terms_once(book, tab, language):
    assert_terms(tab.open(book / language / "02_attention_numpy.html"), USED[language])
    for lesson in LESSONS:
        found = tab.open(book / language / f"{lesson}.html").evaluate(LINKED)
        assert len(found) > 1 and not any(link["held"] for link in found), lesson


@pytest.mark.parametrize(
    "wrong",
    [
        "document.querySelector('a.term').replaceWith('token')",
        "document.querySelector('article code').innerHTML = document.querySelector('a.term').outerHTML",
        "document.querySelector('a.term').title = ''",
        "document.querySelector('a.term').href = '#'",
    ],
)
def test_a_term_that_is_not_linked_or_linked_in_code_is_found(book, tab, wrong):
    page = tab.open(book / "en" / "02_attention_numpy.html")
    page.evaluate(wrong)
    with pytest.raises(AssertionError):
        assert_terms(page, USED["en"])


def test_the_longer_term_wins_and_a_later_lesson_waits():
    find, known = terms.pattern("en", 6)
    assert find.findall("a fused kernel, an output head, Tokens and tokenizers") == [
        "fused kernel",
        "output head",
        "Tokens",
    ]
    assert "token" in known and "output head" not in known and "value" not in known
    find, known = terms.pattern("zh", 7)
    assert find.findall("全量微调") == ["全量微调"] and "头" not in known


# --- homework, and what it looks like ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_homework_is_read_and_downloaded(book, language):
    page = (book / language / "homework.html").read_text(encoding="utf-8")
    notebooks = re.findall(r'href="(_downloads/[^"]*/homework_(\d\d)\.ipynb)"', page)
    assert [number for _, number in notebooks] == [lesson[:2] for lesson in LESSONS]
    for address, number in notebooks:
        source = next((ROOT / "chapters").glob(f"{number}_*/homework.ipynb"))
        assert (book / language / address).read_bytes() == source.read_bytes()
        assert "YOUR CODE HERE" in (book / language / f"homework_{number}.html").read_text(encoding="utf-8")
    grading = (book / language / "homework_grading.html").read_text(encoding="utf-8")
    assert "minigpt grade" in re.sub("<[^>]*>", "", grading)


INSIDE = """() => {  // what is wider than the column, and has nothing around it that scrolls
    const right = document.querySelector('article').getBoundingClientRect().right + 1;
    const bar = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
    const scrolls = e => e && e.tagName != 'ARTICLE' && (bar(e) || scrolls(e.parentElement));
    return [...document.querySelectorAll('article :is(img, table, pre, math, figure, dt)')]
        .filter(e => e.getBoundingClientRect().right > right && !scrolls(e)).map(e => e.outerHTML.slice(0, 80));
}"""
SHOWN = [
    "05_pretraining",
    "08_entailment",
    "glossary",
    "figures",
    "homework",
    "reference",
    "minigpt.formats",
    "minigpt.model",
]


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_nothing_is_wider_than_the_column(book, browser, width):
    tab = Tab(browser, width=width)
    for name in SHOWN:
        for language in LANGUAGES:
            page = tab.open(book / language / f"{name}.html")
            assert page.evaluate(INSIDE) == [], (language, name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (language, name)
    page.evaluate("document.querySelector('article p').innerHTML = '<img style=\"width: 4000px; max-width: none\">'")
    assert page.evaluate(INSIDE) != []
    tab.page.close()


def test_code_and_what_it_printed_look_different(book, tab):
    page = tab.open(book / "en" / "05_pretraining.html")
    look = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.borderTopWidth]; }"
    code = page.locator(".cell_input pre").first.evaluate(look)
    assert code != page.locator(".cell_output pre").first.evaluate(look)
    assert page.locator(".cell_output").first.evaluate("e => getComputedStyle(e).borderLeftWidth") == "4px"
    assert page.locator("a.right-next").count() == page.locator("a.left-prev").count() == 1


@pytest.mark.parametrize("name", ["equations", "docstrings", "lessons"])
def test_the_examples_in_the_docstrings_of_the_site(name):
    import doctest

    assert doctest.testmod(importlib.import_module(name)).failed == 0
