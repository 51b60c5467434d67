"""A checkpoint: weights, AdamW's two moments and the step, in one safetensors file that is whole or not there.

In pre-training, data order and dropout follow from seed and step (see `train.py`), so nothing else has to be kept.
Fine-tuning draws dropout from one stream: `draws` keeps where that is.
A process killed while it writes leaves the previous checkpoint as it was. Of a model that several processes share each
writes its own part, see `fast/sharded_checkpoint.py`; either kind goes on with any number of processes.
"""

import csv
import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from minigpt.fast import sharded_checkpoint
from minigpt.fast.parallel import is_first, is_sharded, n_processes, spread
from minigpt.support.errors import InputError, note, require, require_whole
from minigpt.support.files import remove_leftovers, write_csv
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


def generators():
    """The state of PyTorch's generators, of the CPU, of each GPU that was used and of a Mac's: {name: bytes}."""
    used = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    mac = {"mps": torch.mps.get_rng_state()} if torch.backends.mps.is_available() else {}
    return {"cpu": torch.get_rng_state()} | {f"cuda-{i}": torch.cuda.get_rng_state(i) for i in used} | mac


def restore_generators(states):
    """Put back what `generators` gave, where this machine has the device."""
    for name, state in states.items():
        device, _, i = name.partition("-")
        if device == "cpu":
            torch.set_rng_state(state)
        elif device == "cuda" and int(i) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, int(i))
        elif device == "mps" and torch.backends.mps.is_available():
            torch.mps.set_rng_state(state)


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


def read_checkpoint(path):
    """What `save_checkpoint` wrote: {name: text} about the run, and {name: tensor}.

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: there is nothing to resume; start without resume") from None
    except SafetensorError as error:
        raise InputError(f"{path} is damaged ({error}); delete it and start again, or restore it") from None


def identity_of(path):
    """Which run a checkpoint is of: settings, model and data as they were saved; raises as `read_checkpoint`."""
    return json.loads(read_checkpoint(path)[0].get("identity", "{}"))


def load_checkpoint(path, model, optimizer, identity):
    """Fill `model` and `optimizer` from `path`; returns the number of steps done.

    Raises:
        InputError: if the file is missing, damaged, or of a run with other settings, model or data.
    """
    metadata, tensors = read_checkpoint(path)
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


def differences(saved, identity, prefix=""):
    """What differs between two identities, as (name, then, now).

    >>> list(differences({"train": {"steps": 6, "lr": 0.1}}, {"train": {"steps": 7, "lr": 0.1}}))
    [('train.steps', 6, 7)]
    """
    for name in sorted(saved.keys() | identity.keys()):
        was, now = saved.get(name), identity.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from differences(was, now, f"{prefix}{name}.")
        elif was != now:
            yield f"{prefix}{name}", was, now


def digest(sequences):
    """What tells one list of documents from another; a token file knows its own, see `data/token_file.py`."""
    if hasattr(sequences, "digest"):
        return sequences.digest()
    return hashlib.sha256(json.dumps(sequences).encode()).hexdigest()[:16]


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
