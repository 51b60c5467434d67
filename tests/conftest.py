"""What several tests share: small models, tokenizers and the places of optional files."""

import json
import os
from pathlib import Path

import pytest
import torch

from minigpt.data import world, world_tasks
from minigpt.finetune import FinetuneConfig
from minigpt.model import GPT, GPTConfig
from minigpt.pretrained import save_openai_gpt
from minigpt.studies import ablation, settings
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig

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


@pytest.fixture
def tiny_setting():
    """The main job's toy setting, a hundred times smaller."""
    texts = world.stories(100, 0)
    recipe = FinetuneConfig(epochs=1)
    tasks = {
        task: settings.TaskData(task, *(world_tasks.examples(task, 20, seed) for seed in (0, 1)), recipe)
        for task in world_tasks.TASKS
    }
    corpus = settings.Corpus(texts, texts[:10], world.floor(texts[:10]))
    sizes = {"n_ctx": 64, "n_layer": 1, "n_head": 2, "d_model": 16}
    training = TrainConfig(steps=5, batch_size=8)
    return settings.Setting(corpus, "word", 100, sizes, training, tasks, {"with questions": corpus}, snapshots=(0, 2))


@pytest.fixture
def gpt1_folder(tmp_path):
    """A small random model laid out as Hugging Face lays out GPT-1's, with a vocabulary of letters."""
    letters = [*"abcdefghijklmnopqrstuvwxyz.,?'"]
    pieces = ["<unk>", *letters, *(f"{letter}</w>" for letter in letters)]
    folder = tmp_path / "gpt1"
    save_openai_gpt(GPT(GPTConfig(len(pieces), 512, 1, 2, 16, tie_weights=True), seed=0), folder)
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder
