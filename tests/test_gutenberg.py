"""Books of Project Gutenberg: bytes to paragraphs, whatever their typists did, and paragraphs to sentences."""

import re

import pytest

from minigpt.data import gutenberg

START, END = (f"*** {what} OF THIS PROJECT GUTENBERG EBOOK A TALE\r\nIN TWO LINES ***\r\n" for what in ("START", "END"))
BOOK = f"""A licence.\r
{START}\r
Produced by Ann and Bo.\r
\r
CHAPTER I. IN WHICH\r
\r
  1 The Cat\r
  2 The Dog\r
\r
[Illustration: a cat.]\r
\r
\u2018It\u2019s late!\u2019 said\r
_Ann_\u2014who was  old.\r
 \r
"'Tis not--" he said.[1]\r
\r
End of the Project Gutenberg EBook of A Tale.\r
\r
{END}More."""
PARAGRAPHS = ['"It\'s late!" said Ann -- who was old.', '"\'Tis not -- " he said.']


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_book_is_its_paragraphs_written_alike(encoding):
    assert gutenberg.paragraphs(BOOK.encode(encoding)) == PARAGRAPHS


def test_latin_letters_and_a_book_without_marks():
    assert gutenberg.paragraphs("A caf\u00e9.\r\n\r\nNo more.".encode("latin-1")) == ["A caf\u00e9.", "No more."]


ALIKE = {
    "\u201cSo,\u201d he said": '"So," he said',
    "'I've the boys' hats,' he said": "\"I've the boys' hats,\" he said",
    "'em and 'tis, 'Tis": "'em and 'tis, 'Tis",
    "(\u2018Why?\u2019)": '("Why?")',
    "wait---what \u2013 no": "wait -- what -- no",
    "'No--'": '"No -- "',
    "th' well-known o' the": "th' well-known o' the",
}


@pytest.mark.parametrize("text", ALIKE)
def test_signs_are_written_alike(text):
    assert gutenberg.alike(text) == ALIKE[text]
    assert gutenberg.alike(ALIKE[text]) == ALIKE[text]  # once is enough


def test_sentences_end_where_a_capital_letter_follows():
    text = 'Mr. and Mrs. Toad came. "Did they? Yes!" he said. J. Mole (a friend) left! 5 p.m. it was.'
    assert gutenberg.sentences(text) == [
        "Mr. and Mrs. Toad came.",
        '"Did they?',
        'Yes!" he said.',
        "J. Mole (a friend) left! 5 p.m. it was.",
    ]
    assert " ".join(gutenberg.sentences(text)) == text


def test_pages_are_whole_sentences_in_their_order():
    paragraphs = ["He came. She went.", "They slept a long, long time.", "So did I. " * 5 + "Yes."]
    pages = gutenberg.pages(paragraphs, longest=30)
    assert pages[:2] == ["He came. She went.", "They slept a long, long time."]
    assert pages[2:] == ["So did I. So did I. So did I.", "So did I. So did I. Yes."]
    assert gutenberg.pages(paragraphs, 60)[0] == "He came. She went.\nThey slept a long, long time.\nSo did I."


QUIRKS = [
    "Dracula_345",
    "Emma_158",
    "The-Three-Musketeers_1257",
    "North-and-South_4276",
    "Through-the-Looking-Glass_12",
]


@pytest.mark.parametrize("name", QUIRKS)
def test_the_real_books_come_out_clean(real_data, name):
    """Latin-1 and UTF-8, curly and straight, single quotes and double: their words stay."""
    if not (real_data / "books" / f"{name}.txt").is_file():
        pytest.skip("the books are not at hand")
    text = "\n".join(gutenberg.read_book(name))
    raw = gutenberg.body((real_data / "books" / f"{name}.txt").read_bytes())
    assert 0.99 < len(re.findall(r"[a-z]+", text)) / len(re.findall(r"[a-z]+", raw)) <= 1
    assert not re.search("[\u201c\u201d\u2018\u2019\u2014_]|--[^ \n]|Gutenberg|Illustration|CHAPTER [IVX]+\n", text)
    assert text.count('"') > 1000 and text.count('" said') + text.count('," ') > 100
