"""A checkpoint of a model that processes share: each writes its part, and any number of processes reads them all.

    checkpoint-00000200/    a safetensors file a process: its rows of the weights and moments, and which rows they are
    checkpoint.json         the step, whose run it is, and those files; written last, so that what it names is whole

PyTorch's distributed checkpoint (DCP) works out who reads what from which file. It has its safetensors storage here:
the usual one pickles the table of contents. All processes must see the same folder.
"""

import shutil

import torch.distributed as dist

from minigpt.fast.parallel import is_first
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import shapes_in

INDEX = "checkpoint.json"


def save(out, tensors, about):
    """Write {name: tensor}, each process its own parts; `about` (JSON values) has the "step". All processes call it."""
    from torch.distributed.checkpoint import HuggingFaceStorageWriter

    folder = out / f"checkpoint-{about['step']:08d}"
    if is_first():
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left of it
    dist.barrier()
    write = dist.checkpoint.save
    said(folder, "cannot be written", write, tensors, HuggingFaceStorageWriter(folder, save_distributed=True))
