"""Models by name: a folder of yours, or one that the Hugging Face hub keeps, `owner/name` or `owner/name@revision`.

The hub's own library fetches, goes on after a break, checks hashes, keeps a cache and works offline from it
(`HF_HUB_OFFLINE=1`). Only weights in safetensors, the vocabulary and the configuration are asked for. GPT-1's name
alone is one fixed revision, the same files for everybody; `@main` takes whatever is there now.
"""

import re
from pathlib import Path

from minigpt.support.errors import InputError, note

GPT1 = "openai-community/openai-gpt"
# `main` since early 2024, model.safetensors among its files, as the hub's own page of it lists them:
# https://huggingface.co/openai-community/openai-gpt/tree/1e0d4f3028acbffb47fe933cea64619c5ec1a002
PINNED = {GPT1: "1e0d4f3028acbffb47fe933cea64619c5ec1a002"}
FILES = ("config.json", "vocab.json", "merges.txt", "*.safetensors", "model.safetensors.index.json")
NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
ROADS = (
    f"name {GPT1}, which is fetched from the Hugging Face hub (with @main behind it in its newest revision), or the "
    "folder `model` of a checkout of https://github.com/openai/finetune-transformer-lm"
)


def folder_of(model):
    """The folder with a model's files; what is not on this machine is fetched.

    Raises:
        InputError: if there is no such folder, and the hub does not give it.
    """
    folder, named = Path(model), NAME.fullmatch(str(model))
    mistyped = folder.parent.exists() and folder.parent != Path(".")  # runs/bok is no name of the hub's
    if folder.exists() or mistyped or not named:
        inside = folder / "model"  # of a checkout of OpenAI's release
        return inside if (inside / "params_shapes.json").exists() else folder
    try:
        from huggingface_hub import snapshot_download  # here: who has a folder needs none of it
    except ImportError:
        raise InputError(f"there is no folder {model}; to fetch it from the hub: pip install huggingface_hub") from None
    revision = named["revision"] or PINNED.get(named["repo"])
    try:
        found = Path(snapshot_download(named["repo"], revision=revision, allow_patterns=list(FILES)))
    except Exception as error:  # no network, no such model, a full disk: the cure is the same
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise InputError(
            f"there is no folder {model}, and the hub does not give it ({reason}); check the name and the network, or "
            f"name a folder that you have. For GPT-1, {ROADS}"
        ) from None
    again = "" if found.name == revision else f"; write {named['repo']}@{found.name} to get this one again"
    note(f"{named['repo']} at revision {found.name}{again}")
    return found
