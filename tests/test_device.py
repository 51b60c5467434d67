"""The device by name: what there is, what there is not, and a Mac's GPU, which no test here has."""

import pytest
import torch

from minigpt import commands
from minigpt.support import device
from minigpt.support.errors import InputError


def has(monkeypatch, cuda=False, mps=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)


@pytest.mark.parametrize(
    ("name", "there", "picked"),
    [
        ("auto", {}, "cpu"),
        ("auto", {"cuda": True}, "cuda:0"),
        ("auto", {"mps": True}, "cpu"),
        ("cpu", {"cuda": True, "mps": True}, "cpu"),
        ("cuda", {"cuda": True}, "cuda:0"),
        ("mps", {"mps": True}, "mps"),
    ],
)
def test_pick(monkeypatch, name, there, picked):
    has(monkeypatch, **there)
    assert device.pick(name) == torch.device(picked)


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there(monkeypatch, name):
    has(monkeypatch)
    with pytest.raises(InputError, match=f"device '{name}' was asked for, but PyTorch sees no .*--device cpu"):
        device.pick(name)


def test_a_device_that_nobody_has():
    with pytest.raises(InputError, match="device 'gpu' is not one of auto, cpu, cuda, mps"):
        device.pick("gpu")


def test_macs_gpu_joins_no_processes(monkeypatch):
    has(monkeypatch, mps=True)
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(InputError, match="torchrun"):
        device.pick("mps")


def test_the_command_line_names_it(capsys):
    with pytest.raises(SystemExit):
        commands.main(["run", "--help"])
    assert "mps" in capsys.readouterr().out
