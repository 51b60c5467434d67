"""What several tests share: small models, tokenizers and the places of optional files."""

import os
from pathlib import Path

import pytest
import torch

from minigpt.data import world_tasks
from minigpt.model import GPT, GPTConfig
from minigpt.studies import ablation
from minigpt.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors gain nothing from threads, and the bits do not depend on how many the machine has."""
    torch.set_num_threads(1)


@pytest.fixture
def tok():
    return Tokenizer.train(["the cat saw the dog . the dog saw a $ bird < e > ? yes no so good bad"], 60, level="word")


@pytest.fixture
def tiny(tok):
    """A small GPT for `tok`, without dropout."""
    return GPT(GPTConfig(tok.vocab_size, n_ctx=24, n_layer=2, n_head=2, d_model=16, dropout=0.0)).eval()


@pytest.fixture
def real_data(monkeypatch):
    """The folder of real data sets: MINIGPT_DATA, or ../shared/datasets beside the project."""
    folder = Path(os.environ.get("MINIGPT_DATA", ROOT.parent / "shared" / "datasets"))
    if not folder.is_dir():
        pytest.skip(f"no real data sets in {folder}; name their folder in MINIGPT_DATA")
    monkeypatch.setenv("MINIGPT_DATA", str(folder))
    return folder


@pytest.fixture
def few_ablations(monkeypatch):
    """One task and few labels for `ablate`."""
    monkeypatch.setattr(ablation, "EPOCHS", {8: 1, 16: 1})
    monkeypatch.setattr(ablation, "FULL", 16)
    monkeypatch.setattr(ablation, "SNAPSHOTS", (0, 2))
    monkeypatch.setattr(ablation.world_tasks, "TASKS", {"entailment": world_tasks.entailment})
