"""The main job: pre-train with eqs. (1) and (2), fine-tune through eqs. (5) to (8), and say what pre-training bought.

    texts -> tokenizer -> GPT -> pretrain
    each task: majority, bag of words, word pairs; the GPT from scratch and the pre-trained one, fine-tuned

Both arms have the same architecture, labels, recipe and number of steps; they differ in where the weights start.
"""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

from minigpt import baselines, plots
from minigpt.data import readers, world, world_tasks
from minigpt.files import InputError, write_json
from minigpt.finetune import FinetuneConfig, Finetuned, finetune, score
from minigpt.folders import refuse_full
from minigpt.model import GPT, GPTConfig
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

FRESH = 1_000_000  # added to a seed for test data


@dataclass(frozen=True)
class Setting:
    """What to read, how large a model, which tasks: {name: (task, train, test, FinetuneConfig)}."""

    texts: list
    fresh: list
    level: str
    vocab_size: int
    sizes: dict
    pretraining: TrainConfig
    tasks: dict
    floor: float | None = None
    dropout: float = 0.0  # in pre-training; fine-tuning has 0.1


def toy(seed, language="en"):
    """The toy world: 500 labels and 1,000 other test examples a task, and the exact floor of eq. (1).

    Fresh stories are drawn like those of pre-training. The shortest, which are likely, come again there by chance.
    """
    texts = world.stories(60_000, seed, language)
    fresh = world.stories(2_000, seed + FRESH, language)
    recipe = FinetuneConfig(epochs=10, batch_size=16, lr=5e-4, warmup=0.1, seed=seed)  # 0.002 would be no step
    tasks = {}
    for task in world_tasks.TASKS:
        train = world_tasks.examples(task, 500, seed, language)
        tasks[task] = (task, train, world_tasks.examples(task, 1_000, seed + FRESH, language, without=train), recipe)
    return Setting(
        texts, fresh, level="word", vocab_size=100,
        sizes={"n_ctx": 72, "n_layer": 3, "n_head": 4, "d_model": 96},
        pretraining=TrainConfig(steps=6_000, batch_size=24, lr=2e-3, seed=seed),
        tasks=tasks, floor=world.floor(fresh, language),
    )  # fmt: skip


REAL = {  # data set: task, epochs; chosen on the dev splits and for the time they take, before any test score was seen
    "trec": ("single_text", 6),
    "sick-entailment": ("entailment", 6),
    "sick-relatedness": ("similarity", 6),
    "dream": ("multiple_choice", 1),
}


def real(seed):
    """Real text: Shakespeare, WikiText-2 and the tasks' own unlabelled training text, then four real tasks."""
    texts = [readers.read_text("tinyshakespeare"), readers.read_text("wikitext-2", "valid")]
    tasks = {}
    for name, (task, epochs) in REAL.items():
        train = readers.read_task(name, "train")
        if name == "trec":
            train += readers.read_task(name, "dev")  # ours, cut from the training file, and not needed here
        texts += unlabelled(train) if name != "sick-relatedness" else []  # its texts are sick-entailment's
        recipe = FinetuneConfig(epochs=epochs, lr=5e-4, seed=seed)
        tasks[name] = (task, train, readers.read_task(name, "test"), recipe)
    return Setting(
        texts, [readers.read_text("wikitext-2", "test")[:200_000]], level="bpe", vocab_size=2_000,
        sizes={"n_ctx": 128, "n_layer": 4, "n_head": 4, "d_model": 128},
        pretraining=TrainConfig(steps=5_000, batch_size=32, lr=1e-3, seed=seed), tasks=tasks, dropout=0.1,
    )  # fmt: skip


def unlabelled(examples):
    """The texts of labelled examples, each once, without their labels; a question's options are all taken."""
    found = {}
    for example in examples:
        for column, value in example.items():
            if column not in ("label", "score"):
                found.update(dict.fromkeys(value if isinstance(value, list) else [value]))
    return list(found)


def run(setting, out, seed, device, say=print):
    """Do the main job; everything is written to the folder `out`.

    Returns:
        what `metrics.json` holds: {"pretraining": {...}, "tasks": {name: {arm: {"metric", "score", "low", "high"}}}}.
    """
    out = Path(out)
    refuse_full(out)
    started = time.perf_counter()
    tok = Tokenizer.train(setting.texts, setting.vocab_size, setting.level)
    config = GPTConfig(vocab_size=tok.vocab_size, **setting.sizes)
    model = pretrained_model(setting, tok, config, out, device)
    found = evaluate(model, documents(setting.fresh, tok, config.n_ctx))
    metrics = {"seed": seed, "pretraining": {**found, "floor": setting.floor}, "tasks": {}}
    metrics["pretraining"]["seconds"] = time.perf_counter() - started
    say(pretraining_line(metrics["pretraining"]))
    say(f"{'task':18}" + "".join(f"{arm:>22}" for arm in plots.ARMS))
    for name, (task, train, test, recipe) in setting.tasks.items():
        metrics["tasks"][name] = row = compare(task, train, test, recipe, tok, model, seed, out / name)
        say(f"{name:18}" + "".join(f"{cell(row[arm]):>22}" for arm in plots.ARMS))
    metrics["seconds"] = time.perf_counter() - started
    plots.save(plots.task_table(metrics["tasks"]), out / "table.png")
    write_json(out / "metrics.json", metrics)
    say(f"{metrics['seconds']:.0f} s in all; weights, tokenizer, metrics.json, loss.csv and pictures are in {out}")
    return metrics


def pretrained_model(setting, tok, config, out, device):
    """Pre-train; where each text is read only two or three times, too few to learn it by heart, without dropout."""
    model = GPT(dataclasses.replace(config, dropout=setting.dropout), setting.pretraining.seed).to(device)
    log = pretrain(model, documents(setting.texts, tok, config.n_ctx), setting.pretraining, out)
    model.save(out)
    tok.save(out)
    plots.save(plots.loss_curve(log, setting.floor), out / "loss.png")
    return model


def compare(task, train, test, recipe, tok, model, seed, out):
    """One task's row: every arm's score on the test examples."""
    row = {"task": task, "n_train": len(train), "n_test": len(test)}
    row["majority"] = score(baselines.majority(train, test), test)
    row["bag of words"] = score(baselines.bag_of_words(task, train, test), test)
    row["word pairs"] = score(baselines.bag_of_words(task, train, test, longest=2), test)
    device = next(model.parameters()).device
    for arm in ("from scratch", "pre-trained"):
        gpt = GPT(dataclasses.replace(model.config, dropout=0.1), seed + 1)
        if arm == "pre-trained":
            gpt.load_state_dict(model.state_dict())
        tuned = Finetuned.for_examples(task, tok, gpt, train, seed)
        tuned.model.to(device)
        done = finetune(tuned, train, recipe)
        row[arm] = tuned.evaluate(test) | {"cut": done["cut"]}
    tuned.save(out)  # the pre-trained arm, the last
    return row


def pretraining_line(found):
    line = f"pre-training: {found['loss']:.4f} ± {1.96 * found['standard_error']:.4f} nats per token on fresh text"
    if found["floor"] is None:
        return line
    return line + f"; exact floor {found['floor']:.4f}, {100 * (found['loss'] / found['floor'] - 1):+.1f}%"


def cell(found):
    return f"{100 * found['score']:.1f} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def spread(runs):
    """The `metrics.json` of several runs as one Markdown table: each score's mean (lowest to highest) over the runs."""
    for run in runs:
        if run.get("tasks", {}).keys() != runs[0].get("tasks", {}).keys() or "pretraining" not in run:
            raise InputError(
                "these folders hold different kinds of runs; name runs of one `minigpt run`, other seeds only"
            )
    lines = ["| | " + " | ".join(plots.ARMS) + " |", "|---" * (1 + len(plots.ARMS)) + "|"]
    for task in runs[0]["tasks"]:
        scores = ([100 * run["tasks"][task][arm]["score"] for run in runs] for arm in plots.ARMS)
        cells = (f"{sum(s) / len(s):.1f} ({min(s):.1f} to {max(s):.1f})" for s in scores)
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    seeds = ", ".join(str(run["seed"]) for run in runs)
    return "\n".join([*lines, "", f"Seeds {seeds}:", *(pretraining_line(run["pretraining"]) for run in runs)])
