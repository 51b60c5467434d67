"""The main job: pre-train with eqs. (1) and (2), fine-tune through eqs. (5) to (8), and say what pre-training bought.

    texts -> tokenizer -> GPT -> pretrain
    each task: majority, bag of words, word pairs; the GPT from scratch and the pre-trained one, fine-tuned

Both arms have the same architecture, labels, recipe and number of steps; they differ in where the weights start.
"""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

from minigpt.data import world, world_tasks
from minigpt.data.real import read_task, read_text
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.formats import texts_of
from minigpt.model import GPT, GPTConfig
from minigpt.pictures import plots
from minigpt.studies import baselines
from minigpt.support.device import one_thread, product_speed
from minigpt.support.errors import InputError
from minigpt.support.files import write_json
from minigpt.support.folders import refuse_full
from minigpt.support.workers import processes_for
from minigpt.task_model import TaskModel, score
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

FRESH = 1_000_000  # added to a seed for test data
WARM, PRETRAINING_SHARE = 100, 0.85  # steps by which the whole job's time is judged; the part that pre-training takes


@dataclass(frozen=True)
class TaskData:
    """One row of the table: a task of `formats.TASKS`, its examples, and how to fine-tune on them."""

    task: str
    train: list
    test: list
    recipe: FinetuneConfig


@dataclass(frozen=True)
class Setting:
    """What to read, how large a model, which tasks: {row of the table: TaskData}."""

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
    recipe = FinetuneConfig(epochs=5, batch_size=16, lr=5e-4, warmup=0.1, seed=seed)  # 0.002 would be no step
    tasks = {}
    for task in world_tasks.TASKS:
        train = world_tasks.examples(task, 500, seed, language)
        test = world_tasks.examples(task, 1_000, seed + FRESH, language, without=train)
        tasks[task] = TaskData(task, train, test, recipe)
    return Setting(
        texts, fresh, level="word", vocab_size=100,
        sizes={"n_ctx": 72, "n_layer": 3, "n_head": 4, "d_model": 96},
        pretraining=TrainConfig(steps=4_000, batch_size=24, lr=2e-3, beta2=0.98, seed=seed),
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
    texts = [read_text("tinyshakespeare"), read_text("wikitext-2", "valid")]
    tasks = {}
    for name, (task, epochs) in REAL.items():
        train = read_task(name, "train")
        if name == "trec":
            train += read_task(name, "dev")  # ours, cut from the training file, and not needed here
        texts += unlabelled(train) if name != "sick-relatedness" else []  # its texts are sick-entailment's
        recipe = FinetuneConfig(epochs=epochs, lr=5e-4, seed=seed)
        tasks[name] = TaskData(task, train, read_task(name, "test"), recipe)
    return Setting(
        texts, [read_text("wikitext-2", "test")[:200_000]], level="bpe", vocab_size=2_000,
        sizes={"n_ctx": 128, "n_layer": 4, "n_head": 4, "d_model": 128},
        pretraining=TrainConfig(steps=5_000, batch_size=32, lr=1e-3, seed=seed), tasks=tasks, dropout=0.1,
    )  # fmt: skip


def unlabelled(examples):
    """The texts of labelled examples, each once."""
    return list(dict.fromkeys(texts_of(examples)))


def run(setting, out, seed, device, say=print):
    """Do the main job; everything is written to the folder `out`.

    Each process has one thread: small products gain little from two, and lose much where other work keeps the cores
    busy. Instead another process trains the arms from scratch while this one pre-trains, and the four tasks share the
    cores afterwards.

    Returns:
        what `metrics.json` holds: {"pretraining": {...}, "tasks": {name: {arm: {"metric", "score", "low", "high"}}}}.
    """
    out = Path(out)
    refuse_full(out)
    started, gflops = time.perf_counter(), product_speed()
    tok = Tokenizer.train(setting.texts, setting.vocab_size, setting.level)
    tok.save(out)
    config = GPTConfig(vocab_size=tok.vocab_size, **setting.sizes)
    say(f"{len(setting.texts):,} texts, |V| = {tok.vocab_size}; one thread multiplies at {gflops:.0f} GFLOP/s here")
    with one_thread(), processes_for(len(setting.tasks)) as pool:
        others = pool.submit(arms_without_body, setting.tasks, tok, config, seed, device)  # on the other core
        model = pretrained_model(setting, tok, config, out, device, say)
        pretraining = evaluate(model, documents(setting.fresh, tok, config.n_ctx)) | {"floor": setting.floor}
        pretraining["seconds"] = time.perf_counter() - started
        say(pretraining_line(pretraining))
        tuned = {
            name: pool.submit(fine_tuned, data, tok, config, seed, device, out, out / name)
            for name, data in setting.tasks.items()
        }
        metrics = {"seed": seed, "pretraining": pretraining, "tasks": {}}
        say(f"{'task':18}" + "".join(f"{arm:>22}" for arm in plots.ARMS))
        for name in setting.tasks:
            metrics["tasks"][name] = row = others.result()[name] | {"pre-trained": tuned[name].result()}
            say(f"{name:18}" + "".join(f"{cell(row[arm]):>22}" for arm in plots.ARMS))
    metrics |= {"seconds": time.perf_counter() - started, "gflops": gflops}
    plots.save(plots.task_table(metrics["tasks"]), out / "table.png")
    write_json(out / "metrics.json", metrics)
    say(f"{metrics['seconds']:.0f} s in all; weights, tokenizer, metrics.json, loss.csv and pictures are in {out}")
    return metrics


def pretrained_model(setting, tok, config, out, device, say=print):
    """Pre-train; where each text is read only two or three times, too few to learn it by heart, without dropout."""
    model = GPT(dataclasses.replace(config, dropout=setting.dropout), setting.pretraining.seed).to(device)
    n_steps, begun = setting.pretraining.steps, []

    def estimate(log):
        if len(log) == WARM:  # the first steps load what PyTorch loads when it is first used
            begun.append(time.perf_counter())
        if len(log) == 2 * WARM:
            seconds = (time.perf_counter() - begun[0]) / WARM * n_steps / PRETRAINING_SHARE
            say(
                f"about {max(1, round(seconds / 60))} min in all on this machine, judged by {WARM} of {n_steps:,} steps"
            )

    log = pretrain(model, documents(setting.texts, tok, config.n_ctx), setting.pretraining, out, watch=estimate)
    model.save(out)
    plots.save(plots.loss_curve(log, setting.floor), out / "loss.png")
    return model


def arms_without_body(tasks, tok, config, seed, device):
    """The arms of each task's row that no pre-training precedes."""
    rows = {}
    for name, data in tasks.items():
        task, train, test = data.task, data.train, data.test
        rows[name] = row = {"task": task, "n_train": len(train), "n_test": len(test)}
        row["majority"] = score(task, baselines.majority(train, test), test).to_json()
        row["bag of words"] = score(task, baselines.bag_of_words(task, train, test), test).to_json()
        row["word pairs"] = score(task, baselines.bag_of_words(task, train, test, longest=2), test).to_json()
        row["from scratch"] = fine_tuned(data, tok, config, seed, device)
    return rows


def fine_tuned(data, tok, config, seed, device, pretrained=None, out=None):
    """Fine-tune on `TaskData`, from the folder `pretrained` or from scratch; its score, and how many were cut."""
    body = GPT(dataclasses.replace(config, dropout=0.1), seed + 1)
    if pretrained is not None:
        body.load_state_dict(GPT.load(pretrained).state_dict())
    model = TaskModel.for_examples(data.task, tok, body, data.train, seed).to(device)
    done = finetune(model, data.train, data.recipe, progress=False)
    if out is not None:
        model.save(out)
    return model.evaluate(data.test).to_json() | {"cut": done["cut"]}


def pretraining_line(result):
    line = f"pre-training: {result['loss']:.4f} ± {1.96 * result['standard_error']:.4f} nats per token on fresh text"
    if not result["floor"]:
        return line
    return line + f"; exact floor {result['floor']:.4f}, {100 * (result['loss'] / result['floor'] - 1):+.1f}%"


def cell(score):
    return f"{100 * score['score']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


def spread(runs):
    """The `metrics.json` of several runs as one Markdown table: each score's mean (lowest to highest) over the runs."""
    for run in runs:
        if run.get("tasks", {}).keys() != runs[0].get("tasks", {}).keys() or "pretraining" not in run:
            raise InputError(
                "these folders hold different kinds of runs; name runs of one `minigpt run`, of other seeds"
            )
    seeds = ", ".join(str(run["seed"]) for run in runs)
    if len({run["seed"] for run in runs}) < len(runs):
        raise InputError(f"seeds {seeds}: a run counts twice; name each once, of one language")
    for task in runs[0]["tasks"]:
        metrics = {run["tasks"][task][arm].get("metric", "accuracy") for run in runs for arm in plots.ARMS}
        if len(metrics) > 1:
            raise InputError(f"{task} is measured by {' and '.join(sorted(metrics))}; name runs on the same data")
    lines = ["| | " + " | ".join(plots.ARMS) + " |", "|---" * (1 + len(plots.ARMS)) + "|"]
    for task in runs[0]["tasks"]:
        scores = ([100 * run["tasks"][task][arm]["score"] for run in runs] for arm in plots.ARMS)
        cells = (f"{sum(s) / len(s):.1f} ({min(s):.1f} to {max(s):.1f})" for s in scores)
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"Seeds {seeds}:", *(f"- {pretraining_line(run['pretraining'])}" for run in runs)])
