"""Chapter 00's curve of loss against data once more, on real text: books that the reader has, not part of the project.

    loss(D)  =  eq. (1) on pages of books that were not trained on, in nats per character          D characters

Nobody knows the floor of real text, so the loss itself is measured. A look ahead, as `scaling.py` is.
`make books BOOKS=folder` reads a folder of texts and writes the numbers that chapter 00 draws, some minutes.
"""

import csv
import random
import sys
from pathlib import Path

import numpy as np

from minigpt.data import gutenberg
from minigpt.model import GPT, GPTConfig
from minigpt.studies.scaling import SEEDS
from minigpt.support.errors import InputError
from minigpt.support.files import write_csv
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

AMOUNTS = (3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)  # characters
PAGE, HELD_OUT, N_FRESH = 128, 10, 500  # characters of a page; each tenth book is never trained on; pages for the test


def read_book(path):
    """A book's own text, without what Project Gutenberg says before and after it, each run of white space one space."""
    return " ".join(gutenberg.body(path.read_bytes()).split())


def pages(folder):
    """All pages of a folder's `.txt` files: those to train on, and those of every tenth book.

    Raises:
        InputError: if there are too few books.
    """
    paths = sorted(Path(folder).glob("*.txt"))
    if len(paths) < HELD_OUT:
        raise InputError(f"{str(folder)!r} holds {len(paths)} .txt files; give a folder of at least {HELD_OUT} books")
    train, fresh = [], []
    for place, path in enumerate(paths):
        text = read_book(path)
        kept = fresh if place % HELD_OUT == HELD_OUT - 1 else train
        kept += [text[i : i + PAGE] for i in range(0, len(text) - PAGE, PAGE)]
    return train, fresh


def loss_on_books(train, fresh, n_characters, steps=400, d_model=32, seed=0):
    """Train one small GPT on pages drawn by the seed; returns its nats per character on fresh pages."""
    drawn = random.Random(f"pages {seed}").sample(train, n_characters // PAGE)
    tok = Tokenizer.train(fresh[::10], 100, "char")  # the same characters for every run
    config = GPTConfig(tok.vocab_size, n_ctx=PAGE + 1, n_layer=2, n_head=2, d_model=d_model, dropout=0.0)
    model = GPT(config, seed)
    sequences = documents(drawn, tok, config.n_ctx)
    pretrain(model, sequences, TrainConfig(steps, batch_size=16, lr=4e-3, seed=seed), progress=False)
    return evaluate(model, documents(random.Random("fresh").sample(fresh, N_FRESH), tok, config.n_ctx))["loss"]


def run_books(folder, path, amounts=AMOUNTS, seeds=SEEDS, **setting):
    """Every amount with every seed; writes a CSV with a line each: numbers, and nothing of the texts."""
    train, fresh = pages(folder)
    rows = [
        {"characters": n, "seed": seed, "loss": round(loss_on_books(train, fresh, n, seed=seed, **setting), 5)}
        for n in amounts
        for seed in seeds
    ]
    write_csv(path, rows)


def read_books(path):
    """The CSV: the amounts of text, and nats per character (seeds, amounts)."""
    with open(path, newline="", encoding="utf-8") as file:
        loss = {(int(row["seed"]), int(row["characters"])): float(row["loss"]) for row in csv.DictReader(file)}
    seeds, amounts = (sorted(set(part)) for part in zip(*loss, strict=True))
    return amounts, np.array([[loss[seed, n] for n in amounts] for seed in seeds])


def read_compute(path):
    """What `reading.py` found for each size and budget: the budgets, in operations, and {size: nats per character of
    each}, nan where a size was not tried."""
    with open(path, newline="", encoding="utf-8") as file:
        loss = {(row["size"], float(row["operations"])): float(row["loss"]) for row in csv.DictReader(file)}
    budgets = sorted({operations for _, operations in loss})
    return budgets, {size: np.array([loss.get((size, o), np.nan) for o in budgets]) for size, _ in loss}


if __name__ == "__main__":
    try:
        run_books(*sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
