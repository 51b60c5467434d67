"""Pre-training for so many minutes: the steps are measured once, and a run that goes on keeps them."""

import copy
import dataclasses
from types import SimpleNamespace

import pytest
import torch

from minigpt.studies import budget, main_job
from minigpt.support import device
from minigpt.support.errors import InputError
from minigpt.train import TrainConfig, pretrain


@pytest.fixture
def clock(monkeypatch):
    """Each look at the clock is two seconds after the last, but the eleventh, which is late."""
    now = iter([*range(0, 20, 2), 60, *range(62, 10_000, 2)])
    monkeypatch.setattr(budget.time, "perf_counter", lambda: next(now))


def test_the_steps_fill_the_minutes(tiny, clock):
    before = copy.deepcopy(tiny.state_dict())
    sequences = [[1, 2, 3, 4]] * 8
    assert budget.steps_within(3, tiny, sequences, TrainConfig(steps=1, batch_size=4)) == 90  # of two seconds each
    assert all(torch.equal(tiny.state_dict()[name], before[name]) for name in before)  # another was trained


def test_a_run_that_goes_on_keeps_its_steps(tiny, clock, tmp_path):
    sequences, recipe = [[1, 2, 3, 4]] * 8, TrainConfig(steps=7, batch_size=4)
    pretrain(copy.deepcopy(tiny), sequences, recipe, tmp_path, progress=False)
    path = tmp_path / "checkpoint.safetensors"
    assert budget.planned(3, tiny, sequences, dataclasses.replace(recipe, steps=1), path) == recipe
    assert budget.planned(3, tiny, sequences, recipe).steps == 90
    with pytest.raises(InputError, match="nothing to resume"):
        budget.planned(3, tiny, sequences, recipe, tmp_path / "gone.safetensors")


class PowerCut(Exception):
    pass


def test_pre_training_goes_on_bit_for_bit(tiny_setting, tmp_path, monkeypatch):
    """Some minutes, cut short, then resumed on a machine of another speed: as if never stopped."""
    setting = dataclasses.replace(tiny_setting, minutes=1)
    tok = setting.tokenizer()

    def body(folder, resume=False):
        return main_job.pretrained(setting, setting.corpus, tok, tmp_path / folder, device.pick("cpu"), resume=resume)

    done = []

    def cut(*args, **options):
        def watch(log):
            done.append(len(log))
            if done == [*range(1, 9)]:
                raise PowerCut

        return pretrain(*args, **options | {"watch": watch, "checkpoint_every": 5})

    monkeypatch.setattr(budget, "steps_within", lambda *_: 12)
    whole = body("whole")
    monkeypatch.setattr(main_job, "pretrain", cut)
    with pytest.raises(PowerCut):
        body("cut")
    monkeypatch.setattr(budget, "steps_within", lambda *_: 99)
    resumed = body("cut", resume=True)
    assert done == [*range(1, 9), *range(6, 13)]  # from the checkpoint of step 5
    assert resumed["steps"] == 12 and resumed["loss"] == whole["loss"]
    for name in ("loss.csv", "model.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_whole_run_is_not_resumed(tiny_setting, tmp_path):
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(InputError, match="whole run"):
        main_job.run(tiny_setting, tmp_path, 0, device.pick("cpu"), resume=True)


def test_a_run_that_goes_on_tells_what_is_left(monkeypatch):
    now = iter(range(0, 10_000, 3))
    monkeypatch.setattr(main_job.time, "perf_counter", lambda: next(now))
    told = []
    watch = main_job.judging(told.append, SimpleNamespace(minutes=1), n_steps=1_000)
    for step in range(801, 1_001):
        watch([{"step": step}])
    assert told == ["about 10 min of pre-training on this machine, judged by 100 of 200 steps"]
