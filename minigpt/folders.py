"""Folders of runs: what is read from one, and that none is overwritten."""

import os
from pathlib import Path

from minigpt.files import InputError

RUN = ("config.json", "checkpoint.safetensors", "task.json", "metrics.json")  # one of these: a run's folder


def load_body(folder):
    """Tokenizer and model from a folder of minigpt, or of GPT-1, to which the markers are added."""
    from minigpt import pretrained
    from minigpt.model import GPT
    from minigpt.tokenizer import Tokenizer

    if pretrained.is_openai_gpt(folder):
        tok = pretrained.load_openai_tokenizer(folder)
        return tok, pretrained.add_markers(pretrained.load_openai_gpt(folder))
    if (Path(folder) / "checkpoint.safetensors").exists() and not (Path(folder) / "config.json").exists():
        raise InputError(f"{folder} holds an unfinished run: repeat its `minigpt pretrain` command with --resume")
    tok, gpt = Tokenizer.load(folder), GPT.load(folder)
    if tok.vocab_size != gpt.config.vocab_size:
        raise InputError(
            f"{folder}: the tokenizer has {tok.vocab_size} ids, the model {gpt.config.vocab_size}: "
            "take both from the folder of one run"
        )
    return tok, gpt


def refuse_full(out, resume=""):
    """No run overwrites another, and a folder that cannot be written is refused before any work is done."""
    for name in RUN:
        if (out / name).exists():
            raise InputError(f"{out} already holds a run ({name}); choose another --out, or delete that folder{resume}")
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"{out} cannot be made: {there} is no folder that you may write to; choose another --out")


def refuse_processes():
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise InputError("only `minigpt pretrain` runs in several processes; start this one without torchrun")


def free_folder(wanted):
    """`wanted`, or the first of wanted-2, wanted-3, ... that is free: no run overwrites another."""
    folder, number = wanted, 1
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder
