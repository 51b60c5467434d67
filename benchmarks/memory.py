"""Memory and start-up: what fine-tuning at GPT-1's size needs, and what importing the package costs.

Each figure is of a process of its own: its peak resident memory, or its CPU time, as the operating system counts them.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

from benchmarks.timing import Ratio, Row

FINETUNING = {  # one step of fine-tuning on 32 texts of 64 tokens
    "plain": {},
    "accumulate=4": {"accumulate": 4},
    "recompute=True": {"recompute": True},
    "accumulate=4, recompute=True": {"accumulate": 4, "recompute": True},
}
B, T = 32, 64


def finetune_once(options):
    """Two steps of fine-tuning a model of GPT-1's size; prints peak memory in GB and seconds of the second step."""
    import dataclasses

    import torch

    from minigpt.finetune import FinetuneConfig, finetune
    from minigpt.model import GPT
    from minigpt.pretrained import GPT1
    from minigpt.task_model import TaskModel
    from minigpt.tokenizer import Tokenizer

    torch.set_num_threads(1)
    words = [f"w{i}" for i in range(GPT1.vocab_size)]
    tok = Tokenizer("word", ["<unk>", *words[:-1]])
    gpt = GPT(dataclasses.replace(GPT1, vocab_size=tok.vocab_size))
    examples = [{"text": " ".join(words[i : i + T - 2]), "label": str(i % 2)} for i in range(B)]
    tuned = TaskModel.for_examples("single_text", tok, gpt, examples)
    start = time.process_time()
    finetune(tuned, examples, FinetuneConfig(epochs=2, batch_size=B, **options), progress=False)
    seconds = (time.process_time() - start) / 2
    print(json.dumps({"GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, "seconds": seconds}))


def memory_lines():
    """A Markdown table of peak memory and time a step."""
    yield f"| fine-tuning at GPT-1's size, batch {B} x {T} | peak memory, GB | CPU seconds a step |"
    yield "|---|---|---|"
    for name, options in FINETUNING.items():
        code = f"from benchmarks.memory import finetune_once; finetune_once({options!r})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        yield f"| {name} | {found['GB']:.1f} | {found['seconds']:.1f} |"


def cpu_seconds(statement):
    """CPU time of a Python process that runs `statement`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def import_rows(args):
    """`import minigpt` against `import torch`, each less what Python itself takes to start."""
    bare = statistics.median(cpu_seconds("pass") for _ in range(args.rounds))
    ours = [cpu_seconds("import minigpt.commands") - bare for _ in range(args.rounds)]
    theirs = [cpu_seconds("import torch") - bare for _ in range(args.rounds)]
    yield Row("import minigpt.commands, the whole command line", "import torch", Ratio.of(theirs, ours))
