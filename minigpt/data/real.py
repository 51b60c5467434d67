"""Real data sets as the rows of the package's tasks, in train, dev and test.

    single_text      {"text", "label"}                               trec, waimai, acceptability
    entailment       {"premise", "hypothesis", "label"}              sick-entailment, ocnli
    similarity       {"a", "b", "score"}                             sick-relatedness; score from 1 to 5
    multiple_choice  {"passage", "question", "options", "label"}     dream, c3, next-sentence; label is an index from 0

`registry.py` finds their files or fetches them, `real_rows.py` reads them. Read upwards from `read_task`.
"""

from collections import Counter
from functools import partial

import numpy as np

from minigpt.data import blimp, gutenberg, next_sentence, registry
from minigpt.data.real_rows import parse_c3, parse_dream, parse_ocnli, parse_sick, parse_trec, parse_waimai
from minigpt.data.registry import load, look_up


def hold_out(rows, share, name):
    """{name: `share` of each label's rows, "train": the rest}; which ones, and the order, depend on seed 0."""
    left = {label: round(share * n) for label, n in Counter(row["label"] for row in rows).items()}
    parts = {"train": [], name: []}
    for row in (rows[i] for i in np.random.default_rng(0).permutation(len(rows))):
        parts[name if left[row["label"]] > 0 else "train"].append(row)
        left[row["label"]] -= 1
    return parts


def read_with_dev(parse_set, name, test, split):
    """TREC and OCNLI have no dev: it is a tenth of train. OCNLI's official dev is the test, which has labels.

    10 TREC test questions stand in train too, and stay. 840 of OCNLI's 998 dev premises do, none of its test's.
    """
    if split == "test":
        return parse_set(*load(name, test))
    return hold_out(parse_set(*load(name, "train")), 0.1, "dev")[split]


def read_waimai(split):
    """No official split: test is 1/5, dev 1/10 of the rest. 7 reviews stand as good and bad: left out."""
    rows = parse_waimai(*load("waimai_10k", "all"))
    n = Counter(row["text"] for row in rows)
    parts = hold_out([row for row in rows if n[row["text"]] == 1], 0.2, "test")
    return parts["test"] if split == "test" else hold_out(parts["train"], 0.1, "dev")[split]


def read_sick(names, split):
    """One file for both readings and all splits; `names` says what a reading calls the columns it takes."""
    rows = parse_sick(*load("sick", "all"))
    return [{new: row[old] for new, old in names.items()} for row in rows if row["split"] == split]


TEXTS = {"tinyshakespeare": "all", "wikitext-2": "valid", "books": None}  # and the split that is read
TASKS = {
    "trec": partial(read_with_dev, parse_trec, "trec", "test"),
    "waimai": read_waimai,
    "sick-entailment": partial(read_sick, {"premise": "a", "hypothesis": "b", "label": "label"}),
    "ocnli": partial(read_with_dev, parse_ocnli, "ocnli", "dev"),
    "sick-relatedness": partial(read_sick, {"a": "a", "b": "b", "score": "score"}),
    "dream": lambda split: parse_dream(*load("dream", split)),
    "c3": lambda split: parse_c3(*load("c3", split)),
    "acceptability": blimp.acceptability,
    "next-sentence": next_sentence.examples,
}


def read_task(name, split):
    """The rows of one split, "train", "dev" or "test", in the shapes at the top of this module.

    Raises InputError if no data set or split has that name, its file is not to be had, or a row is damaged.
    """
    read = look_up("data set", name, TASKS)
    return read(look_up("split", split, {"train": "train", "dev": "dev", "test": "test"}))


def read_text(name, split=None):
    """The text "tinyshakespeare", or "wikitext-2" with split "valid" (default) or "test", or "books" with one's name.

    Without a name all books are read, an empty line between paragraphs. Raises as `read_task`.
    """
    default = look_up("text", name, TEXTS)
    if name == "books":
        books = [split] if split else registry.REGISTRY["books"]["files"]
        return "\n\n".join(p for book in books for p in gutenberg.read_book(book))
    return load(name, split or default)[0].decode("utf-8").strip()


def catalogue():
    """What there is, a line each: name, task, language, licence and source."""
    tasks = [(name, task, entry) for entry in registry.REGISTRY.values() for name, task in entry["tasks"].items()]
    return "\n".join(f"{n:17}{t:16}{e['language']}  {e['licence']}; {e['source']}" for n, t, e in tasks)
