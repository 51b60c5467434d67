"""What the explorer's page carries: a model's weights, its tokenizer, the truth where it is known, the run's loss.

    weights -> float16 -> all high bytes, then all low ones (which compress better) -> gzip -> base64

Read from a folder of `minigpt run`, which holds the tasks' models and snapshots too, or of any model that was saved.
"""

import base64
import csv
import gzip
import json
from pathlib import Path

import numpy as np
import torch

from minigpt.data import world_tasks
from minigpt.formats import TASKS
from minigpt.model import GPT
from minigpt.pictures.explorer import world_table
from minigpt.pretrained import load_body
from minigpt.reference import BLOCK_NAMES
from minigpt.support.errors import InputError
from minigpt.support.files import read_json
from minigpt.support.tensors import fill
from minigpt.task_model import TaskModel

MOST = 5_000_000  # parameters: more would make a page that no phone opens
FRACTION = 10  # bits after the point in a float16
SNAPSHOT_BITS = 4  # of them in a snapshot, which is only looked at
N_POINTS = 200  # of the loss curve
N_EXAMPLES = 12  # of each task
NAMES = {"token_embedding.weight": "W_e", "position_embedding.weight": "W_p", "lm_head.weight": "W_L"}


def halves(tensor, bits=FRACTION):
    """A tensor as float16 with `bits` bits after the point, rounded to the nearest.

    >>> halves(torch.tensor([1.0, 1.0703125]), bits=4)
    array([1.   , 1.0625], dtype=float16)
    """
    numbers = tensor.detach().cpu().numpy().astype(np.float16).view(np.uint16)
    unit = 1 << (FRACTION - bits)
    return ((numbers + np.uint16(unit // 2)) & np.uint16(65536 - unit)).view(np.float16)


def rounded(module, bits=FRACTION):
    """Give `module` the weights that the page has; changes it and returns it."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.from_numpy(halves(p, bits).astype(np.float32)))
    return module


def equation_name(name):
    """A parameter's name in the equations: W_e, 0.W_qkv, ...; matrices stay transposed, as PyTorch keeps them."""
    if name in NAMES:
        return NAMES[name]
    _, layer, rest = name.split(".", 2)
    return f"{layer}.{BLOCK_NAMES[rest]}"


def weights(gpt, head=None, bits=FRACTION):
    """A model as `payload.js` unpacks it; `head` is a task's."""
    tensors = {equation_name(name): p for name, p in gpt.named_parameters()}  # a tied W^L is W^e, named once
    if head is not None:
        tensors["W_y"] = head.w_y.weight
    both = np.concatenate([halves(p, bits).ravel() for p in tensors.values()]).view(np.uint8).reshape(-1, 2)
    packed = gzip.compress(both[:, 1].tobytes() + both[:, 0].tobytes(), 9, mtime=0)
    sizes = {name: getattr(gpt.config, name) for name in ("vocab_size", "n_ctx", "n_layer", "n_head", "d_model")}
    shapes = [[name, *(p.shape if p.ndim == 2 else (1, len(p)))] for name, p in tensors.items()]
    return {"config": sizes, "shapes": shapes, "weights": base64.b64encode(packed).decode()}


def tokenizer(tok):
    """What `tokenizer.js` reads: the pieces by id, and for byte-pair encoding the merges in the order learnt."""
    if tok.level != "bpe":
        return {"level": tok.level, "pieces": tok.pieces, "merges": []}
    bpe = json.loads(tok._bpe.to_str())["model"]
    return {"level": tok.level, "pieces": sorted(bpe["vocab"], key=bpe["vocab"].get), "merges": bpe["merges"]}


def refuse_unfit(folder, tok, gpt):
    """Raise InputError for a model that no page can carry."""
    n = sum(p.numel() for p in gpt.parameters())
    if n > MOST:
        raise InputError(f"{folder} has {n:,} parameters; a page carries at most {MOST:,}: choose a smaller model")
    if tok.level == "gpt1":
        raise InputError(f"{folder} has GPT-1's vocabulary, which the page does not read; train with --level bpe")


def of_model(tok, gpt, name="the model"):
    """What the page shows of a body alone, as JSON.

    Raises:
        InputError: for a model that no page can carry, called `name`.
    """
    refuse_unfit(name, tok, gpt)
    language = world_table.language_of(tok)
    return {
        "tokenizer": tokenizer(tok),
        "body": weights(gpt),
        "tasks": {},
        "snapshots": [],
        "cheat": None,
        "loss": [],
        "floor": None,
        "world": world_table.table(language) if language else None,
        "examples": {},
    }


def of_folder(folder):
    """The same, with the tasks' models, snapshots and loss that stand in a folder of `minigpt run`.

    Raises:
        InputError: if the folder holds no model, or one that no page can carry.
    """
    folder = Path(folder)
    tok, gpt = load_body(folder)
    data = of_model(tok, gpt, folder)
    data["tasks"] = {task: arms for task in TASKS if (arms := task_models(folder, task))}
    data["snapshots"], data["cheat"] = snapshots(folder, gpt.config), cheat(folder, gpt.config)
    data["loss"] = loss_curve(folder / "loss.csv")
    if (folder / "metrics.json").exists():  # `minigpt finetune` writes one too, without pre-training
        data["floor"] = read_json(folder / "metrics.json").get("pretraining", {}).get("floor")
    if data["tasks"] and data["world"]:
        language = data["world"]["language"]
        data["examples"] = {task: world_tasks.examples(task, N_EXAMPLES, 0, language) for task in data["tasks"]}
    return data


def task_models(folder, task):
    """The task's model in a run's folder, pre-trained and from scratch: {arm: {"model", "labels", "scale"}}."""
    places = {"pretrained": folder / task, "scratch": folder / "from-scratch" / task}
    if (folder / "task.json").exists() and read_json(folder / "task.json")["task"] == task:
        places = {"pretrained": folder}  # a folder of `minigpt finetune`
    arms = {}
    for arm, place in places.items():
        if (place / "task.json").exists():
            model, saved = TaskModel.load(place), read_json(place / "task.json")
            arms[arm] = {
                "model": weights(model.body, model.head),
                "labels": saved["labels"],
                "scale": saved["scale"],
            }
    return arms


def snapshots(folder, config):
    """The states of pre-training that the run kept: [{"step", "model"}]."""
    paths = {int(path.stem.removeprefix("step")): path for path in (folder / "snapshots").glob("step*.safetensors")}
    return [{"step": step, "model": read(paths[step], config)} for step in sorted(paths)]


def cheat(folder, config):
    """The body that the run trained without a mask: {"steps", "model"}, or None."""
    for path in (folder / "snapshots").glob("no-mask*.safetensors"):
        return {"steps": int(path.stem.removeprefix("no-mask")), "model": read(path, config)}
    return None


def read(path, config):
    gpt = GPT(config)
    fill(gpt, path)
    return weights(gpt, bits=SNAPSHOT_BITS)


def loss_curve(path):
    """Eq. (1) against the step as a moving average, thinned out: [[step, loss]]."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        rows = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]
    width = max(1, len(rows) // N_POINTS)
    pieces = [rows[i : i + width] for i in range(0, len(rows), width)]
    return [[piece[-1][0], round(sum(loss for _, loss in piece) / len(piece), 4)] for piece in pieces]
