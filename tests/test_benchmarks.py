"""The benchmarks count and time what they say; none of their figures is asserted."""

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import gpu, growth, peers, timing
from minigpt.attention import attention
from minigpt.model import GPT, GPTConfig

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
    assert "GPT-1's size on cpu, batch 2 of 16 tokens" in told[0]
    assert [line.split(" | ")[:3] for line in told[4:]] == [
        ["| 0.0", "plain", "minigpt"],
        ["| 0.1", "plain", "minigpt"],
    ]
