"""Models by the hub's name: out of a cache laid as the hub's library lays it, offline; nothing here uses a network."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from minigpt import commands
from minigpt.data import hub
from minigpt.data.gpt1_files import tensor_names
from minigpt.model import GPT, GPTConfig
from minigpt.pretrained import load_body, save_openai_gpt
from minigpt.support.errors import InputError

REVISION = hub.PINNED[hub.GPT1]
OTHER = "0123456789abcdef0123456789abcdef01234567"
PIECES = ["<unk>", *"abcdefghij", *(f"{c}</w>" for c in "abcdefghij."), "ab", "ab</w>"]


def write_model(folder, shards=1, half=False, seed=0):
    """A model of GPT-1's kind with a vocabulary made here."""
    save_openai_gpt(GPT(GPTConfig(len(PIECES), 16, 1, 2, 16, tie_weights=True), seed), folder)
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(PIECES)}))
    (folder / "merges.txt").write_text("#version: 0.2\na b\na b</w>\n")
    tensors = load_file(folder / "model.safetensors")
    if half:
        tensors = {name: tensor.half() for name, tensor in tensors.items()}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    if shards > 1:
        (folder / "model.safetensors").unlink()
        names = [f"model-{i + 1:05}-of-{shards:05}.safetensors" for i in range(shards)]
        of = {name: names[i % shards] for i, name in enumerate(tensors)}
        for name in names:
            save_file({n: t for n, t in tensors.items() if of[n] == name}, folder / name, {"format": "pt"})
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": of}))


@pytest.fixture(params=["one file", "shards", "half"])
def cache(tmp_path, request):
    """HF_HUB_CACHE with the pinned revision of GPT-1's name, as `snapshot_download` leaves it."""
    model = tmp_path / "hub" / "models--openai-community--openai-gpt"
    (model / "snapshots" / REVISION).mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(REVISION)
    write_model(
        model / "snapshots" / REVISION, shards=2 if request.param == "shards" else 1, half=request.param == "half"
    )
    return tmp_path / "hub"


def minigpt(*args, cache, cwd):
    line = [sys.executable, "-c", "import sys; from minigpt.commands import main; sys.exit(main())", *map(str, args)]
    environment = os.environ | {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(line, capture_output=True, text=True, env=environment, cwd=cwd, timeout=300)


@pytest.mark.parametrize("name", [hub.GPT1, f"{hub.GPT1}@{REVISION}"])
def test_a_command_takes_a_model_by_name(cache, tmp_path, name):
    done = minigpt("generate", "--model", name, "--prompt", "a b", "--max-new-tokens", 3, cache=cache, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a b") and REVISION in done.stderr


def test_fine_tuning_by_name(cache, tmp_path):
    rows = [{"text": text, "label": label} for text, label in (("a b.", "x"), ("c d.", "y"))] * 4
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for out, options in (("all", ["--epochs", 1]), ("head", ["--frozen"])):
        files = ["--train", "a.jsonl", "--test", "a.jsonl", "--out", out]
        done = minigpt("finetune", "single_text", "--model", hub.GPT1, *files, *options, cache=cache, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / out / "task.json").exists() and not (tmp_path / out / "checkpoint.safetensors").exists()
    assert json.loads((tmp_path / "head" / "metrics.json").read_text())["score"] == 1


def test_the_name_alone_is_one_fixed_revision(tmp_path, monkeypatch, capsys):
    """Though `main` moved on: the name is the pinned one, `@main` and `@revision` are what they say."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    model = tmp_path / "hub" / "models--openai-community--openai-gpt"
    for seed, revision in enumerate((REVISION, OTHER)):
        write_model(model / "snapshots" / revision, seed=seed)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(OTHER)
    pinned, again, main, other = (load_body(f"{hub.GPT1}{at}")[1] for at in ("", f"@{REVISION}", "@main", f"@{OTHER}"))
    one, two, three, four = (gpt.blocks[0].mlp[0].weight for gpt in (pinned, again, main, other))
    assert torch.equal(one, two) and torch.equal(three, four) and not torch.equal(one, three)
    said = capsys.readouterr().err.splitlines()
    assert all(REVISION in line for line in said[:2]) and all(OTHER in line for line in said[2:])
    assert [f"write {hub.GPT1}@{OTHER} to get this one again" in line for line in said] == [False, False, True, False]
    assert hub.folder_of(hub.GPT1).parent == model / "snapshots"


def test_another_name_is_not_pinned(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda repo, revision, **_: asked.append(revision) or tmp_path
    )
    monkeypatch.chdir(tmp_path)
    for name in ("owner/name", "owner/name@v1", hub.GPT1):
        hub.folder_of(name)
    assert asked == [None, "v1", REVISION]


def test_what_the_cache_lacks_is_one_line_with_the_roads(tmp_path):
    done = minigpt("generate", "--model", hub.GPT1, "--prompt", "a", cache=tmp_path / "empty", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "finetune-transformer-lm" in done.stderr and hub.GPT1 in done.stderr


def test_only_safe_files_are_asked_for(monkeypatch, tmp_path):
    asked = {}

    def snapshot_download(repo, revision, allow_patterns):
        asked.update(repo=repo, revision=revision, files=allow_patterns)
        return tmp_path

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.chdir(tmp_path)
    assert hub.folder_of("owner/name@v1") == tmp_path
    assert asked["repo"] == "owner/name" and asked["revision"] == "v1"
    assert not any(name.endswith((".bin", ".py", ".h5", ".msgpack")) or name == "*" for name in asked["files"])


def test_a_folder_is_never_looked_up(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "book").mkdir(parents=True)
    for name in ("runs/book", "runs/bok", "book", str(tmp_path / "nowhere"), "a/b/c"):
        assert str(hub.folder_of(name)) == name
    release = tmp_path / "finetune-transformer-lm" / "model"
    release.mkdir(parents=True)
    (release / "params_shapes.json").touch()
    assert hub.folder_of(release.parent) == release


def test_without_the_hubs_library_its_name_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="pip install huggingface_hub"):
        hub.folder_of("owner/name")


def test_any_failure_of_the_hub_is_told(monkeypatch, tmp_path):
    def fails(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"No space left.*finetune-transformer-lm"):
        hub.folder_of("owner/name")


def test_shards_and_halves_are_the_same_model(tmp_path):
    from minigpt.pretrained import load_openai_gpt

    models = []
    for name, options in (("one", {}), ("two", {"shards": 2}), ("half", {"half": True})):
        write_model(tmp_path / name, **options)
        models.append(load_openai_gpt(tmp_path / name))
    one, two, half = (list(model.parameters()) for model in models)
    assert all(map(torch.equal, one, two))
    assert all(torch.equal(a.half().float(), b) and b.dtype == torch.float32 for a, b in zip(one, half, strict=True))


def test_a_checkout_of_openais_release(tmp_path, capsys):
    """Ten shards and two vocabulary files in a clone's folder `model`: the checkout or that folder is named."""
    config = GPTConfig(len(PIECES), 16, 1, 1, 64, tie_weights=True)  # OpenAI's heads are 64 wide
    gpt, clone = GPT(config, seed=0), tmp_path / "finetune-transformer-lm"
    save_openai_gpt(gpt, tmp_path / "theirs")
    tensors = load_file(tmp_path / "theirs" / "model.safetensors")
    flat = {name: tensors[f"transformer.{name}"].numpy() for name in tensor_names(config.n_layer).values()}
    convolved = {name for name, a in flat.items() if name.startswith("h.") and a.ndim == 2}  # matrices, of width 1
    shapes = [[1] * (name in convolved) + [*a.shape] for name, a in flat.items()]
    (clone / "model").mkdir(parents=True)
    (clone / "model" / "params_shapes.json").write_text(json.dumps(shapes))
    for i, shard in enumerate(np.array_split(np.concatenate([a.ravel() for a in flat.values()]), 10)):
        np.save(clone / "model" / f"params_{i}.npy", shard)
    (clone / "model" / "encoder_bpe_40000.json").write_text(json.dumps({piece: i for i, piece in enumerate(PIECES)}))
    (clone / "model" / "vocab_40000.bpe").write_text("#version: 0.2\na b\na b</w>\n")
    told = set()
    for named in (clone, clone / "model"):
        tok, body = load_body(named)
        assert tok.split("ab a.") == ["ab", "a", "."] and tok.words == "openai"
        assert torch.equal(body.blocks[0].mlp[0].weight, gpt.blocks[0].mlp[0].weight)
        line = ["generate", "--model", named, "--prompt", "ab", "--max-new-tokens", 4, "--device", "cpu"]
        assert commands.main([*map(str, line)]) == 0
        told.add(capsys.readouterr().out)
    assert len(told) == 1
