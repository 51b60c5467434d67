"""`make site`: the deck, the explorer, the book and the homework in one folder, for any static host or a disk.

    build/slides (and its PDFs), build/book  ->  build/site: index.html, slides/, book/en, book/zh

Every link is relative, so the folder works from a disk, from a host, and from a sub-folder of one.
"""

import html
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
import book  # noqa: E402

from minigpt.pictures import look  # noqa: E402

OUT, SLIDES = ROOT / "build" / "site", ROOT / "build" / "slides"
DECK = "../../slides/deck.{}.html"  # as the book's first page sees it
LENGTHS = (90, 45, 15)
WORDS = {
    "en": {
        "name": "English",
        "what": "GPT (2018) as one lecture you can run: every equation is a few lines of code, and a small model "
        "trained in five minutes shows what pre-training buys.",
        "look": (
            "See it work",
            "A trained model beside the truth: guess the next word, move the mask, ask a question.",
        ),
        "learn": (
            "Learn alone",
            "13 lessons with pictures, from the loss to GPT-1 itself; glossary; every function explained.",
        ),
        "teach": ("Give the lecture", "Slides with notes and live views."),
        "grade": ("Give homework", "13 sets that check themselves, and a grader."),
        "explorer": "Open the explorer",
        "lessons": ("Read the book", "First lesson", "The package"),
        "minutes": "{} minutes",
        "homework": ("The sets", "How to grade"),
    },
    "zh": {
        "name": "中文",
        "what": "一讲可以运行的 GPT（2018）：每个公式都是几行代码，"
        "一个五分钟训练出来的小模型让你看到预训练带来了什么。",
        "look": ("看它工作", "训练好的模型，旁边是真实概率：猜下一个词，移动掩码，提一个问题。"),
        "learn": ("自学", "13 课，配图，从损失函数到 GPT-1 本身；术语表；每个函数的说明。"),
        "teach": ("讲课", "幻灯片，带讲稿和可操作的演示。"),
        "grade": ("布置作业", "13 套能自查的作业，以及评分工具。"),
        "explorer": "打开探索页",
        "lessons": ("读这本书", "第一课", "程序包"),
        "minutes": "{} 分钟",
        "homework": ("作业", "如何批改"),
    },
}


def card(name, text, links):
    """One thing to do: its name, what it is, and where to go; the first link is the main one."""
    anchors = "".join(f'<a href="{address}">{html.escape(words)}</a>' for words, address in links)
    return f"<article><h3>{html.escape(name)}</h3><p>{html.escape(text)}</p><p class=links>{anchors}</p></article>"


def column(code):
    """All there is in one language."""
    words, here = WORDS[code], f"book/{code}"
    pages = zip(words["lessons"], ("index", "00_overview", "reference"), strict=True)
    decks = [(words["minutes"].format(n), f"slides/deck.{code}.html?length={n}") for n in LENGTHS]
    if (OUT / "slides" / f"deck.{code}.pdf").exists():
        decks.append(("PDF", f"slides/deck.{code}.pdf"))
    sets = zip(words["homework"], ("homework", "homework_grading"), strict=True)
    cards = [
        card(*words["look"], [(words["explorer"], f"slides/explorer.{code}.html")]),
        card(*words["learn"], [(name, f"{here}/{page}.html") for name, page in pages]),
        card(*words["teach"], decks),
        card(*words["grade"], [(name, f"{here}/{page}.html") for name, page in sets]),
    ]
    lang = {"en": "en", "zh": "zh-CN"}[code]
    return (
        f'<section id="{code}" lang="{lang}"><h2>{words["name"]}</h2><p>{words["what"]}</p>{"".join(cards)}</section>'
    )


def main():
    if not (SLIDES / "deck.en.html").exists():
        raise SystemExit("build/slides is missing: make site makes it first, or run make slides")
    for code in book.LANGUAGES:
        book.build(code, DECK.format(code))
    if OUT.exists():
        shutil.rmtree(OUT)
    shutil.copytree(SLIDES, OUT / "slides")
    for code in book.LANGUAGES:
        shutil.copytree(book.OUT / code, OUT / "book" / code, ignore=shutil.ignore_patterns(".*", "*macros.html"))
    shutil.copyfile(ROOT / "docs" / "explorer.png", OUT / "explorer.png")
    (OUT / ".nojekyll").touch()  # GitHub's pages leave out folders such as _static without it
    values = {"BLUE": look.BLUE, "ORANGE": look.ORANGE, "GREEN": look.GREEN}
    front = (HERE / "templates" / "front.html").read_text(encoding="utf-8")
    for name, value in [*values.items(), *((f"{code.upper()}", column(code)) for code in WORDS)]:
        front = front.replace(f"@{name}@", value)
    (OUT / "index.html").write_text(front, encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
