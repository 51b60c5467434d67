"""A checkpoint of a model that processes share: each writes its part, and any number of processes reads them all.

    checkpoint-00000200/    a safetensors file a process: its rows of the weights and moments, and which rows they are
    checkpoint.json         the step, whose run it is, and those files; written last, so that what it names is whole

PyTorch's distributed checkpoint (DCP) works out who reads what from which file. It has its safetensors storage here:
the usual one pickles the table of contents. All processes must see the same folder.
"""

import shutil
import warnings

import torch.distributed as dist

from minigpt.fast.parallel import is_first
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import shapes_in

INDEX = "checkpoint.json"
FOLDERS = "checkpoint-" + 8 * "[0-9]"


def save(out, tensors, about):
    """Write {name: tensor}, each process its part; `about` (JSON values) has the "step". All processes call it.

    Raises:
        OSError: if a process cannot write, such as on a full disk; the checkpoint before it stays.
    """
    from torch.distributed.checkpoint import CheckpointException, HuggingFaceStorageWriter
    from torch.distributed.checkpoint import save as write

    folder = out / f"checkpoint-{about['step']:08d}"
    if is_first():
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left of it
    dist.barrier()
    try:
        write(tensors, storage_writer=HuggingFaceStorageWriter(folder, save_distributed=True))
    except CheckpointException as error:
        why = next(iter(error.failures.values()))[0]
        raise OSError(f"{folder} cannot be written ({why})") from None
    if is_first():
        write_json(
            out / INDEX, about | {"folder": folder.name, "files": sorted(file.name for file in folder.iterdir())}
        )
        remove(out, but=folder)


def remove(out, but=None):
    """Delete the checkpoints in `out`, but for one folder."""
    if but is None:
        (out / INDEX).unlink(missing_ok=True)
    for folder in out.glob(FOLDERS):
        if folder != but:
            shutil.rmtree(folder)


def is_in(out):
    return (out / INDEX).exists()


def about(out):
    """What `save` was told of the checkpoint in `out`.

    Raises:
        InputError: if a file of it is missing, damaged, or another program's.
    """
    told = read_json(out / INDEX)
    if not isinstance(told, dict) or not {"step", "identity", "folder", "files"} <= told.keys():
        raise InputError(f"{out / INDEX} is not as `minigpt pretrain` wrote it; restore it, or start again elsewhere")
    for name in told["files"]:
        shapes_in(out / told["folder"] / name)
    return told


def load(out, tensors):
    """Fill {name: tensor}, whole ones or parts, from the checkpoint in `out`; one process alone may call it."""
    from torch.distributed.checkpoint import HuggingFaceStorageReader
    from torch.distributed.checkpoint import load as read

    folder = out / read_json(out / INDEX)["folder"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")  # one process alone is meant
        read(tensors, storage_reader=HuggingFaceStorageReader(folder), no_dist=not dist.is_initialized())
