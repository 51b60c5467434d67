"""GPT-1 on this machine, at its true size: what loading, W^y alone, fine-tuning and writing take, and is it the model?

    python -m benchmarks.gpt1 VOCABULARY        writes benchmarks/RESULTS-GPT1.md

Weights are random, in GPT-1's shapes, so that no score says anything and none is told; times, memory and the distance
to transformers' own model do not depend on them. Texts are TREC's questions, in the pieces of GPT-1's vocabulary. Each
line of the table is a process of its own with one thread: its peak memory is what the operating system counted, its
time that of the processor: other programs beside it cost it less than they cost the clock.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.__main__ import machine
from benchmarks.timing import reported
from minigpt.data.real import read_task
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.generate import generate
from minigpt.model import GPT
from minigpt.pretrained import GPT1, load_body, load_openai_gpt, save_openai_gpt
from minigpt.probe import probe
from minigpt.support.device import product_speed
from minigpt.task_model import TaskModel

HERE = Path(__file__).parent
EPOCHS, BATCH = 3, 32  # GPT-1's recipe
STEPS = 5  # that are timed


def random_gpt1(folder, vocabulary, config=GPT1):
    """A model of GPT-1's shapes in Hugging Face's format, biases and layer norms random too, with the vocabulary."""
    model, draws = GPT(config, seed=0), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.add_(0.1 * torch.randn(p.shape, generator=draws))
    save_openai_gpt(model, folder)
    for path in Path(vocabulary).iterdir():
        if path.suffix in (".json", ".bpe", ".txt") and path.name not in ("config.json", "params_shapes.json"):
            shutil.copy(path, folder)


def task_model(folder, n=None):
    """The model with a head for TREC's labels, and its training questions, or the first `n`."""
    train = (read_task("trec", "train") + read_task("trec", "dev"))[:n]
    tok, body = load_body(folder)
    return TaskModel.for_examples("single_text", tok, body, train), train


def load(folder):
    """Read the weights."""
    load_openai_gpt(folder)


def frozen(folder, n=None):
    """W^y alone: the body reads each question once, then L-BFGS."""
    model, train = task_model(folder, n)
    started = time.process_time()
    probe(model, train, progress=False)
    return {"examples": len(train), "tokens": tokens(model, train), "work": time.process_time() - started}


def full(folder, n=None, **options):
    """Some steps of fine-tuning everything, and what three epochs would take at that rate."""
    model, train = task_model(folder, n)
    recipe = FinetuneConfig(epochs=1, batch_size=BATCH, lr=6.25e-5, **options)
    finetune(model, train[:BATCH], recipe, progress=False)  # the first step allocates
    some = train[BATCH : BATCH * (1 + STEPS)]
    started = time.process_time()
    n_steps = len(finetune(model, some, recipe, progress=False)["losses"])
    a_step = (time.process_time() - started) / n_steps
    return {"examples": len(some), "tokens": tokens(model, some), "step": a_step, "work": a_step * steps_of(len(train))}


def steps_of(n_examples):
    return EPOCHS * -(-n_examples // BATCH)


def write(folder):
    """Forty tokens after a prompt of eight."""
    tok, model = load_body(folder)
    ids = torch.arange(8)[None] % tok.vocab_size
    started = time.process_time()
    generate(model, ids, 40, generator=torch.Generator().manual_seed(0))
    return {"tokens": 40, "work": time.process_time() - started}


def beside(folder, n=32):
    """The largest distance of a state and of a logit to those of transformers, on TREC's questions one by one."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    ours, theirs = load_openai_gpt(folder), transformers.OpenAIGPTLMHeadModel.from_pretrained(folder).eval()
    tok, _ = load_body(folder)
    apart = {"state": 0.0, "logit": 0.0}
    with torch.no_grad():
        for example in read_task("trec", "test")[:n]:
            ids = torch.tensor([tok.encode(example["text"])])
            states = ours.hidden(ids) - theirs.transformer(ids).last_hidden_state
            logits = ours(ids) - theirs(ids).logits
            for name, difference in (("state", states), ("logit", logits)):
                apart[name] = max(apart[name], difference.abs().max().item())
    return apart


def tokens(model, examples):
    return sum(len(ids) for sequences in model.encode(examples)[0] for ids in sequences)


LINES = {  # what the table calls it: function, its options
    "read the weights": (load, {}),
    "W^y alone, all of TREC": (frozen, {}),
    "fine-tune all": (full, {}),
    "the same, `--accumulate 4`": (full, {"accumulate": 4}),
    "the same, `--recompute`": (full, {"recompute": True}),
    "write 40 tokens": (write, {}),
    "transformers' model beside": (beside, {}),
}


def measured(name, folder, **options):
    """One line in a process of its own: what its function tells, its seconds and peak memory."""
    call = {"name": name, "folder": str(folder), "options": options}
    line = [sys.executable, "-m", "benchmarks.gpt1", "--line", json.dumps(call)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def one_line(call):
    torch.set_num_threads(1)
    function, options = LINES[call["name"]]
    started = time.process_time()
    told = function(call["folder"], **options, **call["options"]) or {}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"work": time.process_time() - started} | told | {"GB": peak}))


def cells(name, found):
    """A line of the table."""
    work = f"{found['work'] / 60:.1f} min" if found["work"] > 100 else f"{found['work']:.1f} s"
    what = ""
    if "step" in found:
        work = f"{work} for {EPOCHS} epochs"
        what = f"{found['step']:.1f} s a step of {BATCH} questions, {STEPS} of them timed"
    elif "examples" in found:
        what = f"{found['examples']:,} questions, {found['tokens']:,} tokens"
    elif "state" in found:
        what = f"a state differs by at most {found['state']:.0e}, a logit by {found['logit']:.0e}"
    return f"| {name} | {work} | {found['GB']:.1f} | {what} |"


def lines(vocabulary, config=GPT1, n=None, note=""):
    """The Markdown, line by line, as it is measured."""
    yield "# GPT-1 on a CPU"
    yield ""
    when = datetime.date.today().isoformat()
    yield f"`python -m benchmarks.gpt1 VOCABULARY` on {when}: {machine()}; CPU time on one thread, which multiplies at"
    yield f"{product_speed():.0f} GFLOP/s; Python {platform.python_version()}, PyTorch {torch.__version__},"
    yield f"transformers {version('transformers')}."
    yield f"Weights are random, in GPT-1's shapes: no score is measured. {note}".rstrip()
    yield ""
    yield "| what | takes | peak memory, GB | |"
    yield "|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        random_gpt1(Path(folder), vocabulary, config)
        for name, (function, _) in LINES.items():
            options = {"n": n} if n and function in (frozen, full) else {}
            yield cells(name, measured(name, folder, **options))


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpt1", description=__doc__)
    parser.add_argument("vocabulary", nargs="?", help="a folder with GPT-1's two vocabulary files")
    parser.add_argument("--note", default="", help="what else should be known of this run, such as who else computed")
    parser.add_argument("--line", help=argparse.SUPPRESS)  # how `measured` calls
    args = parser.parse_args(argv)
    if args.line:
        return one_line(json.loads(args.line))
    reported(lines(args.vocabulary, note=args.note), HERE / "RESULTS-GPT1.md")


if __name__ == "__main__":
    main()
