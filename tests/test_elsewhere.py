"""Another machine, as a tool: weights do change where training begins and where a body is loaded, and a lesson that
hangs on one machine's luck fails."""

import subprocess
import sys
from pathlib import Path

import nbformat
import torch

from minigpt.model import GPT, GPTConfig
from minigpt.train import make_optimizer

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
sys.path.insert(0, str(CHAPTERS))
import elsewhere  # noqa: E402


def tiny():
    return GPT(GPTConfig(vocab_size=12, n_ctx=8, n_layer=1, n_head=2, d_model=8, dropout=0.0), seed=0)


def test_weights_change_by_a_millionth(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.optim.AdamW, "__init__", torch.optim.AdamW.__init__)  # both are put back afterwards
    monkeypatch.setattr(GPT, "load", GPT.load)
    tiny().save(tmp_path)
    exec(elsewhere.CHANGE_WEIGHTS.format(seed=1), {})
    trained, loaded = tiny(), GPT.load(tmp_path)
    make_optimizer(trained.parameters(), lr=0.1, weight_decay=0.0)
    for model in (trained, loaded):
        for ours, theirs in zip(tiny().parameters(), model.parameters(), strict=True):
            apart = (ours - theirs).abs().max()
            assert apart <= 1e-5 * ours.abs().max() and (apart > 0 or ours.abs().max() == 0)


def lesson(folder, cell):
    """A lesson of one cell, stored as this machine runs it, in a folder of its own."""
    path = folder / "01_lucky" / "lesson.ipynb"
    path.parent.mkdir(parents=True)
    (folder / "conftest.py").write_bytes((CHAPTERS / "conftest.py").read_bytes())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, execution_count=1)])
    nbformat.write(notebook, path)
    return path


SETUP = """
import torch
from minigpt.train import make_optimizer
w = torch.nn.Parameter(torch.ones(4))
make_optimizer([w], 0.1, 0.0)
"""


def test_a_lesson_that_needs_luck_fails(tmp_path):
    lucky = lesson(tmp_path / "a", SETUP + "assert torch.equal(w, torch.ones(4))")
    honest = lesson(tmp_path / "b", SETUP + "assert torch.allclose(w, torch.ones(4), atol=1e-4)")
    results = [elsewhere.run(path, "weights", tmp_path / path.parent.parent.name / "run") for path in (lucky, honest)]
    assert [passed for passed, *_ in results] == [False, True], results


def test_every_regime_runs_here():
    """The variables of each regime start a Python with torch and multiply."""
    for _, environment in elsewhere.REGIMES.values():
        code = "import torch; print(torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3)).sum().item())"
        done = subprocess.run(
            [sys.executable, "-c", code], env=elsewhere.os.environ | environment, capture_output=True, text=True
        )
        assert done.stdout.strip() == "24.0", done.stderr
