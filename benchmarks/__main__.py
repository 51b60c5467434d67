"""`make bench`, or `python -m benchmarks --peers FOLDER`: measure everything, write benchmarks/RESULTS-KIND.md.

KIND is the machine's kind; RESULTS.md and docs/speed.md then get a column for it, see `kinds.py`.
"""

import argparse
import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import forward, generation, growth, kinds, memory, peers, processes, timing, training, tuning

HERE = Path(__file__).parent


def machine():
    """The processor's name and the libraries that multiply."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    kernels = sorted({f"{lib['internal_api']} {lib.get('architecture', '')}".strip() for lib in threadpool_info()})
    return f"{names[0] if names else platform.processor()}, {len(names)} cores; {', '.join(kernels)}"


def heading(args, peaks):
    yield f"# Results, {kinds.kind()}"
    yield ""
    yield f"`{args.command}` on {datetime.date.today().isoformat()}: {machine()}."
    for name in kinds.LIMITS:
        if name in os.environ:
            yield f"Emulated: {name}={os.environ[name]} held this processor back."
    yield f"Python {platform.python_version()}, PyTorch {torch.__version__}, transformers {version('transformers')}."
    yield "Peers: " + "; ".join(f"{name}, {peers.identity(name, args.peers)}" for name in peers.FILES) + "."
    rates = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in peaks.items())
    yield f"A float32 product of 2048 x 2048 on one thread: {rates}. The share of the peak is of the larger one."
    yield ""
    yield "How many times as fast minigpt is as the peer: median [lowest to highest] of the ratios of "
    yield f"{args.rounds} rounds, taken in turn, CPU time on one thread."
    yield ""
    yield "| work | against | times as fast | share of the peak |"
    yield "|---|---|---|---|"


def report(args):
    """Every line of the file, as it is measured."""
    peaks, picture = timing.peaks(), f"growth-{kinds.kind()}.png"
    args.peak = max(peaks.values())
    yield from heading(args, peaks)
    for rows in (training.rows, tuning.rows, generation.rows, forward.rows, memory.import_rows):
        yield from map(str, rows(args))
    for table in (
        memory.memory_lines(),
        processes.lines(args),
        growth.lines(args, HERE / picture),
    ):
        yield ""
        yield from table
    yield ""
    yield f"![Growth of time and memory with the sizes]({picture})"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", help="a folder with checkouts of nanoGPT, minGPT, LLMs-from-scratch, picoGPT")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each comparison")
    args = parser.parse_args()
    args.command = "python -m benchmarks" + (" --peers FOLDER" if args.peers else "") + f" --rounds {args.rounds}"
    torch.set_num_threads(1)
    with threadpool_limits(1):
        timing.reported(report(args), HERE / f"RESULTS-{kinds.kind()}.md")
    kinds.write()


if __name__ == "__main__":
    main()
