"""The plan of a run: its formulas against the model and the measured table, its words, and refusals."""

import re
import shlex

import pytest
from test_documents import commands as commands_of
from test_packaging import text
from test_structure import ROOT

from minigpt import commands
from minigpt.model import GPT, GPTConfig
from minigpt.pretrained import GPT1
from minigpt.studies import plan
from minigpt.support import device
from minigpt.support.errors import InputError


def told(capsys, *flags):
    assert commands.main(["plan", *flags]) == 0
    return capsys.readouterr().out


def test_parameters_are_counted_as_the_model_has_them(monkeypatch):
    monkeypatch.setattr(plan, "VOCABULARY", 50)
    monkeypatch.setattr(plan, "N_CTX", 8)
    model = GPT(GPTConfig(50, n_ctx=8, n_layer=3, n_head=2, d_model=16, tie_weights=True))
    assert plan.count(3, 16) == sum(p.numel() for p in model.parameters())


def test_gpt1_is_gpt1():
    assert plan.shaped(117e6) == plan.shaped(plan.GPT1) == GPT1
    assert plan.count(GPT1.n_layer, GPT1.d_model) == plan.GPT1


def test_measured_is_what_the_results_say():
    """The speed is the table's: compiled, with GPT-1's dropout, on the card of its heading."""
    results = (ROOT / "benchmarks/RESULTS-GPU.md").read_text()
    (card,) = re.findall(r"GPT-1's size on NVIDIA (\w+)", results)
    (speed,) = re.findall(r"\| 0\.1 \| compiled \| minigpt \| ([\d,]+) \|", results)
    assert {card: int(speed.replace(",", ""))} == plan.MEASURED
    assert plan.MEASURED.keys() == plan.MEMORY.keys()


def test_memory_is_what_a_run_is_checked_with():
    """The same bytes as `pretrain` refuses by, but for the biases, and W^L, which is W^e here."""
    config = plan.shaped(117e6)
    ours = sum(plan.memory(config, plan.GPT1, batch_size=8))
    untied = 16 * config.vocab_size * config.d_model
    assert ours == pytest.approx(device.memory_needed(config, 8, config.n_ctx) - untied, rel=1e-3)


def test_a_plan(capsys):
    lines = told(capsys, "--tokens", "1e9", "--devices", "4", "--device", "H200", "--price", "3").splitlines()
    seconds = 1e9 / (4 * 474_426)  # what was measured was this model
    assert lines[0].startswith("model:   116,534,784 parameters, shaped as GPT-1: L 12, d_model 768")
    assert lines[1].endswith("1,000,000,000 tokens = 7.0e+17 operations")
    assert "8.3e+19 (0.96 petaflop/s-days, a month on 8 GPUs); this is 0.0084 times that" in lines[2]
    assert f"{seconds / 60:.0f} minutes on 4 x H200" in lines[3] and seconds / 60 == pytest.approx(8.8, abs=0.1)
    assert "1.9 GB of weights" in lines[5] and "0.5 GB a device if shared" in lines[5]
    assert "15.0 GB for 32 x 512 tokens" in lines[6]
    assert lines[7] == "cost:    0.6 device-hours x 3 = 2" and len(lines) == 8


def test_readmes_plan(capsys):
    (line,) = (line for block in commands_of(text("README.md")) for line in block if line.startswith("minigpt plan"))
    assert " on 8 x H200" in told(capsys, *shlex.split(line)[2:])


def test_the_plan_in_the_docs(capsys):
    """docs/scale.md shows what the command prints."""
    (command, printed) = (
        block for block in commands_of(text("docs/scale.md")) if "minigpt plan" in block[0] or "model:" in block[0]
    )
    assert told(capsys, *shlex.split(command[0])[2:]).splitlines() == printed


def test_time_goes_with_work_and_devices(capsys):
    def hours(*flags):
        return float(
            re.search(r"cost: +([\d,.]+) device-hours", told(capsys, *flags, "--price", "1"))[1].replace(",", "")
        )

    base = ["--device", "H200", "--params", "1e9"]
    once = hours("--tokens", "1e11", *base)
    assert hours("--tokens", "2e11", *base) == pytest.approx(2 * once, rel=1e-2)
    assert hours("--tokens", "1e11", "--devices", "8", *base) == pytest.approx(once, rel=1e-2)
    assert hours("--tokens", "1e11", "--device", "H200", "--params", "4e9") == pytest.approx(4 * once, rel=0.2)
    yours = hours("--tokens", "36e5", "--speed", "1000")
    assert yours == pytest.approx(1)


def test_this_machine(capsys, monkeypatch):
    monkeypatch.setattr(plan, "product_speed", lambda: 100.0)
    out = told(capsys, "--tokens", "1e6", "--params", "2e6")
    assert "60% of a large product's speed here, 100 GFLOP/s on each of 1 threads" in out
    assert "0.06 TFLOP/s" in out


def test_what_does_not_fit_is_said(capsys):
    flags = ["--tokens", "1e9", "--params", "20e9", "--device", "H200"]
    assert "more than the 141 GB of one H200" in told(capsys, *flags)
    assert "more than the 141 GB" not in told(capsys, *flags, "--devices", "16", "--batch-size", "1")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tokens", "0"], "tokens is 0.0; it must be a number above 0"),
        (["--tokens", "nan"], "tokens is nan"),
        (["--tokens", "1e9", "--params", "5"], "params is 5.0; it must be a number from 1e6 to 1e12"),
        (["--tokens", "1e9", "--devices", "0"], "devices is 0; it must be a whole number from 1"),
        (["--tokens", "1e9", "--price", "-1"], "price is -1.0"),
        (["--tokens", "1e9", "--speed", "0"], "speed is 0.0"),
        (
            ["--tokens", "1e9", "--device", "A100"],
            "device 'A100' is not one of cpu, H200; measure yours",
        ),
    ],
)
def test_refusals(capsys, flags, said):
    assert commands.main(["plan", *flags]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [lambda n, d: plan.N_CTX * d + 12 * n * d**2, lambda n, d: 12 * n * d**2])
def test_the_count_check_catches(monkeypatch, wrong):
    monkeypatch.setattr(plan, "count", wrong)
    with pytest.raises((AssertionError, InputError)):
        test_gpt1_is_gpt1()
