"""The experiments of chapter 00: how far small models stay above the toy world's floor, and what brings them closer.

    excess(D, N, C)  =  loss of eq. (1) on fresh text  -  exact floor            D data, N parameters, C compute

A look ahead: it uses the model and the training that later chapters build.
`make scaling` runs all of them, some minutes, and writes the table that chapter 00 draws.
Lecture pages "Big data", "Big model", "Big compute"; the shape of such curves: Kaplan et al. 2020.
"""

import csv
import random
import sys

import numpy as np

from minigpt.data import world
from minigpt.model import GPT, GPTConfig
from minigpt.support import words
from minigpt.support.files import write_csv
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

N_FRESH, FRESH = 300, 1_000_000  # test stories, and what is added to a seed for them
SEEDS = (0, 1, 2)
STUDIES = {  # what is varied: the arguments of `excess`, one run after another
    "data": [{"n_stories": n, "steps": 400} for n in (30, 100, 300, 1_000, 3_000)],
    "noise": [{"n_stories": 3_000, "steps": 400, "noise": share} for share in (0.0, 0.05, 0.2)],
    "model": [{"n_stories": 4_000, "steps": 400, "d_model": d} for d in (8, 16, 32, 64)],
    "compute": [{"n_stories": 4_000, "steps": n} for n in (50, 100, 200, 400, 800)],
    "spent": [
        {"n_stories": 4_000, "d_model": 32, "steps": 400},
        {"n_stories": 4_000, "d_model": 96, "steps": 50},
        {"n_stories": 4_000, "d_model": 8, "steps": 4_000},
        {"n_stories": 60, "d_model": 32, "steps": 400},
    ],
}


def noisy(texts, share, seed):
    """`texts` with a share of their words replaced by words drawn from all of them: data of lower quality."""
    rng = random.Random(f"noise {seed}")
    cut = [words.split(text) for text in texts]
    pool = [word for text in cut for word in text]
    return [words.join([rng.choice(pool) if rng.random() < share else word for word in text]) for text in cut]


def excess(n_stories=2_000, d_model=32, steps=250, noise=0.0, seed=0):
    """Train one small GPT; returns its nats per token above the floor on fresh stories, and its number of parameters.

    Args:
        n_stories: how many stories there are to read; they are read again until the steps are done.
        d_model: the width of a model of 2 layers. steps: updates on 16 stories each.
        noise: the share of words replaced in the training text; the fresh stories stay clean.
    """
    texts = world.stories(n_stories, seed)
    fresh = world.stories(N_FRESH, seed + FRESH)
    tok = Tokenizer.train(world.stories(500, FRESH), 100, "word")  # the same words for every run
    config = GPTConfig(tok.vocab_size, n_ctx=72, n_layer=2, n_head=2, d_model=d_model, dropout=0.0)
    model = GPT(config, seed)
    sequences = documents(noisy(texts, noise, seed) if noise else texts, tok, config.n_ctx)
    pretrain(model, sequences, TrainConfig(steps, batch_size=16, lr=4e-3, seed=seed), progress=False)
    result = evaluate(model, documents(fresh, tok, config.n_ctx))
    return result["loss"] - world.floor(fresh), sum(p.numel() for p in model.parameters())


def power_law(x, y):
    """Fit y = a x^-b by a straight line through the logarithms; returns a and b.

    >>> a, b = power_law([1, 10, 100], [5.0, 0.5, 0.05])
    >>> round(a, 6), round(b, 6)
    (5.0, 1.0)
    """
    slope, height = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(height)), float(-slope)


def run_studies(path, seeds=SEEDS, studies=STUDIES):
    """Do every run of `studies` with every seed; writes a CSV with a line each."""
    rows = []
    for name, settings in studies.items():
        for place, setting in enumerate(settings):
            for seed in seeds:
                above, n_parameters = excess(**setting, seed=seed)
                rows.append({"study": name, "place": place, "seed": seed})
                rows[-1] |= {"above_floor": round(above, 5), "parameters": n_parameters}
    write_csv(path, rows)


def read_study(path, name):
    """One study from the CSV: nats above the floor (seeds, runs), and the number of parameters of each run."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["study"] == name]
    above = {(int(row["seed"]), int(row["place"])): float(row["above_floor"]) for row in rows}
    seeds, places = (sorted(set(part)) for part in zip(*above, strict=True))
    sizes = {int(row["place"]): int(row["parameters"]) for row in rows}
    return np.array([[above[seed, place] for place in places] for seed in seeds]), [sizes[p] for p in places]


if __name__ == "__main__":
    run_studies(sys.argv[1])
