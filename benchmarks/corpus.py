"""A corpus larger than memory: what encoding it and training on it take, at 10 MB, 100 MB and 1 GB of text.

    python -m benchmarks.corpus --out docs/results/corpus.md

The text is the toy world's stories and this project's own documents, again and again in a new order; it is written to a
temporary folder that is deleted afterwards. Memory is the peak of the largest process; time is CPU time, over all of
them, since a machine may have other work. `--books FOLDER` adds a line on real text that the folder holds.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import reported
from minigpt.data import world
from minigpt.data.own import read_documents
from minigpt.support.files import read_json

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10, 100, 1000)  # MB
STEPS = 300
FLAGS = ["--device", "cpu", "--n-layer", "1", "--n-head", "2", "--d-model", "32", "--batch-size", "8"]
FLAGS += ["--steps", str(STEPS)]
PREPARE = """
import sys
from pathlib import Path
from minigpt.commands.pretrain_corpus import prepare
if __name__ == "__main__":  # its processes read this file again
    prepare(sys.argv[1:2], Path(sys.argv[2]) / "corpus", vocab_size=2_000)
"""
ENCODE = """
import itertools, sys, time
from minigpt.data.corpus import documents, files
from minigpt.fast.encode import Pieces
from minigpt.tokenizer import Tokenizer
pieces = Pieces(Tokenizer.load(sys.argv[2] + "/corpus"))
texts = [*itertools.islice(documents(files(sys.argv[1:2])), 300_000)]
start = time.process_time()
for text in texts:
    pieces.encode(text)
print(sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start))
"""
READ = """
import sys
from minigpt.batch import plan
from minigpt.data.token_file import Sequences
sequences = Sequences(sys.argv[2] + "/corpus", 128, "train")
for _, batch in zip(range(1000), plan(sequences.lengths, 32, seed=0)):
    ids = [sequences[i] for i in batch]
"""


def write_text(folder, megabytes, seed=0):
    """Files of at most 100 MB, empty lines between their documents."""
    rng = random.Random(seed)
    own = [text for path in sorted(ROOT.glob("docs/*.md")) for text in read_documents(path)]
    texts = [*world.stories(20_000, seed), *own]
    folder.mkdir()
    for number in range(-(-megabytes // 100)):
        left = 1_000_000 * min(100, megabytes)
        with open(folder / f"{number:02}.txt", "w", encoding="utf-8") as file:
            while left > 0:
                rng.shuffle(texts)
                left -= file.write("\n\n".join(texts)[:left] + "\n\n")


# A process that is started anew counts the memory of the one that started it as its own peak: let that be a small one.
LAUNCH = """
import json, os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
told = child.stdout.read()
_, status, used = os.wait4(child.pid, 0)
print(json.dumps([status, told, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000]))
"""


def measured(*command):
    """Run a command; returns what it printed, CPU seconds of all its processes, and MB of the largest at its peak."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    launch = [sys.executable, "-c", LAUNCH, *map(str, command)]
    done = subprocess.run(launch, env=env, stdout=subprocess.PIPE, text=True, check=True)
    status, told, cpu, peak = json.loads(done.stdout)
    if status:
        raise RuntimeError(f"{command} ended with {status}")
    return told, cpu, peak


def row(name, text, out, folder):
    """One line of the table: encode `text`, and train on it for STEPS steps."""
    for file, code in (("prepare.py", PREPARE), ("encode.py", ENCODE), ("read.py", READ)):
        (folder / file).write_text(code)
    size = sum(path.stat().st_size for path in text.glob("*.txt")) / 1e6
    _, cpu, encoding = measured(folder / "prepare.py", text, out)
    speed, _, _ = measured(folder / "encode.py", text, out)
    _, _, reading = measured(folder / "read.py", text, out)
    _, _, training = measured("-m", "minigpt", "pretrain", "--text", text, "--out", out, *FLAGS)
    card = read_json(out / "corpus" / "card.json")
    disk = sum(path.stat().st_size for path in (out / "corpus").iterdir()) / 1e6
    counts = f"{size:,.0f} | {card['documents']:,} | {card['tokens']:,} | {disk:,.0f}"
    return (
        f"| {name} | {counts} | {cpu:,.0f} | {float(speed):.1f} | {encoding:,.0f} | {reading:,.0f} | {training:,.0f} |"
    )


def lines(sizes, books):
    peaks = "peak MB, encoding | peak MB, 1,000 batches read | peak MB, pretrain"
    yield f"| text | MB | documents | tokens | MB on disk | CPU s in all | MB a second and core | {peaks} |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for megabytes in sizes:
            write_text(folder / "text", megabytes)
            yield row("toy world and documents", folder / "text", folder / f"out-{megabytes}", folder)
            if megabytes == sizes[0]:
                single = folder / "text" / "00.txt"
                _, _, peak = measured("-m", "minigpt", "pretrain", "--text", single, "--out", folder / "list", *FLAGS)
                yield f"| the same, held as a list | {megabytes} |  |  |  |  |  |  |  | {peak:,.0f} |"
            for path in (folder / "text").iterdir():
                path.unlink()
            (folder / "text").rmdir()
        if books:
            yield row("books", Path(books).resolve(), folder / "out-books", folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="MB")
    parser.add_argument("--books", help="a folder of .txt files")
    parser.add_argument("--out", help="file for the table")
    args = parser.parse_args()
    reported(lines(args.sizes, args.books), args.out)
