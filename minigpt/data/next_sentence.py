"""Eq. (8) on books: which of four sentences of the same book comes next?

    passage     two sentences        question     the one after them        options     the next one, and three others

The others stand 10 to 100 sentences away, so that they speak of the same people: who wins must read what was said last.
The books of train, dev and test differ, and are not among those that a body is pre-trained on (`books.csv`).
"""

import random

from minigpt.data import gutenberg

PER_BOOK = {"train": 1_200, "dev": 400, "test": 500}
N_OPTIONS, NEAR, FAR = 4, 10, 100  # options, and the distance of the wrong ones, in sentences
SHORTEST, LONGEST = 5, 40  # words of an option: "Yes!" follows anything


def examples(split, per_book=None):
    """The rows of a split: {"passage", "question", "options", "label"}; the same ones on every machine."""
    n = per_book or PER_BOOK[split]
    return [row for name in gutenberg.names(split) for row in of_book(gutenberg.read_book(name), n, name)]


def of_book(paragraphs, n, seed):
    """At most `n` rows of one book, at places drawn by the seed, in the book's order."""
    rng = random.Random(f"next sentence {seed}")
    told = [sentence for paragraph in paragraphs for sentence in gutenberg.sentences(paragraph)]
    fit = [i for i, s in enumerate(told) if i > 2 and SHORTEST <= len(s.split()) <= LONGEST]
    rows = []
    for i in sorted(rng.sample(fit, min(n, len(fit)))):
        others = {told[j] for j in fit if NEAR <= abs(j - i) <= FAR} - {told[i]}
        if len(others) < N_OPTIONS - 1:
            continue
        options = [told[i], *rng.sample(sorted(others), N_OPTIONS - 1)]
        rng.shuffle(options)
        passage = " ".join(told[i - 3 : i - 1])
        rows.append({"passage": passage, "question": told[i - 1], "options": options})
        rows[-1]["label"] = options.index(told[i])
    return rows
