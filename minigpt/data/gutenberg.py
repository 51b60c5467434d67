"""Books of Project Gutenberg: bytes to clean paragraphs, and paragraphs to sentences.

    bytes -> text between the two marks -> paragraphs, their lines joined -> quotes, dashes, italics written alike

The books were typed by many people: a vocabulary learnt from them as they are would hold a word four times, in curly
and straight quotes, in `_italics_` and beside a dash. Headings, tables of contents and credits are left out: what does
not end as a sentence does is none. `books.csv` says of each book which part it belongs to: "text" to pre-train on;
"train", "dev" and "test" for tasks, whose books no body reads before.
"""

import re

from minigpt.data import registry

MARK = re.compile(r"^[ \t]*\*{3} ?(?:START|END) OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]*\*{3}", re.I | re.M)
CREDIT = re.compile(r"Produced by|E-text prepared by|Transcribed from|Special thanks are due|.*\bGutenberg\b", re.I)
REMARK = re.compile(r"\[(?:Ill+ustration[^\]]*|\*|\d+)\]", re.I)  # pictures, and marks of footnotes
SHORT = "em|tis|twas|twere|twill|til|till|bout|cause|un|ud|ull|ee|n|s|t|d|ll|re|ve|m|o|uz"  # words that begin with '
OPENING = re.compile(rf"(?<![\w.,!?;:])'(?=[\w\"])(?!(?:{SHORT})\b)", re.I)
CLOSING = re.compile(r"(?<=[.,!?;:)-])'(?!\w)")
DASH = re.compile(r"\s*(?:-{2,}|[—―–]+)\s*")
END = re.compile(r"""(?<=[.!?])\s+(?=["'(]?[A-Z])|(?<=[.!?]["')])\s+(?=["'(]?[A-Z])""")
ABBREVIATED = re.compile(r"(?:^|[\s\"'(])(?:Mr|Mrs|Messrs|Mme|Mlle|Dr|St|Capt|Col|Gen|Rev|Hon|Esq|No|[A-HJ-Z])\.$")


def body(data):
    """The text between what Project Gutenberg says before and after it; all of it where the two marks are missing."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    parts = MARK.split(text.replace("\r\n", "\n"))
    return parts[1] if len(parts) == 3 else text


def alike(text):
    """Quotes straight and double, apostrophes straight, dashes "--" between spaces, no italics, no remarks, one line.

    A single quote opens a speech before a word, unless a letter stands before it or the word is one such as 'tis; it
    closes one behind a sign. The quote behind `'a word'` stays an apostrophe: nothing tells it from `the boys' hats`.

    >>> alike("‘Don’t!’ said\\n_she_--‘’tis mine.’")
    '"Don\\'t!" said she -- "\\'tis mine."'
    """
    text = REMARK.sub("", text).replace("_", "")
    text = re.sub("[“”]", '"', re.sub("[‘’]", "'", text))
    text = CLOSING.sub('"', OPENING.sub('"', re.sub("''(?=[A-Za-z])", "\"'", text)))
    return " ".join(DASH.sub(" -- ", re.sub('"+', '"', text)).split())


def paragraphs(data):
    """A book's paragraphs of prose, in their order: whole lines, written alike."""
    found = (alike(part) for part in re.split(r"\n[^\S\n]*\n", body(data)))
    return [p for p in found if re.search(r"[a-z].*[.!?,;:\"')-]$", p) and not CREDIT.match(p)]


def sentences(paragraph):
    """A paragraph cut behind . ! or ?, where a capital letter follows, but not behind an abbreviated title.

    >>> sentences('"Is it Mr. Toad?" asked Mole. "Come in! Do." He came.')
    ['"Is it Mr. Toad?" asked Mole.', '"Come in!', 'Do."', 'He came.']
    """
    found = []
    for piece in END.split(paragraph):
        if found and ABBREVIATED.search(found[-1]):
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    return found


def pages(paragraphs, longest=900):
    """Whole sentences in their order, as many as fit into `longest` characters, a new line between paragraphs.

    So each page begins as a sentence does; a longer sentence is a page of its own.

    >>> pages(["One. Two.", "Three and four."], longest=10)
    ['One. Two.', 'Three and four.']
    """
    found = []
    for paragraph in paragraphs:
        for place, sentence in enumerate(sentences(paragraph)):
            joint = " " if place else "\n"
            if found and len(found[-1]) + 1 + len(sentence) <= longest:
                found[-1] += joint + sentence
            else:
                found.append(sentence)
    return found


def names(part):
    """The books of a part: "text", "train", "dev" or "test"."""
    files = registry.REGISTRY["books"]["files"]
    parts = {file["part"]: None for file in files.values()}
    registry.look_up("part of books", part, parts)
    return [name for name, file in files.items() if file["part"] == part]


def read_book(name):
    """The paragraphs of a book of `books.csv`; raises as `real.read_task`."""
    return paragraphs(registry.load("books", name)[0])
