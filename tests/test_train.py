"""Pre-training: the schedule, batches, resume to the bit (also after kill -9), two processes, and refusals."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minigpt import checkpoint, train
from minigpt.batch import batches, shift
from minigpt.data import world
from minigpt.model import GPT, GPTConfig
from minigpt.support import files
from minigpt.support.errors import InputError
from minigpt.support.identity import differences, digest
from minigpt.support.tensors import save_tensors
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, learning_rate, make_optimizer, pretrain

TEXTS = world.stories(60, 0)
TOK = Tokenizer.train(TEXTS, 100, "word")
SEQUENCES = documents(TEXTS, TOK, 48)
SETTINGS = TrainConfig(steps=20, batch_size=8, lr=3e-3, seed=1)


def small(dropout=0.1, seed=0):
    return GPT(GPTConfig(TOK.vocab_size, n_ctx=48, n_layer=2, n_head=2, d_model=16, dropout=dropout), seed)


def same_bits(one, other):
    return all((a == b).all() for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@given(st.lists(st.text(alphabet="ab ", max_size=30), min_size=1, max_size=5), st.integers(2, 12))
def test_documents_lose_nothing(texts, n_ctx):
    tok = Tokenizer.train(["ab "], 10, "char")
    sequences = documents(texts, tok, n_ctx)
    assert all(s[0] == tok.start_id and 2 <= len(s) <= n_ctx + 1 for s in sequences)
    assert "".join(tok.decode([i for i in s if i < tok.start_id]) for s in sequences) == "".join(texts)
    assert sum(s[-1] == tok.end_id for s in sequences) == len(texts)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=300), st.integers(1, 20), st.integers(0, 3))
def test_an_epoch_is_every_text_once(lengths, batch_size, epoch):
    order = [*batches(lengths, batch_size, seed=0, epoch=epoch)]
    assert sorted(i for batch in order for i in batch) == list(range(len(lengths)))
    assert all(len(batch) <= batch_size for batch in order)
    if len(lengths) > 50:
        assert order != [*batches(lengths, batch_size, seed=0, epoch=epoch + 1)]


def test_texts_of_one_length_keep_the_order_drawn():
    """Whichever way a processor sorts: the order is a function of the seed alone."""
    lengths = [5, 6, 7] * 130
    drawn = np.random.default_rng([3, 0]).permutation(len(lengths)).tolist()
    expected = sorted(drawn, key=lambda i: lengths[i])
    found = sorted(batches(lengths, 10, seed=3, epoch=0), key=lambda batch: expected.index(batch[0]))
    assert [i for batch in found for i in batch] == expected


def test_batches_have_little_padding():
    lengths = np.random.default_rng(0).integers(2, 100, size=2000).tolist()
    padded = sum(len(b) * max(lengths[i] for i in b) for b in batches(lengths, 16, 0, 0))
    assert padded < 1.1 * sum(lengths)


def test_shift_is_teacher_forcing():
    ids, targets = shift([[9, 1, 2, 3], [9, 4]])
    assert ids.tolist() == [[9, 1, 2], [9, 0, 0]]
    assert targets.tolist() == [[1, 2, 3], [4, -100, -100]]


def test_schedule():
    config = TrainConfig(steps=100, lr=1.0, warmup=0.1)
    rates = [learning_rate(step, config) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert max(rates) == 1.0 and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5) and 0 < rates[99] < 0.001


def test_decay_is_on_matrices_only():
    model = small()
    decayed, others = make_optimizer(model.parameters(), 1.0, 0.1).param_groups
    assert decayed["weight_decay"] == 0.1 and others["weight_decay"] == 0.0
    assert {p.ndim for p in decayed["params"]} == {2} and {p.ndim for p in others["params"]} == {1}
    assert len(decayed["params"]) + len(others["params"]) == len(list(model.parameters()))


def test_gradient_is_clipped():
    model = small()
    before = [p.clone() for p in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)  # a step is the gradient itself
    _, norm = train.train_step(model, optimizer, SEQUENCES[:8], 1.0, clip=1e-3)
    moved = torch.cat([(p - b).flatten() for p, b in zip(model.parameters(), before, strict=True)]).norm()
    assert norm > 1e-2 and moved.item() == pytest.approx(1e-3, rel=1e-2)


def test_training_learns():
    log = pretrain(small(0.0), SEQUENCES, TrainConfig(steps=120, batch_size=8, lr=3e-3), progress=False)
    assert log[0]["loss"] > 3.3 and log[-1]["loss"] < 2.2
    assert [row["step"] for row in log] == list(range(1, 121))


def test_same_seed_same_bits_other_seed_not():
    models = [small() for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        pretrain(model, SEQUENCES, TrainConfig(steps=5, batch_size=8, seed=seed), progress=False)
    assert same_bits(models[0], models[1]) and not same_bits(models[0], models[2])


def stop_at(step, monkeypatch):
    """Let the run die in the middle, as if somebody had pulled the plug."""
    real, count = train.train_step, iter(range(1000))

    def dying(*args):
        if next(count) == step:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(train, "train_step", dying)


def resumed(tmp_path, monkeypatch, at=13, every=5):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(at, patch)
        pretrain(small(), SEQUENCES, SETTINGS, tmp_path, every, progress=False)
    torch.manual_seed(99)  # whatever happened in between
    model = small(seed=5)
    log = pretrain(model, SEQUENCES, SETTINGS, tmp_path, every, resume=True, progress=False)
    return model, log


def test_resume_is_bit_equal(tmp_path, monkeypatch):
    whole = small()
    expected = pretrain(whole, SEQUENCES, SETTINGS, tmp_path / "whole", 5, progress=False)
    model, log = resumed(tmp_path / "cut", monkeypatch)
    assert same_bits(whole, model) and log == expected
    assert (tmp_path / "cut/loss.csv").read_bytes() == (tmp_path / "whole/loss.csv").read_bytes()


def without_optimizer(tensors):
    return {name: t for name, t in tensors.items() if not name.startswith("optimizer")}


def test_resume_check_catches_lost_state(tmp_path, monkeypatch):
    """A checkpoint that forgets the optimizer, and dropout that does not follow the step, both change the bits."""
    whole = small()
    pretrain(whole, SEQUENCES, SETTINGS, progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_tensors", lambda path, t, what: save_tensors(path, without_optimizer(t), what))
        model, _ = resumed(tmp_path / "a", monkeypatch)
    assert not same_bits(whole, model)
    with monkeypatch.context() as patch:
        patch.setattr(train.torch, "manual_seed", lambda seed: None)
        model, _ = resumed(tmp_path / "b", monkeypatch)
    assert not same_bits(whole, model)


def test_kill_in_the_middle_of_writing(tmp_path):
    """kill -9 while checkpoints are being written, again and again: what is there is always whole, and resumes."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_train import *\n"
        "torch.set_num_threads(1)\n"
        "print('ready', flush=True)\n"
        "pretrain(small(), SEQUENCES, TrainConfig(steps=3000, batch_size=2, lr=3e-3), sys.argv[2], 1, progress=False)\n"
    )
    rng = np.random.default_rng(0)
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", code, os.path.dirname(__file__), str(tmp_path)], stdout=subprocess.PIPE
        )
        child.stdout.readline()
        deadline = time.monotonic() + 60
        while not (tmp_path / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        model = small()
        settings = TrainConfig(steps=3000, batch_size=2, lr=3e-3)
        identity = {
            "train": train.asdict(settings),
            "model": model.config.to_json(),
            "documents": digest(SEQUENCES),
        }
        optimizer = make_optimizer(model.parameters(), 1.0, 0.0)
        step = checkpoint.load_checkpoint(tmp_path / "checkpoint.safetensors", model, optimizer, identity)
        log = checkpoint.read_log(tmp_path / "loss.csv")
        assert (
            step >= 1 and [row["step"] for row in log] == list(range(1, len(log) + 1)) and len(log) in (step, step + 1)
        )


def test_writing_that_fails_leaves_the_old_file(tmp_path):
    files.write_json(tmp_path / "a.json", 1)
    with pytest.raises(TypeError):
        files.write_json(tmp_path / "a.json", object())
    assert files.read_json(tmp_path / "a.json") == 1 and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("spoil", ["settings", "text", "damaged", "missing"])
def test_resume_refuses(tmp_path, spoil):
    pretrain(small(), SEQUENCES, TrainConfig(steps=2, batch_size=8), tmp_path, 1, progress=False)
    path, config = tmp_path / "checkpoint.safetensors", TrainConfig(steps=2, batch_size=8)
    sequences = SEQUENCES
    if spoil == "settings":
        config, names = TrainConfig(steps=2, batch_size=4), "another run: train.batch_size was 8, now it is 4"
    elif spoil == "text":  # as many documents, others
        sequences, names = [*SEQUENCES[:-1], SEQUENCES[-1][::-1]], "another run: documents"
    elif spoil == "damaged":
        path.write_bytes(path.read_bytes()[:1000])
        names = "damaged"
    else:
        path.unlink()
        names = "nothing to resume"
    with pytest.raises(InputError, match=names):
        pretrain(small(), sequences, config, tmp_path, 1, resume=True, progress=False)


def test_diverging_is_said():
    with pytest.raises(InputError, match="diverged; lower the learning rate"):
        pretrain(small(), SEQUENCES, TrainConfig(steps=20, lr=1e20, warmup=0.0), progress=False)


def test_nothing_to_train_on():
    with pytest.raises(InputError, match="no documents"):
        pretrain(small(), [], SETTINGS)


def losses(path):
    with open(path, newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_two_processes_are_one(tmp_path):
    """torchrun with two processes and half the batch each: the same loss curve, to rounding."""
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(TEXTS))
    flags = [
        "--text",
        str(text),
        "--level",
        "word",
        "--steps",
        "12",
        "--batch-size",
        "7",
        "--dropout",
        "0",
        "--device",
        "cpu",
        "--n-layer",
        "1",
        "--n-head",
        "2",
        "--d-model",
        "16",
        "--n-ctx",
        "48",
        "--lr",
        "0.01",
    ]
    run = {"check": True, "capture_output": True, "timeout": 240, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}
    subprocess.run([sys.executable, "-m", "minigpt", "pretrain", *flags, "--out", str(tmp_path / "one")], **run)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            "-m",
            "minigpt",
            "pretrain",
            *flags,
            "--out",
            str(tmp_path / "two"),
        ],
        **run,
    )
    one, two = losses(tmp_path / "one/loss.csv"), losses(tmp_path / "two/loss.csv")
    assert len(one) == len(two) == 12 and one[-1] < one[0] - 0.5
    np.testing.assert_allclose(two, one, rtol=1e-4)


def test_an_end_marker_never_stands_alone():
    """A text of exactly n_ctx tokens: `<s> <e>` as a sequence would teach that a text may be empty."""
    tok = Tokenizer.train(["ab"], 10, "char")
    a, b = tok.encode("ab")
    assert documents(["abab"], tok, 4) == [[tok.start_id, a, b, a], [tok.start_id, b, tok.end_id]]
    assert documents(["aba"], tok, 4) == [[tok.start_id, a, b, a, tok.end_id]]


def test_who_looks_on_may_evaluate():
    """`evaluate` leaves the model without dropout; the next step has it again."""
    plain, watched = small(), small()
    expected = pretrain(plain, SEQUENCES, TrainConfig(steps=4, batch_size=8), progress=False)
    look = lambda log: train.evaluate(watched, SEQUENCES[:2])  # noqa: E731
    assert pretrain(watched, SEQUENCES, TrainConfig(steps=4, batch_size=8), progress=False, watch=look) == expected


def test_a_loss_that_is_not_finite_is_never_trained_on():
    model = small()
    with torch.no_grad():
        model.lm_head.weight[0, 0] = torch.inf
    before = model.token_embedding.weight.clone()
    with pytest.raises(InputError, match="diverged"):
        pretrain(model, SEQUENCES, TrainConfig(steps=1), progress=False)
    assert torch.equal(model.token_embedding.weight, before)


def test_resume_needs_a_folder_and_its_log(tmp_path):
    config = TrainConfig(steps=2, batch_size=8)
    with pytest.raises(InputError, match="out is None; it must be the folder"):
        pretrain(small(), SEQUENCES, config, resume=True)
    pretrain(small(), SEQUENCES, config, tmp_path, progress=False)
    log = tmp_path / "loss.csv"
    text = log.read_text()
    log.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())  # a spreadsheet's mark and line ends
    assert checkpoint.read_log(log) == pretrain(small(), SEQUENCES, config, tmp_path, resume=True, progress=False)
    log.write_text(text.replace(",", ";"))
    with pytest.raises(InputError, match="not as `minigpt pretrain` wrote it"):
        pretrain(small(), SEQUENCES, config, tmp_path, resume=True, progress=False)
    log.unlink()
    with pytest.raises(InputError, match="is missing, which the checkpoint"):
        pretrain(small(), SEQUENCES, config, tmp_path, resume=True, progress=False)


@pytest.mark.parametrize("wrong", [{"warmup": 5.0}, {"clip": -1}, {"weight_decay": -3}, {"beta2": 1.0}])
def test_settings_out_of_range(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is"):
        TrainConfig(steps=1, **wrong)


def test_a_setting_that_only_the_checkpoint_has_is_another_run():
    assert [*differences({"a": 1, "b": 2}, {"a": 1})] == [("b", 2, None)]
