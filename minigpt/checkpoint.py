"""A checkpoint: weights, AdamW's two moments and the step, in one safetensors file that is whole or not there.

In pre-training, data order and dropout follow from seed and step (see `train.py`), so nothing else has to be kept.
Fine-tuning draws dropout from one stream: `draws` keeps where that is.
A process killed while it writes leaves the previous checkpoint as it was. Of a model that several processes share each
writes its own part, see `fast/sharded_checkpoint.py`; either kind goes on with any number of processes.
"""

import contextlib
import csv
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from minigpt.fast import sharded_checkpoint
from minigpt.fast.parallel import is_first, is_sharded, n_processes, spread
from minigpt.support.device import generators, restore_generators
from minigpt.support.errors import InputError, note, require, require_whole
from minigpt.support.files import remove_leftovers, write_csv
from minigpt.support.identity import differences
from minigpt.support.tensors import save_tensors

FILE = "checkpoint.safetensors"


class Checkpoints:
    """What a run keeps in its folder: `checkpoint.safetensors` and `loss.csv`, every so many steps and at the end.

    Args:
        out: the folder; None keeps nothing. identity: see `save_checkpoint`. every: steps, a whole number from 1.
        draws: keep the state of PyTorch's generators too.
    """

    def __init__(self, out, model, optimizer, identity, every, draws=False):
        require_whole("checkpoint_every", every)
        self.out, self.model, self.optimizer = out and Path(out), model, optimizer
        self.identity, self.every, self.draws = identity, every, draws
        if self.out and is_first():
            for name in (FILE, sharded_checkpoint.INDEX, "loss.csv"):
                remove_leftovers(self.out / name)

    def keep(self, log, last):
        """Write both files where it is time to: the first process alone, or all of those that share a model."""
        step = log[-1]["step"]
        if not self.out or not (last or step % self.every == 0):
            return
        if is_first():
            write_csv(self.out / "loss.csv", log)
        path, draws = self.out / FILE, generators() if self.draws else {}
        if is_sharded(self.model):
            sharded_checkpoint.save(self.out, named(self.model, self.optimizer), about(step, self.identity))
            if is_first():  # whose file says that all is written
                path.unlink(missing_ok=True)
        elif is_first():
            save_checkpoint(path, self.model, self.optimizer, step, self.identity, draws)
            sharded_checkpoint.remove(self.out)

    def resume(self):
        """Fill model and optimizer; returns the number of steps done and the log up to there."""
        require(self.out is not None, "out", self.out, "the folder of the run that is resumed")
        if sharded_checkpoint.is_in(self.out):
            done = load_parts(self.out, self.model, self.optimizer, self.identity)
        else:
            done = load_checkpoint(self.out / FILE, self.model, self.optimizer, self.identity)
        return done, [row for row in read_log(self.out / "loss.csv") if row["step"] <= done]


def is_in(out):
    """Does the folder hold a checkpoint, of either kind?"""
    return (out / FILE).exists() or sharded_checkpoint.is_in(out)


def named(model, optimizer):
    """{name: tensor} of what a run has learnt: the weights, and AdamW's moments under their parameter's number."""
    tensors = {f"model.{name}": p.detach() for name, p in model.named_parameters()}
    for i, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{name}": value for name, value in moments.items()}
    return tensors


def about(step, identity):
    return {"step": step, "processes": n_processes(), "identity": identity}


def save_checkpoint(path, model, optimizer, step, identity, draws=None):
    """Write `path`. `identity` (JSON values) says which run this is; `load_checkpoint` asks for the same."""
    tensors = named(model, optimizer) | {f"draws.{name}": state for name, state in (draws or {}).items()}
    told = {name: json.dumps(value, sort_keys=True) for name, value in about(step, identity).items()}
    save_tensors(path, tensors, told)


@contextlib.contextmanager
def opened(path):
    """What `save_checkpoint` wrote, open to be read.

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: there is nothing to resume; start without resume") from None
    except SafetensorError as error:
        raise InputError(f"{path} is damaged ({error}); delete it and start again, or restore it") from None


def identity_of(path):
    """Which run a checkpoint is of: settings, model and data as they were saved; its weights are not read."""
    with opened(path) as file:
        return json.loads((file.metadata() or {}).get("identity", "{}"))


def load_checkpoint(path, model, optimizer, identity):
    """Fill `model` and `optimizer` from `path`; returns the number of steps done.

    Raises:
        InputError: if the file is missing, damaged, or of a run with other settings, model or data.
    """
    with opened(path) as file:
        metadata, tensors = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    told = {name: json.loads(metadata[name]) for name in ("identity", "processes") if name in metadata}
    check_identity(path, told, identity)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(spread(tensors[f"model.{name}"], parameter))
    parameters, state = parameters_of(optimizer), {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, i, moment = name.split(".")
            state.setdefault(int(i), {})[moment] = spread(tensor, parameters[int(i)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    restore_generators({name.removeprefix("draws."): t for name, t in tensors.items() if name.startswith("draws.")})
    return int(metadata["step"])


def load_parts(out, model, optimizer, identity):
    """As `load_checkpoint`, from the files of several processes in the folder `out`."""
    told = sharded_checkpoint.about(out)
    check_identity(out / sharded_checkpoint.INDEX, told, identity)
    for p in parameters_of(optimizer):  # AdamW makes its moments at its first step; they are filled before
        moments = {name: torch.zeros_like(p, requires_grad=False) for name in ("exp_avg", "exp_avg_sq")}
        optimizer.state[p] = {"step": torch.zeros((), device=p.device)} | moments
    sharded_checkpoint.load(out, named(model, optimizer))
    return told["step"]


def parameters_of(optimizer):
    """In the order of their numbers in its state."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def check_identity(path, saved, identity):
    """Refuse the checkpoint of another run; say so if it is of another number of processes."""
    different = next(differences(saved.get("identity", {}), identity), None)
    if different:
        what, was, now = different
        raise InputError(
            f"{path} is of another run: {what} was {was}, now it is {now}; "
            "resume with the same settings, model and text, or write into another folder"
        )
    before = saved.get("processes", n_processes())
    if before != n_processes() and is_first():
        note(f"{path} is of {before} processes, now there are {n_processes()}: dropout draws other numbers from here")


def read_log(path):
    """The rows of `loss.csv`, as `pretrain` returned them.

    Raises:
        InputError: if it is missing, or another program wrote it in its own way.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]
        return [row | {"step": int(row["step"])} for row in rows]
    except FileNotFoundError:
        raise InputError(
            f"{path} is missing, which the checkpoint beside it goes with; restore it, or start again in another folder"
        ) from None
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path} is not as `minigpt pretrain` wrote it ({error!r}); restore it, or start again in another folder"
        ) from None
