"""Folders of runs: none overwrites another, and one that cannot be written is refused before any work is done."""

import os
import tempfile

from minigpt.support.errors import InputError

# What a run writes: none is written over.
RUN = ("config.json", "checkpoint.safetensors", "task.json", "metrics.json", "model.safetensors", "head.safetensors")
RUN += ("checkpoint.json", "tokenizer.json", "loss.csv", "loss.png", "table.png")


def refuse_full(out, resume="", but=()):
    """No run overwrites another, and a folder that cannot be written is refused before any work is done.

    `but` names files that may be there: what a run leaves that ends before its first checkpoint.
    """
    for name in RUN:
        if name not in but and (out / name).exists():
            raise InputError(f"{out} already holds a run ({name}); choose another --out{resume}")
    refuse_unwritable(out)


def refuse_unwritable(out):
    """Try to write where `out` is to be: rights alone do not say it, on a full or a read-only disk."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
    except OSError as error:
        raise InputError(
            f"{out} cannot be made: {there} is no folder that you may write to ({error.strerror}); choose another --out"
        ) from None


def refuse_processes():
    if os.environ.get("WORLD_SIZE", "1") not in ("", "0", "1"):
        raise InputError("only `minigpt pretrain` runs in several processes; start this one without torchrun")


def free_folder(wanted):
    """`wanted`, or the first of wanted-2, wanted-3, ... that is free: no run overwrites another."""
    folder, number = wanted, 1
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder
