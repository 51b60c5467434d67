"""What reading books buys: loss on books that nobody trained on, and which of two sentences is English, by eq. (1).

    python -m minigpt.studies.reading counts FOLDER      n-grams at growing amounts of text
    ... rates | batches | compute | passes | dropout | amounts     a GPT: each choice, then how much it reads
    ... chinese                                          the Chinese text of real runs: how often, with what dropout
    ... table | curve FOLDER                             what is there, in Markdown

Each study fills FOLDER/NAME.csv, a line a run; one that was cut short goes on. Everything is chosen on the dev books;
BLiMP has no dev part, and nothing is chosen by it. Read `STUDIES` first.
"""

import math
import random
import sys
from collections import defaultdict
from functools import cache, partial
from pathlib import Path

import numpy as np

from minigpt.data import gutenberg
from minigpt.model import GPT, GPTConfig
from minigpt.studies import likelihood, minimal_pairs
from minigpt.studies.books import read_compute
from minigpt.studies.jobs import fill, read_rows
from minigpt.studies.kneser_ney import KneserNey
from minigpt.studies.results import over
from minigpt.studies.settings import READ, books, own_text
from minigpt.support import words
from minigpt.support.device import one_thread
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

SIZES = {  # about so many parameters, with 4,000 tokens
    "1M": {"n_layer": 4, "n_head": 4, "d_model": 96},
    "3M": {"n_layer": 4, "n_head": 4, "d_model": 192},
    "6M": {"n_layer": 5, "n_head": 8, "d_model": 256},
    "10M": {"n_layer": 6, "n_head": 8, "d_model": 320},
}
N_CTX, BATCH, VOCABULARY, LR = 256, 4, 4_000, 1e-3
AMOUNTS = (100_000, 300_000, 1_000_000, 3_000_000, 9_000_000)  # words that are counted
N_FRESH, N_PAIRS = 400, 100  # dev pages, and pairs of each paradigm, that a run is measured on
PASSES = {100_000: 5, 300_000: 3, 1_000_000: 2, 3_000_000: 1, 9_000_000: 1}  # how often so many words are read
SEEDS = (0, 1, 2)
NGRAMS = {"1": "words", "2": "word pairs", "3": "word triples"}
STUDIES = {  # the arguments of `read`, or of `count`, one run after another
    "counts": [{"order": n, "n_words": w} for w in AMOUNTS for n in (1, 2, 3)],
    "rates": [
        {"size": s, "operations": 3e12, "batch": 16, "lr": r} for s in ("3M", "10M") for r in (5e-4, 1e-3, 2e-3, 4e-3)
    ],
    "batches": [
        {"size": "3M", "operations": 1e13, "batch": b, "lr": lr}
        for b, lr in ((16, 2e-3), (8, 2e-3), (8, 1e-3), (4, 1e-3), (16, 1e-3), (4, 5e-4), (2, 1e-3))
    ],
    "compute": [{"size": size, "operations": c} for c in (1e12, 3e12, 1e13) for size in SIZES]
    + [{"size": size, "operations": 3e13} for size in ("3M", "6M", "1M")],
    "passes": [{"size": "3M", "n_words": 100_000, "passes": n} for n in (2, 5, 10)],
    "dropout": [{"size": "3M", "n_words": 100_000, "passes": 10, "dropout": p} for p in (0.1, 0.2)],
    "amounts": [  # the most takes an hour: one seed
        {"size": "3M", "n_words": n_words, "passes": passes, "seed": seed}
        for seed in SEEDS
        for n_words, passes in PASSES.items()
        if seed == 0 or n_words < max(PASSES)
    ],
    "chinese": [{"passes": n, "dropout": p} for n, p in ((7, 0.0), (7, 0.1), (2, 0.0))],
}


@cache
def library():
    """The pages to read, some pages of the dev books, and the vocabulary, of a tenth of the pages: for every run."""
    pages = books("text")
    fresh = random.Random("fresh").sample(books("dev"), N_FRESH)
    return pages, fresh, Tokenizer.train(pages[::10], VOCABULARY)


@cache
def all_sequences():
    """Every page as ids, which takes half a minute."""
    pages, _, tok = library()
    return documents(pages, tok, N_CTX)


def drawn(pages, n_words, seed):
    """Pages in an order drawn by the seed, until there are `n_words`."""
    pages, n = random.Random(f"pages {seed}").sample(pages, len(pages)), 0
    for place, page in enumerate(pages):
        if n >= n_words:
            return pages[:place]
        n += len(page.split())
    return pages


def read(size, n_words=None, passes=1, operations=None, batch=BATCH, lr=LR, dropout=0.0, seed=0):
    """Pre-train one GPT on `n_words` words, read `passes` times; or on all, for so many `operations`.

    Training takes 6 operations a token and weight that it is multiplied with; those of W^e and W^p are looked up.

    Returns:
        {"parameters", "tokens" read, "operations_done", "loss" on dev pages in nats per character, "overall" and each
        phenomenon: the share of pairs that eq. (1) gets right}.
    """
    pages, fresh, tok = library()
    config = GPTConfig(tok.vocab_size, N_CTX, **SIZES[size], dropout=dropout)
    model = GPT(config, seed)
    parameters = sum(p.numel() for p in model.parameters())
    multiplied = parameters - (tok.vocab_size + N_CTX) * config.d_model
    sequences = documents(drawn(pages, n_words, seed), tok, N_CTX) if n_words else all_sequences()
    n_tokens = sum(map(len, sequences)) - len(sequences)  # each but <s> is learnt from
    if operations:
        passes = operations / (6 * multiplied * n_tokens)
    steps = max(1, round(passes * len(sequences) / batch))
    with one_thread():
        loss = learn(model, sequences, TrainConfig(steps, batch, lr, seed=seed, beta2=0.98), fresh, tok)
        pairs = minimal_pairs.read_pairs(N_PAIRS)
        right = minimal_pairs.wins(pairs, partial(likelihood.of_texts, model, tok))
    learnt = round(passes * n_tokens)
    result = {"parameters": parameters, "tokens": learnt, "operations_done": 6 * multiplied * learnt, "loss": loss}
    return result | shares(pairs, right)


def learn(model, sequences, recipe, fresh, tok):
    """Pre-train in place; the loss on `fresh` texts in nats per character."""
    pretrain(model, sequences, recipe, progress=False)
    measured = evaluate(model, documents(fresh, tok, N_CTX))
    return round(measured["loss"] * measured["tokens"] / sum(map(len, fresh)), 5)


def read_chinese(passes, dropout, seed=0):
    """Pre-train a GPT of 3M on the Chinese tasks' own text; its loss on C3's dev passages in nats per character."""
    texts, fresh = own_text(READ["zh"], "zh"), own_text({"c3": ("dev",)}, "zh")
    tok = Tokenizer.train(texts, VOCABULARY)
    model = GPT(GPTConfig(tok.vocab_size, N_CTX, **SIZES["3M"], dropout=dropout), seed)
    sequences = documents(texts, tok, N_CTX)
    steps = max(1, round(passes * len(sequences) / BATCH))
    with one_thread():
        recipe = TrainConfig(steps, BATCH, LR, seed=seed, beta2=0.98)
        return {"steps": steps, "loss": learn(model, sequences, recipe, fresh, tok)}


def count(order, n_words):
    """An n-gram model of so many words: {phenomenon: share of pairs}, of all pairs, since counting is quick."""
    told = [sentence for page in drawn(library()[0], n_words, seed=0) for sentence in gutenberg.sentences(page)]
    model = KneserNey([split(sentence) for sentence in told], order)
    pairs = minimal_pairs.read_pairs()
    right = minimal_pairs.wins(pairs, lambda texts: model.log_probabilities([split(text) for text in texts]))
    return shares(pairs, right)


def split(text):
    return words.split(text.lower())


def shares(pairs, right):
    return {name: round(row["score"], 5) for name, row in minimal_pairs.by_phenomenon(pairs, right).items()}


def scores(folder):
    """{arm: {words read: per cent of BLiMP's pairs that are right, one a seed}}, n-grams first."""
    found = defaultdict(dict)
    for row in read_rows(Path(folder) / "counts.csv"):
        found[NGRAMS[row["order"]]][int(row["n_words"])] = [100 * float(row["overall"])]
    for row in read_rows(Path(folder) / "amounts.csv"):
        found[f"GPT, {row['size']}"].setdefault(int(row["n_words"]), []).append(100 * float(row["overall"]))
    return found


def table(folder):
    """Markdown: those scores, a line an arm, a column an amount; of several seeds the mean (lowest to highest)."""
    found = scores(folder)
    amounts = sorted({n for row in found.values() for n in row})
    lines = ["| words read | " + " | ".join(f"{n:,}" for n in amounts) + " |", "|---" * (1 + len(amounts)) + "|"]
    for arm, row in found.items():
        lines.append(f"| {arm} | " + " | ".join(over(row.get(n, [])) for n in amounts) + " |")
    return "\n".join(lines)


def curve(folder):
    """Markdown: the loss on dev books, a line a size, a column so many operations; the least of each column is bold."""
    budgets, losses = read_compute(Path(folder) / "compute.csv")
    least = np.nanmin(list(losses.values()), axis=0)
    lines = ["| parameters | " + " | ".join(f"{o:.0e}" for o in budgets) + " |", "|---" * (1 + len(budgets)) + "|"]
    for size, row in losses.items():
        cells = (
            f"**{x:.3f}**" if x == best else "" if math.isnan(x) else f"{x:.3f}"
            for x, best in zip(row, least, strict=True)
        )
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    name, folder = sys.argv[1:]
    if name in ("table", "curve"):
        print({"table": table, "curve": curve}[name](folder))
    else:
        fill(Path(folder) / f"{name}.csv", STUDIES[name], {"counts": count, "chinese": read_chinese}.get(name, read))
