"""Where the two ways to cut a text for GPT-1 differ: the one it was trained with, and that of Hugging Face's library.

    python -m minigpt.studies.gpt1_words VOCABULARY [FOLDER OF BOOKS]

Sentences are drawn from three data sets, and from a folder of books if one is named: 250 of each. Every place where
the words differ is of one kind, and the table counts the sentences that have it. Only counts are printed.
"""

import difflib
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from minigpt.data import gpt1_words
from minigpt.data.real import read_task
from minigpt.pretrained import load_openai_tokenizer
from minigpt.studies.books import read_book

N = 250  # sentences of each source
CLITICS = {"n't", "'s", "'m", "'re", "'ve", "'ll", "'d", "'"}
END = re.compile(r"(?<=[.!?\"”])\s+(?=[\"“A-Z])")
EXAMPLES = {  # kind: a text of ours that has it, and nothing else
    "clitic": "Anna's dog didn't bark",
    "abbreviation": "Mr. Bell came",
    "number": "it cost 3.50",
    "run of a mark": "well...",
    "accent": "the café",
    "mended": "“so” he said",
    "line end": "one\ntwo",
    "word cut": "I cannot",
    "other": "o'clock",
}


def hugging_face(text):
    """The words of transformers' `OpenAIGPTTokenizer`."""
    return [word for word, _ in BertPreTokenizer().pre_tokenize_str(BertNormalizer(lowercase=True).normalize_str(text))]


def differences(text):
    """The places of a text at which its words differ, as (as GPT-1 was trained, Hugging Face's).

    >>> differences("Anna doesn't know the café")
    [(['does', "n't"], ['doesn', "'", 't']), (['café'], ['cafe'])]
    """
    ours, theirs = gpt1_words.split(text), hugging_face(text)
    steps = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    return [(ours[a:b], theirs[c:d]) for what, a, b, c, d in steps if what != "equal"]


def kind_of(ours, theirs):
    """What a difference is made of: one of EXAMPLES.

    >>> kind_of(["mr."], ["mr", "."])
    'abbreviation'
    """
    ours_joined, theirs_joined = "".join(ours), "".join(theirs)
    bare = "".join(c for c in unicodedata.normalize("NFD", ours_joined) if not unicodedata.combining(c))
    if "\n" in ours:
        return "line end"
    if CLITICS & {*ours} and bare == theirs_joined:
        return "clitic"
    if ours_joined != theirs_joined:
        return "accent" if bare == theirs_joined else "mended"
    if len(ours) > len(theirs):
        return "word cut"
    if not any(c.isalnum() for c in ours_joined):
        return "run of a mark"
    if any(c.isdigit() for c in ours_joined):
        return "number"
    return "abbreviation" if "." in ours_joined else "other"


def sentences(books=None):
    """{source: its sentences}, drawn with seed 0; `books` is a folder of texts."""
    found = {
        "TREC": [e["text"] for e in read_task("trec", "train")],
        "SICK": [e["premise"] for e in read_task("sick-entailment", "train")],
        "DREAM": [line for e in read_task("dream", "train") for line in e["passage"].split("\n")],
    }
    if books:
        texts = map(read_book, sorted(Path(books).glob("*.txt")))
        found["books"] = [s for text in texts for s in END.split(text) if 20 <= len(s) <= 300]
    rng = np.random.default_rng(0)
    unique = {source: sorted(set(texts)) for source, texts in found.items()}
    return {source: [texts[i] for i in rng.permutation(len(texts))[:N]] for source, texts in unique.items()}


def rows(texts, trained, theirs):
    """What the table says of one source: {row: number}."""
    kinds = [{kind_of(*pair) for pair in differences(text)} for text in texts]
    counts = Counter(kind for found in kinds for kind in found)
    ids = [[tok.encode(text) for text in texts] for tok in (trained, theirs)]
    pieces, others = (sum(map(len, way)) / len(texts) for way in ids)
    lost, lost_others = (sum(i == trained.unknown_id for row in way for i in row) for way in ids)
    same = sum(a == b for a, b in zip(*ids, strict=True))
    return {kind: counts[kind] for kind in EXAMPLES} | {
        "sentences": len(texts),
        "of these with other pieces": len(texts) - same,
        "pieces a sentence": f"{pieces:.1f}, {others:.1f}",
        "`<unk>` in all": f"{lost}, {lost_others}",
    }


def table(sources, trained, theirs):
    """Markdown: first the sums, then for each kind the sentences that have it, with an example of ours."""
    told = {source: rows(texts, trained, theirs) for source, texts in sources.items()}
    yield f"| | {' | '.join(told)} | example | as trained | Hugging Face's |"
    yield "|---" * (4 + len(told)) + "|"
    for name in sorted(next(iter(told.values())), key=lambda name: name in EXAMPLES):
        example = EXAMPLES.get(name, "")
        ways = (gpt1_words.split(example), hugging_face(example)) if example else ([], [])
        shown = [example, *(" · ".join(words) for words in ways)]
        cells = [name, *(str(found[name]) for found in told.values()), *(text.replace("\n", "\\n") for text in shown)]
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    ways = [load_openai_tokenizer(sys.argv[1], words) for words in ("openai", "hugging-face")]
    print(*table(sentences(*sys.argv[2:]), *ways), sep="\n")
