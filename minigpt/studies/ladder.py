"""SICK and DREAM stay below counting words: which change brings them up? A ladder on dev, each rung one change.

    python -m minigpt.studies.ladder climb FOLDER
    python -m minigpt.studies.ladder table FOLDER        what is there, in Markdown

Body and recipe of `BASE`, and each rung with what it changes of them, three seeds (of DREAM, which takes longest, one);
FOLDER/ladder.csv gets a line a run, FOLDER/bodies keeps the bodies, which rungs share. What was cut short goes on. No
test example is read.
"""

import math
import random
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np

from minigpt.data.real import read_task, read_text
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.model import GPT, GPTConfig
from minigpt.studies import baselines
from minigpt.studies.jobs import fill, read_rows
from minigpt.studies.reading import BATCH, LR, SEEDS, SIZES, library
from minigpt.studies.results import over
from minigpt.studies.settings import READ, REAL, own_text
from minigpt.support.device import one_thread
from minigpt.task_model import TaskModel, score
from minigpt.train import TrainConfig, documents, pretrain

TASKS = ("sick-entailment", "sick-relatedness", "dream")
BASE = {
    "texts": "books",
    "size": "1M",
    "n_ctx": 256,
    "steps": 4_000,
    "lr": 5e-4,
    "batch": 32,
    "aux": 0.0,
    "epochs": 1,
    "labels": 1,
}
RUNGS = {  # what each changes; `epochs` multiplies those of `settings.REAL`, `labels` is the share of those there are
    "from scratch": {"steps": 0},
    "text of before": {"texts": "before"},
    "base": {},
    "without the tasks' own text": {"texts": "books alone"},
    "the tasks' own text ten times": {"texts": "own ten times"},
    "four times the steps": {"steps": 16_000},
    "larger body": {"size": "3M"},
    "n_ctx 128": {"n_ctx": 128},
    "n_ctx 512": {"n_ctx": 512},
    "batches of 8": {"batch": 8},
    "auxiliary loss": {"aux": 0.5},
    "GPT-1's recipe": {"lr": 6.25e-5, "aux": 0.5, "epochs": 0.5},
    "four times the epochs": {"epochs": 4},
    "half of the labels": {"labels": 0.5},
    "a quarter of the labels": {"labels": 0.25},
}
TIMES = {"books alone": 0, "books": 1, "own ten times": 10}  # how often the tasks' own text stands among the books
COUNTED = {  # what is asked of no body
    "majority": lambda task, train, dev: baselines.majority(train, dev),
    "bag of words": baselines.bag_of_words,
    "word pairs": partial(baselines.bag_of_words, longest=2),
}


@cache
def texts(name):
    """What a body reads: "before" is what real runs of version 0.1.0 read."""
    if name == "before":
        return [read_text("tinyshakespeare"), read_text("wikitext-2", "valid"), *own_text(READ["en"])]
    return library()[0] + own_text(READ["en"]) * TIMES[name]


def body(folder, texts_name, size, n_ctx, steps, seed):
    """A body that is pre-trained as told, read from the folder if it is there."""
    place = Path(folder) / "bodies" / f"{texts_name}-{size}-{n_ctx}-{steps}-{seed}".replace(" ", "-")
    tok = library()[2]
    config = GPTConfig(tok.vocab_size, n_ctx, **SIZES[size], dropout=0.0)
    if not (place / "config.json").exists():  # `save` writes it last
        model = GPT(config, seed if steps else seed + 1)  # untrained, it is not drawn as the head is
        if steps:
            recipe = TrainConfig(steps, BATCH, LR, seed=seed, beta2=0.98)
            pretrain(model, documents(texts(texts_name), tok, n_ctx), recipe, progress=False)
        model.save(place)
    model = GPT(GPTConfig(**config.to_json() | {"dropout": 0.1}))
    model.load_state_dict(GPT.load(place).state_dict())
    return model


def climb(folder, task, rung, seed):
    """One line of the table: the score on dev, with its interval, and how many training examples were cut."""
    train, dev = read_task(task, "train"), read_task(task, "dev")
    kind, epochs = REAL["en"][task]
    if rung in COUNTED:
        return told(score(kind, COUNTED[rung](kind, train, dev), dev), 0, None)
    now = BASE | RUNGS[rung]
    train = random.Random(f"labels {seed}").sample(train, round(now["labels"] * len(train)))
    with one_thread():
        model = body(folder, now["texts"], now["size"], now["n_ctx"], now["steps"], seed)
        model = TaskModel.for_examples(kind, library()[2], model, train, seed)
        epochs = max(1, round(epochs * now["epochs"]))
        recipe = FinetuneConfig(epochs, now["batch"], now["lr"], aux=now["aux"], seed=seed)
        done = finetune(model, train, recipe, progress=False)
        return told(model.evaluate(dev), done["cut"], model.evaluate(train).score)


def told(found, n_cut, train):
    return {"score": found.score, "low": found.low, "high": found.high, "cut": n_cut, "train": train}


def all_jobs():
    """What is counted, in all English tasks; then each rung. n_ctx matters to DREAM's long texts only."""
    jobs = [{"task": task, "rung": rung, "seed": 0} for task in REAL["en"] for rung in COUNTED]
    short = [rung for rung in RUNGS if "n_ctx" not in RUNGS[rung]]
    jobs += [{"task": task, "rung": rung, "seed": seed} for seed in SEEDS for rung in short for task in TASKS[:2]]
    return jobs + [{"task": "dream", "rung": rung, "seed": 0} for rung in RUNGS]


def run(folder, jobs):
    fill(Path(folder) / "ladder.csv", jobs, lambda **job: climb(folder, **job))


def at_times(folder, task, times):
    """The mean score at `times` the labels, in per cent or 100 r, by the line through those at shares of them.

    None where no share was tried. The line is straight against the logarithm of the number of labels: a guess, and the
    wilder the further it reaches.
    """
    shares = {rung: change.get("labels", 1) for rung, change in RUNGS.items() if rung == "base" or "labels" in change}
    rows = [row for row in read_rows(Path(folder) / "ladder.csv") if row["task"] == task and row["rung"] in shares]
    at = np.log2([shares[row["rung"]] for row in rows])
    if len(set(at)) < 2:
        return None
    slope, all_of_them = np.polyfit(at, [100 * float(row["score"]) for row in rows], deg=1)
    return all_of_them + slope * math.log2(times)


def table(folder):
    """Markdown: a line a rung; of each task the mean score on dev (lowest to highest seed), in per cent or 100 r, and
    what the change bought: how far it is ahead of `base` on the same seed."""
    found = {(task, rung): {} for task in TASKS for rung in [*COUNTED, *RUNGS]}
    for row in read_rows(Path(folder) / "ladder.csv"):
        if row["task"] in TASKS:
            found[row["task"], row["rung"]][row["seed"]] = 100 * float(row["score"])
    lines = ["| | " + " | ".join(f"{task} | bought" for task in TASKS) + " |", "|---" * (1 + 2 * len(TASKS)) + "|"]
    for rung in [*COUNTED, *RUNGS]:
        cells = []
        for task in TASKS:
            scores, base = found[task, rung], found[task, "base"]
            changed = rung in RUNGS and rung != "base"
            bought = [score - base[seed] for seed, score in scores.items() if changed and seed in base]
            cells += [over([*scores.values()]), over(bought)]
        if any(cells):
            lines.append(f"| {rung} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    what, folder = sys.argv[1:]
    if what == "climb":
        run(folder, all_jobs())
    elif what == "table":
        print(table(folder))
        for task in (task for task in TASKS if at_times(folder, task, 1) is not None):
            print(
                f"{task} at twice the labels, by a line through its scores at shares: {at_times(folder, task, 2):.1f}"
            )
    else:
        sys.exit(f"{what!r} is not one of climb, table")
