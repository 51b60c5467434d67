"""A step at scale: several processes, parts, 16 bits and shared weights give the curve of one process, and go on.

The processes are on a CPU, joined by gloo. What a GPU would turn on is tried with a device that is only named.
"""

import os
import shlex
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pretended import Pretended
from several import several
from test_documents import commands as commands_of
from test_packaging import text
from test_structure import ROOT
from test_train import SEQUENCES, TEXTS, small
from torch.distributed import checkpoint as dcp

from minigpt import checkpoint, commands
from minigpt.batch import shift
from minigpt.checkpoint import read_log
from minigpt.commands.pretrain import scaled
from minigpt.fast import linear, parallel, scale, sharded_checkpoint
from minigpt.fast.scale import Scale
from minigpt.model import GPTConfig
from minigpt.support import device as devices
from minigpt.support.errors import InputError
from minigpt.support.tensors import read_tensors
from minigpt.train import TrainConfig, pretrain, train_step

RECIPE = TrainConfig(steps=8, batch_size=7, lr=0.01, clip=0.5)  # 7: no number of processes divides it
CPU = torch.device("cpu")
SHARED = Scale(shared=True)


class Stop(Exception):
    pass


def stop_after_5(log):
    if len(log) == 5:
        raise Stop


def trained(folder, settings, resume=False, recipe=RECIPE, watch=None, device=CPU):
    """The log of a run with a checkpoint every 2 steps in `folder`."""
    model = small(dropout=0.0)
    take_step = settings.prepare(model, device)
    options = {"checkpoint_every": 2, "resume": resume, "progress": False, "take_step": take_step, "watch": watch}
    return pretrain(model, SEQUENCES[:40], recipe, folder, **options)


def stopped(folder, settings):
    with pytest.raises(Stop):
        trained(folder, settings, watch=stop_after_5)


def copied(folder, name):
    """The run in `folder` once more, for who goes on with it: made by the first process, for all."""
    place = folder.parent / name
    if parallel.is_first():
        shutil.copytree(folder, place)
    if parallel.n_processes() > 1:
        torch.distributed.barrier()
    return place


def assert_same_curve(log, expected, bound=1e-5):
    for name in ("step", "loss", "lr", "gradient_norm"):
        np.testing.assert_allclose(
            [row[name] for row in log], [row[name] for row in expected], rtol=bound, err_msg=name
        )


# --- what several processes do: each number of them is started once -----------------------------------------------


def full_disk(self, plan, planner):
    raise OSError(28, "No space left on device")


def in_four(folder):
    told = {"shared": trained(folder / "four", SHARED), "parts": trained(folder / "parts", Scale(micro=1))}
    stopped(folder / "cut", SHARED)
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(OSError, match=r"checkpoint-00000006 cannot be written .*space"),
    ):
        if parallel.rank() == 2:
            patch.setattr(dcp.HuggingFaceStorageWriter, "write_data", full_disk)
        trained(copied(folder / "cut", "full"), SHARED, resume=True)
    return told


def unweighed(batch, j=0, parts=1):
    """Each part's mean counts alike, however many targets it has."""
    own = batch[parallel.rank() + parallel.n_processes() * j :: parallel.n_processes() * parts]
    return own or batch[:1], 1.0 / parts


def without_moments(out, tensors):
    LOAD(out, {name: tensor for name, tensor in tensors.items() if name.startswith("model.")})


def without_weights(out, tensors):
    LOAD(out, {name: tensor for name, tensor in tensors.items() if not name.startswith("model.")})


LOAD = sharded_checkpoint.load


def in_two(folder):
    both, told = Scale(micro=1, shared=True), {}
    told["parts, shared"] = trained(folder / "two", both)
    for name, settings in {"shared": SHARED, "whole": Scale()}.items():
        told[f"4 to 2, {name}"] = trained(copied(folder / "cut", name), settings, resume=True)
    told["after a full disk"] = trained(folder / "full", SHARED, resume=True)
    told["1 to 2"] = trained(copied(folder / "alone", "spread"), SHARED, resume=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "own_part", unweighed)
        told["wrong: unweighed"] = trained(folder / "unweighed", both)
    for wrong in (without_moments, without_weights):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sharded_checkpoint, "load", wrong)
            told[f"wrong: {wrong.__name__}"] = trained(copied(folder / "cut", wrong.__name__), SHARED, resume=True)
    with pytest.MonkeyPatch.context() as patch:
        graphs = pretend_to_compile(patch)
        told["compiled"] = trained(folder / "compiled", Scale(compiled=True, shared=True))
    return told | {"graphs": len(graphs)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scale")


@pytest.fixture(scope="module")
def one(folder):
    """The curve of one process, and beside it a run of one process that was cut short."""
    torch.set_num_threads(1)
    stopped(folder / "alone", Scale())
    return trained(folder / "one", Scale())


@pytest.fixture(scope="module")
def four(folder):
    return several(4, in_four, folder)


@pytest.fixture(scope="module")
def two(folder, one, four):
    return several(2, in_two, folder)


@pytest.mark.parametrize("kind", ["shared", "parts"])
def test_four_processes_are_one(one, four, kind):
    for told in four:
        assert_same_curve(told[kind], one)


@pytest.mark.parametrize(
    "kind", ["parts, shared", "4 to 2, shared", "4 to 2, whole", "1 to 2", "after a full disk", "compiled"]
)
def test_two_processes_are_one_and_go_on_from_any_number(one, two, kind):
    assert one[-1]["loss"] < one[0]["loss"] - 0.3
    for told in two:
        assert_same_curve(told[kind], one)


@pytest.mark.parametrize("wrong", ["unweighed", "without_moments", "without_weights"])
def test_the_check_of_curves_catches(one, two, wrong):
    with pytest.raises(AssertionError):
        assert_same_curve(two[0][f"wrong: {wrong}"], one)


def test_one_process_goes_on_from_four(folder, one, four, capsys):
    place = copied(folder / "cut", "four to one")
    assert sharded_checkpoint.about(place)["step"] == 4
    assert_same_curve(trained(place, Scale(), resume=True), one)
    assert "is of 4 processes, now there are 1" in capsys.readouterr().err
    assert [path.name for path in place.glob("checkpoint*")] == [checkpoint.FILE]  # the newer one stays, of either kind


def test_the_newest_checkpoint_alone_stays(folder, two):
    for name in ("shared", "spread"):
        assert sorted(path.name for path in (folder / name).iterdir()) == [
            "checkpoint-00000008",
            "checkpoint.json",
            "loss.csv",
        ]
        assert len([*(folder / name / "checkpoint-00000008").iterdir()]) == 2


@pytest.mark.parametrize("spoil", ["settings", "missing", "damaged", "another"])
def test_a_checkpoint_of_several_is_refused(folder, four, tmp_path, spoil):
    place = tmp_path / "run"
    shutil.copytree(folder / "cut", place)
    part, recipe = sorted(place.glob("checkpoint-00000004/*"))[1], RECIPE
    if spoil == "settings":
        recipe, told = TrainConfig(steps=8, batch_size=7, lr=0.02, clip=0.5), "another run: train.lr was 0.01, now"
    elif spoil == "missing":
        part.unlink()
        told = "shard-00002.* does not exist"
    elif spoil == "another":
        (place / sharded_checkpoint.INDEX).write_text('{"step": 4}')
        told = "checkpoint.json is not as `minigpt pretrain` wrote it"
    else:
        part.write_bytes(part.read_bytes()[:-8])
        told = "shard-00002.* is damaged"
    with pytest.raises(InputError, match=told):
        trained(place, Scale(), resume=True, recipe=recipe)


# --- one process: parts and 16 bits --------------------------------------------------------------------------------


def stepped(take_step, **settings):
    """Loss, gradient's norm and all weights after one step on 7 texts of several lengths, in float64."""
    model = small(dropout=0.0).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)  # a step is the gradient itself
    told = take_step(model, optimizer, SEQUENCES[:7], 1.0, 0.5, **settings)
    return *told, *(p.detach().numpy() for p in model.parameters())


def assert_parts_are_the_whole(micro):
    (loss, norm, *weights), (loss_, norm_, *weights_) = stepped(train_step), stepped(scale.step, micro=micro)
    np.testing.assert_allclose([loss_, norm_], [loss, norm], rtol=1e-10)
    for there, here in zip(weights_, weights, strict=True):
        np.testing.assert_allclose(there, here, atol=1e-10)


@pytest.mark.parametrize("micro", [None, 1, 3, 100])
def test_parts_are_the_whole(micro):
    assert_parts_are_the_whole(micro)


def half_left_out(batch, j=0, parts=1):
    return batch[j :: 2 * parts], 1.0


def the_last_part_alone(model, optimizer, *given, **settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "backward", lambda loss: model.zero_grad() or BACKWARD(loss))
        return STEP(model, optimizer, *given, **settings)


BACKWARD, STEP = torch.Tensor.backward, scale.step


@pytest.mark.parametrize("wrong", [unweighed, half_left_out, the_last_part_alone])
def test_the_check_of_parts_catches(monkeypatch, wrong):
    if wrong is the_last_part_alone:
        monkeypatch.setattr(scale, "step", wrong)
    else:
        monkeypatch.setattr(
            parallel, "own_part", lambda batch, j=0, parts=1: wrong(batch, j, parts) if parts > 1 else OWN(batch)
        )
    with pytest.raises(AssertionError):
        assert_parts_are_the_whole(3)


OWN = parallel.own_part


def assert_in_16_bits(log, expected):
    """bfloat16 has 8 bits of a number: a loss within 2%, and not within float32's digits."""
    far = max(abs(row["loss"] / other["loss"] - 1) for row, other in zip(log, expected, strict=True))
    assert 1e-5 < far < 2e-2


def test_bfloat16_is_float32_to_its_digits(tmp_path, one):
    log = trained(tmp_path, Scale(precision="bfloat16"))
    assert_in_16_bits(log, one)
    assert {tensor.dtype for tensor in read_tensors(tmp_path / checkpoint.FILE).values()} == {torch.float32}
    for wrong in (one, [row | {"loss": 1.03 * row["loss"]} for row in log]):
        with pytest.raises(AssertionError):
            assert_in_16_bits(wrong, one)


# --- what is turned on ---------------------------------------------------------------------------------------------


def pretend_to_compile(patch):
    """torch.compile as on a GPU, but that its graphs run as they are; returns them. A break in one is an error."""
    real, graphs = torch.compile, []

    def kept(graph, example):
        graphs.append(graph)
        return graph.forward

    patch.setattr(linear, "USE_ONEDNN", False)  # which no GPU has
    patch.setattr(torch, "compile", lambda work: real(work, backend=kept, fullgraph=True))
    return graphs


def test_compiled_blocks_are_the_plain_ones(tmp_path, monkeypatch, one, two):
    graphs = pretend_to_compile(monkeypatch)
    assert_same_curve(trained(tmp_path, Scale(compiled=True)), one)
    assert len(graphs) == two[0]["graphs"] == 4  # a block, both being alike, and the loss: for one length, and for all


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_parts_stand_where_the_model_does(tmp_path, monkeypatch, one, kind):
    with Pretended(kind) as there:
        assert_same_curve(trained(tmp_path, Scale(micro=2), device=there.device), one)
        monkeypatch.setattr(scale, "shift", lambda sequences, device: shift(sequences))
        with pytest.raises(RuntimeError, match="same device"):
            trained(tmp_path / "wrong", Scale(micro=2), device=there.device)


GPT1 = GPTConfig(40_478, n_ctx=512, n_layer=12, n_head=12, d_model=768)
TOY = GPTConfig(100, n_ctx=64, n_layer=2, n_head=2, d_model=64)


@pytest.mark.parametrize(
    ("config", "device", "steps", "given", "there", "chosen"),
    [
        (GPT1, "cpu", 10**5, {}, {}, Scale()),
        (GPT1, "mps", 10**5, {}, {}, Scale()),
        (TOY, "cuda", 10**5, {}, {}, Scale()),
        (GPT1, "cuda", 10**5, {}, {}, Scale(precision="bfloat16", compiled=True)),
        (GPT1, "cuda", 1_000, {}, {}, Scale(precision="bfloat16")),
        (GPT1, "cuda", 10**5, {}, {"bf16": False}, Scale(compiled=True)),
        (GPT1, "cuda", 10**5, {}, {"triton": None}, Scale(precision="bfloat16")),
        (GPT1, "cuda", 10**5, {"precision": "float32", "micro": 4}, {}, Scale(4, compiled=True)),
        (TOY, "cpu", 10, {"precision": "bfloat16", "shared": True}, {}, Scale(precision="bfloat16", shared=True)),
    ],
)
def test_what_is_turned_on(monkeypatch, config, device, steps, given, there, chosen):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: there.get("bf16", True))
    monkeypatch.setattr(scale, "find_spec", lambda name: there.get("triton", name))
    assert scale.choose(config, torch.device(device), steps, **given) == chosen


def test_it_says_what_is_on():
    assert str(Scale()) == ""
    assert str(Scale(4, "bfloat16", True, True)) == (
        "bfloat16 products, compiled blocks (the first steps take long), 4 documents at once, "
        "weights shared among the processes (FSDP)"
    )


@pytest.mark.parametrize(
    ("wrong", "told"), [({"micro": 0}, "micro_batch is 0"), ({"precision": "half"}, "precision is 'half'")]
)
def test_settings_out_of_range(wrong, told):
    with pytest.raises(InputError, match=told):
        Scale(**wrong)


def test_memory_is_a_processs_part(monkeypatch):
    """16 bytes a parameter, and what a step keeps of the texts read at once."""
    weights, texts = (
        devices.memory_needed(GPT1, 0, 512),
        devices.memory_needed(GPT1, 8, 512) - devices.memory_needed(GPT1, 0, 512),
    )
    assert weights == 16 * (2 * 40_478 * 768 + 512 * 768 + 12 * 12 * 768**2)
    assert devices.memory_needed(GPT1, 8, 512, sharing=4) == weights / 4 + texts
    whole = devices.memory_of(CPU)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert devices.memory_of(CPU) == whole / 4
    monkeypatch.setattr(devices, "memory_of", lambda device: 1.2 * weights)
    devices.check_memory(GPT1, 1, 512, CPU)
    with pytest.raises(InputError, match=r"at once 64: .*--micro-batch, or share .* torchrun"):
        devices.check_memory(GPT1, 64, 512, CPU)


def test_what_one_process_cannot_hold_is_shared(monkeypatch):
    """16 bytes a parameter, and no more, do not fit one process, but two."""
    args = SimpleNamespace(shard=False, batch_size=4, micro_batch=1, precision="auto", steps=10)
    sequences = [[0] * 65] * 4

    def chosen(n, share, **given):
        monkeypatch.setattr(parallel, "n_processes", lambda: n)
        monkeypatch.setattr(devices, "memory_of", lambda device: share * devices.memory_needed(GPT1, 1, 65))
        return scaled(SimpleNamespace(**vars(args) | given), GPT1, sequences, CPU).shared

    assert [chosen(2, 1.01), chosen(2, 0.9), chosen(1, 1.01), chosen(2, 1.01, shard=True)] == [False, True, False, True]
    with pytest.raises(InputError, match=r"at once 1: they need about .* torchrun"):
        chosen(1, 0.9)


def test_one_process_shares_with_nobody(tmp_path, capsys):
    args = ["pretrain", "--text", str(tmp_path / "never read.txt"), "--out", str(tmp_path / "out"), "--shard"]
    assert commands.main(args) == 2
    assert "here is one; start several with torchrun" in capsys.readouterr().err


# --- the commands that README tells --------------------------------------------------------------------------------

SMALL = "--level word --steps 6 --batch-size 7 --dropout 0 --n-layer 1 --n-head 2 --d-model 16 --n-ctx 48 --lr 0.01 "
SMALL += "--checkpoint-every 2 --device cpu"


def typed(line, folder, program=("-m", "minigpt")):
    """What a line of README that starts with torchrun does in a folder with `book.txt`, with a small model."""
    given = shlex.split(line)
    at = given.index("-m")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", *given[1:at], *program, *given[at + 2 :]]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*launch, *SMALL.split()], cwd=folder, env=environment, **pipes) as run:
        try:
            said, noted = run.communicate(timeout=400)
        finally:
            run.terminate()  # a signal that torchrun hands on to its processes
    assert run.returncode == 0, noted
    return said, noted


def test_readmes_run_survives_a_kill_and_goes_on(tmp_path, monkeypatch):
    """kill -9 of one process while a checkpoint is written: torchrun starts all again, the curve is one process's."""
    first, then = (line for block in commands_of(text("README.md")) for line in block if "torchrun" in line)
    (tmp_path / "book.txt").write_text("\n\n".join(TEXTS))
    said, noted = typed(first, tmp_path, program=[str(ROOT / "tests" / "killed.py")])
    assert "each step has 2 documents at once, weights shared among the processes (FSDP)" in said
    assert (tmp_path / "killed").exists() and "pre-training: 2 of 6" in noted  # the second time from its checkpoint on
    monkeypatch.chdir(tmp_path)
    assert commands.main(["pretrain", "--text", "book.txt", "--out", "runs/one", *SMALL.split()]) == 0
    assert_same_curve(read_log("runs/large/loss.csv"), read_log("runs/one/loss.csv"))
    for name, tensor in read_tensors("runs/one/model.safetensors").items():
        torch.testing.assert_close(read_tensors("runs/large/model.safetensors")[name], tensor, atol=0.01, rtol=0)
    before = (tmp_path / "runs/large/model.safetensors").read_bytes()
    _, noted = typed(then, tmp_path)
    assert "is of 4 processes, now there are 2" in noted
    assert (tmp_path / "runs/large/model.safetensors").read_bytes() == before
