"""`make elsewhere`: run every lesson as another machine would, and print a table, lesson by regime.

A trained number differs from processor to processor: sums are rounded in another order, and training lets a last digit
grow. Five regimes stand for five other machines: initial and loaded weights are multiplied by 1 + 1e-6 N(0, 1), kernels
for older processors are used, and one thread or two. In each, every assertion and every stored output must hold.

    python chapters/elsewhere.py                     all lessons under all regimes
    python chapters/elsewhere.py 06 07 --regimes 2   some lessons under the third

The last table shows what each figure's tolerance is worth: the largest difference seen, beside what is allowed.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLD_TORCH = {"ATEN_CPU_CAPABILITY": "default"}
OLD_PRODUCTS = {"ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
TWO = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}  # two lessons run at a time: no thread waits in a loop
REGIMES = {  # name: seed of the changed weights (None leaves them), environment
    "weights": (1, {"OMP_NUM_THREADS": "1"}),
    "weights, 2 threads": (2, TWO),
    "old torch": (None, {"OMP_NUM_THREADS": "1", **OLD_TORCH}),
    "old products": (None, {"OMP_NUM_THREADS": "1", **OLD_PRODUCTS}),
    "all of it": (3, TWO | OLD_TORCH | OLD_PRODUCTS),
}
# Runs in the lesson's kernel before its first cell: weights change where an optimizer takes them, or a file is read.
CHANGE_WEIGHTS = """
def change_weights():  # one name only: whatever a lesson calls its variables, nothing here is lost
    import torch
    from minigpt.model import GPT

    def changed(parameters):
        draws = torch.Generator().manual_seed({seed})
        with torch.no_grad():
            for p in parameters:
                p.mul_(1 + 1e-6 * torch.randn(p.shape, generator=draws, dtype=p.dtype))

    def begin(self, params, *given, begin=torch.optim.AdamW.__init__, **named):
        params = list(params)
        changed(p for group in params for p in (group["params"] if isinstance(group, dict) else [group]))
        begin(self, params, *given, **named)

    def load(cls, folder, load=GPT.load.__func__):
        model = load(cls, folder)
        changed(model.parameters())
        return model

    torch.optim.AdamW.__init__, GPT.load = begin, classmethod(load)

change_weights()
"""


def run(lesson, regime, folder):
    """One lesson under one regime, as `make lessons` runs it; returns (passed, output, seconds, spreads)."""
    seed, environment = REGIMES[regime]
    folder.mkdir(parents=True)
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    if seed is not None:
        (startup / "elsewhere.py").write_text(CHANGE_WEIGHTS.format(seed=seed))
    spreads = folder / "spreads.jsonl"
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "--nbval-cell-timeout", "1800"]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", lesson],
        env=os.environ | environment | {"IPYTHONDIR": str(folder), "LESSON_SPREADS": str(spreads)},
        capture_output=True,
        text=True,
    )
    rows = [json.loads(line) for line in spreads.read_text().splitlines()] if spreads.exists() else []
    return done.returncode == 0, done.stdout, time.perf_counter() - started, rows


def main():
    parser = argparse.ArgumentParser(description="run the lessons as other machines would")
    parser.add_argument("lessons", nargs="*", help="numbers, such as 06; all without")
    parser.add_argument("--regimes", nargs="+", type=int, default=range(len(REGIMES)), help="their numbers, from 0")
    parser.add_argument("--jobs", type=int, default=2, help="lessons at a time")
    args = parser.parse_args()
    paths = sorted(HERE.glob("[0-9][0-9]_*/lesson.ipynb"))
    lessons = [p for p in paths if not args.lessons or p.parent.name.startswith(tuple(args.lessons))]
    regimes = [list(REGIMES)[i % len(REGIMES)] for i in args.regimes]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(args.jobs) as pool:
        jobs = list(itertools.product(lessons, regimes))
        folders = (Path(folder) / f"{place}" for place in range(len(jobs)))
        results = {}
        for job, result in zip(jobs, pool.map(run, *zip(*jobs, strict=True), folders), strict=True):
            (lesson, regime), (passed, output, seconds, _) = job, result
            results[job] = result
            print(
                f"{lesson.parent.name} under {regime!r}: {'passed' if passed else 'FAILED'}, {seconds:.0f} s",
                flush=True,
            )
            if not passed:
                print(output[-6000:], flush=True)
    print("\n| lesson | " + " | ".join(regimes) + " |\n|---" + "|---" * len(regimes) + "|")
    for lesson in lessons:
        cells = (results[lesson, regime] for regime in regimes)
        told = (f"{'passed' if passed else 'FAILED'}, {seconds:.0f} s" for passed, _, seconds, _ in cells)
        print(f"| {lesson.parent.name} | " + " | ".join(told) + " |")
    print_spreads([row for _, _, _, rows in results.values() for row in rows])
    return 0 if all(passed for passed, *_ in results.values()) else 1


def print_spreads(rows):
    """Each trained figure: the largest difference to what is stored over the regimes, beside its tolerance."""
    print("\n| figure | largest difference | tolerance |\n|---|---|---|")
    for key in dict.fromkeys((row["lesson"], row["cell"], row["tolerance"]) for row in rows):
        alike = [row["spread"] for row in rows if (row["lesson"], row["cell"], row["tolerance"]) == key]
        if key[2] > 1e-6 or None in alike:
            largest = "other shapes" if None in alike else f"{max(alike):.3g}"
            print(f"| {key[0]} {key[1]} | {largest} | {key[2]:g} |")


if __name__ == "__main__":
    sys.exit(main())
