"""The benchmarks count and time what they say; none of their figures is asserted."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import gpt1, gpu, growth, kinds, peers, timing
from minigpt.attention import attention
from minigpt.model import GPT, GPTConfig

ROOT = gpu.HERE.parent
TINY = GPTConfig(vocab_size=40, n_ctx=16, n_layer=3, n_head=2, d_model=8, dropout=0.0)


def counted_flops(config, B, T):
    """PyTorch's own count of the forward products, attention spelled out, so that every score is counted."""
    model = GPT(config)
    for block in model.blocks:
        heads = block.attention.heads
        block.attention.forward = lambda x, *_, heads=heads, a=block.attention: a.out(
            attention(*heads(x))[0].transpose(1, 2).flatten(2)
        )
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(B, T, dtype=torch.long))
    return counter.get_total_flops()


def test_flops_are_those_that_pytorch_counts():
    """The formula counts half the scores, those that the mask allows; PyTorch counts them all."""
    B, T = 2, 16
    masked_half = B * T * 2 * TINY.n_layer * T * TINY.d_model
    assert timing.training_flops(TINY, B, T) / 3 + masked_half == counted_flops(TINY, B, T)


def test_ratios_are_taken_round_by_round():
    ratio = timing.Ratio.of(theirs=[10.0, 3.0, 4.0], ours=[1.0, 1.0, 2.0])
    assert (ratio.median, ratio.low, ratio.high) == (3.0, 2.0, 10.0)
    (row,) = timing.rows_of("work", {"minigpt": [2.0], "peer": [4.0]}, flops=10.0, peak=20.0)
    assert str(row) == "| work | peer | 2.00 [2.00 to 2.00] | 25% |"


def test_contenders_take_turns():
    calls, now = [], [0.0]

    def work(name, seconds):
        calls.append(name)
        now[0] += seconds

    contenders = {"a": lambda: work("a", 1.0), "b": lambda: work("b", 2.0)}
    found = timing.interleave(contenders, rounds=3, clock=lambda: now[0])
    assert found == {"a": [1.0] * 3, "b": [2.0] * 3} and calls[4:] == ["a", "b"] * 3


def test_absent_peers_are_said(tmp_path):
    assert peers.load("nanoGPT", tmp_path) is None and peers.load("nanoGPT", None) is None
    assert "absent" in peers.identity("nanoGPT", tmp_path)
    (tmp_path / "picoGPT").mkdir()
    (tmp_path / "picoGPT/gpt2.py").write_text("value = 7\n")
    assert peers.load("picoGPT", tmp_path).value == 7
    assert peers.identity("picoGPT", tmp_path).startswith("no checkout; sha256 of gpt2.py")


@pytest.mark.parametrize("kind", ["OpenAIGPT", "GPT2"])
def test_peers_have_the_same_sizes(kind):
    pytest.importorskip("transformers", reason="transformers is the peer: pip install '.[test]'")
    theirs = peers.hugging_face(kind, TINY, dropout=0.0)
    ours = GPT(dataclasses.replace(TINY, tie_weights=True))
    more = 2 * TINY.d_model if kind == "GPT2" else 0  # a last layer norm
    assert theirs.num_parameters() == sum(p.numel() for p in ours.parameters()) + more


def test_kept_bytes_grow_with_the_layers():
    one, two = (growth.kept_bytes(dataclasses.replace(TINY, n_layer=n), B=2) for n in (1, 2))
    assert two - one > 4 * 2 * TINY.n_ctx * 12 * TINY.d_model  # more than a block's products alone


def test_gpu_lines_run_and_say_when_there_is_none():
    if not torch.cuda.is_available():
        assert [*gpu.lines()] == ["On a GPU: skipped, this machine has none."]
    told = [*gpu.lines("cpu", TINY, B=2, rounds=2, kinds=[False])]
    assert "a rehearsal with 3 layer of width 8 on cpu, batch 2 of 16 tokens" in told[0]
    assert [line.split(" | ")[:3] for line in told[4:]] == [
        ["| 0.0", "plain", "minigpt"],
        ["| 0.1", "plain", "minigpt"],
    ]


PEER = """
from types import SimpleNamespace

import torch


def GPTConfig(**sizes):
    return SimpleNamespace(**sizes)


class GPT(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, self.rows = config, torch.nn.Embedding(config.vocab_size, config.n_embd)
        print("number of parameters")  # which it says, and nobody wants to read

    def forward(self, ids, targets):
        logits = self.rows(ids) @ self.rows.weight.T
        return logits, torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
"""


def test_the_rehearsal_writes_the_table_beside_a_peer(tmp_path, capsys):
    """All that `make gpu` does after its tests: both models in turn, at each dropout, and a file that is whole."""
    (tmp_path / "nanoGPT").mkdir()
    (tmp_path / "nanoGPT" / "model.py").write_text(PEER)
    gpu.main(["--peers", str(tmp_path), "--rehearse", str(tmp_path / "table.md")])
    written, said = (tmp_path / "table.md").read_text(encoding="utf-8"), capsys.readouterr().out
    assert "number of parameters" not in said and all(line in written for line in said.splitlines())
    rows = [line.split(" | ")[:3] for line in written.splitlines() if line.startswith("| 0")]
    names = ["minigpt", "nanoGPT", "nanoGPT, vocabulary of 128"]
    assert rows == [[f"| {rate}", "plain", name] for rate in (0.0, 0.1) for name in names]
    ratios = re.findall(r"\d\.\d\d \[\d+\.\d\d to \d+\.\d\d\]", written)
    assert len(ratios) == 4 and re.search(r"The whole took \d+ s\.", written)
    assert (ROOT / "benchmarks" / "RESULTS-GPU.md").read_text().count("a rehearsal") == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU here, `make gpu` measures it")
@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_gpu_without_one_says_so_and_changes_nothing():
    """Its tests are found, and those for a GPU skipped; its second line says that there is none."""
    before = (ROOT / "benchmarks" / "RESULTS-GPU.md").read_bytes()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["make", "gpu", f"PYTHON={sys.executable}"], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "On a GPU: skipped, this machine has none." in done.stdout
    (skipped,) = re.findall(r"(\d+) skipped", done.stdout)
    assert int(skipped) >= (ROOT / "tests" / "test_cuda.py").read_text(encoding="utf-8").count("\ndef test_")
    assert (ROOT / "benchmarks" / "RESULTS-GPU.md").read_bytes() == before


def test_gpt1s_lines_at_a_small_size(tmp_path, monkeypatch, real_data):
    """Each line in a process of its own, with a small model and a vocabulary made here: the table is whole."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789?.,'"]
    pieces = ["<unk>", *letters, *(f"{c}</w>" for c in letters)]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    config = GPTConfig(len(pieces), 128, 1, 2, 16, tie_weights=True)
    names = ["W^y alone, all of TREC", "fine-tune all", "transformers' model beside"]
    monkeypatch.setattr(gpt1, "LINES", {name: gpt1.LINES[name] for name in names})
    told = [*gpt1.lines(tmp_path, config, n=300, note="Alone.")]
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in told[9:]}
    assert [*rows] == names and all(line.count("|") == 5 for line in rows.values())
    assert "300 questions" in rows["W^y alone, all of TREC"] and "for 3 epochs" in rows["fine-tune all"]
    far = re.search(r"at most (\S+), a logit by (\S+) ", rows["transformers' model beside"])
    assert all(float(apart) < 2e-5 for apart in far.groups())
    assert "no score" in told[5] and told[5].endswith("Alone.")


def test_gpt1s_times_of_an_epoch():
    assert gpt1.steps_of(5_452) == 3 * 171


def test_the_kinds_stand_side_by_side(tmp_path, monkeypatch):
    """A column a file, the rows of both, and what only one machine measured is said."""
    rows = ["| step | nanoGPT | 1.43 [1.42 to 1.48] | 46% |", "| step | minGPT | 1.79 [1.77 to 1.94] | 46% |"]
    (tmp_path / "RESULTS-AVX2-other.md").write_text(rows[0].replace("1.43", "1.05"))
    (tmp_path / "RESULTS-AVX512-AMD.md").write_text("\n".join(rows))
    (tmp_path / "RESULTS-GPU.md").write_text(rows[0])
    assert [*kinds.side_by_side(kinds.results(tmp_path))] == [
        "| work | against | AVX2-other | AVX512-AMD |",
        "|---|---|---|---|",
        "| step | nanoGPT | 1.05 [1.42 to 1.48] | 1.43 [1.42 to 1.48] |",
        "| step | minGPT | not measured | 1.79 [1.77 to 1.94] |",
    ]
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert kinds.kind().endswith("-emulated")
    monkeypatch.setattr(kinds, "made_by_amd", lambda: True)
    (tmp_path / "cpuinfo").write_text("vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 17\n")
    assert "-AMD26" in kinds.kind(tmp_path / "cpuinfo") and "-AMD-" in kinds.kind(tmp_path / "none")


def test_the_tables_of_kinds_are_those_of_the_files():
    found, speed = kinds.results(), kinds.SPEED.read_text(encoding="utf-8")
    assert (kinds.HERE / "RESULTS.md").read_text(encoding="utf-8") == "\n".join(kinds.summary(found)) + "\n"
    assert kinds.filled(speed, found) == speed and "| nanoGPT |" in speed
