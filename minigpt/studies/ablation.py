"""Does pre-training help, and what of it? The ablations of Radford et al. 2018, in miniature, on the toy world.

    table 5           from scratch; with the auxiliary loss of eq. (1); an LSTM in the Transformer's place
    figure 2, left    only the embeddings and the first l of L blocks are taken over
    figure 2, right   what the language model answers without a label, as it learns
    ours              50 to 5,000 labels; bodies that read less, or more, than the plain stories

Every line of the table is one `Trial`. A run that was stopped goes on: it fills in the lines that are missing.
"""

import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path

from minigpt.data import world_tasks
from minigpt.finetune import finetune
from minigpt.model import GPT
from minigpt.studies import settings, zeroshot
from minigpt.studies.lstm import LSTM
from minigpt.studies.snapshots import keeping
from minigpt.support.errors import InputError
from minigpt.support.files import write_csv
from minigpt.support.tensors import fill
from minigpt.task_model import TaskModel, score
from minigpt.train import documents, pretrain

EPOCHS = {50: 60, 500: 10, 5_000: 3}  # labels: the fewer there are, the more often each is read
SNAPSHOTS = (0, 100, 300, 1_000, 2_000, 3_000)  # steps of pre-training, beside the last
FULL = 500  # labels, where the question is another


@dataclass(frozen=True)
class Trial:
    """One line of the table: a body, how much of it is taken over, and how it learns the task.

    `body` is gpt, lstm, scratch, or the name of a text other than the plain stories; `layers` how many blocks are taken
    over, the embeddings always (but from scratch); `labels` 0 asks the language model itself, after `steps` of
    pre-training; `aux` weighs eq. (1) in fine-tuning.
    """

    seed: int
    task: str
    body: str
    layers: int
    steps: int
    labels: int
    aux: float


def trials(seed, n_layer, last, others=()):
    """All trials of one seed, for `n_layer` blocks, `last` steps of pre-training, and the `others` texts to read."""
    for task in world_tasks.TASKS:
        full = Trial(seed, task, "gpt", n_layer, last, FULL, 0.0)
        scratch = dataclasses.replace(full, body="scratch", layers=0, steps=0)
        yield from (dataclasses.replace(full, labels=0, steps=steps) for steps in snapshots(last))
        yield from (dataclasses.replace(arm, labels=labels) for labels in EPOCHS for arm in (scratch, full))
        yield from (dataclasses.replace(full, layers=layers) for layers in range(n_layer))
        yield dataclasses.replace(full, aux=0.5)
        yield dataclasses.replace(full, body="lstm", layers=1)
        yield from (dataclasses.replace(full, body=other) for other in others)


def snapshots(last):
    return [*(steps for steps in SNAPSHOTS if steps < last), last]


def ablate(out, seed, setting=None, say=print, device="cpu"):
    """Do one seed's trials that `out` does not hold yet; returns the rows of `out`/seed<seed>/ablations.csv.

    Args:
        setting: a `settings.Setting`; the default is that of `minigpt run`. device: where all of it is computed.
    """
    out = Path(out) / f"seed{seed}"
    setting = setting or settings.toy(seed)
    table = out / "ablations.csv"
    rows = read_table(table) if table.exists() else []
    done = {trial_of(row) for row in rows}
    every = trials(seed, setting.sizes["n_layer"], setting.pretraining.steps, setting.others)
    missing = [trial for trial in every if trial not in done]
    say(f"seed {seed}: {len(rows)} lines stand in {table}, {len(missing)} are missing")
    if missing:
        tok = setting.tokenizer()
        bodies = {
            name: body(out / name.replace(" ", "-"), name, setting, tok, device)
            for name in ("gpt", "lstm", *setting.others)
        }
    for trial in missing:
        score = attempt(trial, setting, tok, bodies, out, device).to_json()
        rows.append(dataclasses.asdict(trial) | {name: round(score[name], 4) for name in ("score", "low", "high")})
        write_csv(table, rows)
        say(", ".join(f"{name} {value}" for name, value in rows[-1].items()))
    return rows


def body(folder, name, setting, tok, device="cpu"):
    """Pre-train a body in `folder`, or go on where that was stopped; the snapshots are kept beside."""
    last, config = setting.pretraining.steps, setting.config(tok)
    model = (LSTM if name == "lstm" else GPT)(config, setting.pretraining.seed).to(device)
    sequences = documents(setting.others.get(name, setting.corpus).texts, tok, config.n_ctx)

    trained = folder / f"step{last}.safetensors"
    if not trained.exists():
        resume = (folder / "checkpoint.safetensors").exists()
        watch = keeping(model, folder, snapshots(last)[resume:])  # step 0 is kept once
        pretrain(model, sequences, setting.pretraining, folder, resume=resume, watch=watch)
    fill(model, trained)
    return model


def attempt(trial, setting, tok, bodies, out, device="cpu", progress=True):
    """One trial's `Score`: the accuracy on the task's test examples, with its 95% interval."""
    data = setting.tasks[trial.task]
    if trial.labels == 0:
        gpt = GPT(bodies["gpt"].config).to(device)
        fill(gpt, out / "gpt" / f"step{trial.steps}.safetensors")
        return score(trial.task, zeroshot.answer(gpt, tok, trial.task, data.test), data.test)
    train = labelled(trial, data.test)
    config = dataclasses.replace(bodies["gpt"].config, dropout=0.1)
    model = (LSTM if trial.body == "lstm" else GPT)(config, trial.seed + 1)
    if trial.body != "scratch":
        take_over(bodies[trial.body], model, trial.layers)
    task_model = TaskModel.for_examples(trial.task, tok, model, train, trial.seed).to(device)
    recipe = dataclasses.replace(data.recipe, epochs=EPOCHS[trial.labels], aux=trial.aux)
    finetune(task_model, train, recipe, progress)
    return task_model.evaluate(data.test)


def labelled(trial, test):
    """The trial's training examples: fewer labels are the first of more, and none is a test example."""
    return world_tasks.examples(trial.task, max(EPOCHS), trial.seed, without=test)[: trial.labels]


def take_over(body, model, layers):
    """Copy the embeddings and the first `layers` blocks of `body`; the rest of `model` stays as it was drawn."""
    ours = model.state_dict()
    for name, weight in body.state_dict().items():
        if not name.startswith("blocks.") or int(name.split(".")[1]) < layers:
            ours[name] = weight
    model.load_state_dict(ours)


def trial_of(row):
    return Trial(**{field.name: row[field.name] for field in dataclasses.fields(Trial)})


def read_table(path):
    """The rows of an `ablations.csv`.

    Raises:
        InputError: if the file is missing or no such table.
    """
    numbers = {"seed": int, "layers": int, "steps": int, "labels": int}
    numbers |= dict.fromkeys(("aux", "score", "low", "high"), float)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise ValueError("no line")
        rows = [{name: numbers.get(name, str)(x) for name, x in row.items()} for row in rows]
        return [dataclasses.asdict(trial_of(row)) | row for row in rows]
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; `minigpt ablate` writes it") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no table of `minigpt ablate` ({error!r}); delete it, or restore it") from None


def merge(out):
    """All seeds' tables in `out` as one, `ablations.csv`; returns its rows."""
    rows = [row for path in sorted(Path(out).glob("seed*/ablations.csv")) for row in read_table(path)]
    write_csv(Path(out) / "ablations.csv", rows)
    return rows
