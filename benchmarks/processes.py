"""Several processes: tokens per second of pre-training under `torchrun` with one process and with two.

torchrun --nproc-per-node 2 -m benchmarks.processes
"""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time

STEPS = 12


def worker():
    """What each process runs; the first prints tokens per second, the median over steps."""
    import torch

    from benchmarks.peers import random_ids
    from benchmarks.training import M
    from minigpt.fast import parallel
    from minigpt.model import GPT
    from minigpt.support import device
    from minigpt.train import make_optimizer, train_step

    torch.set_num_threads(1)
    with device.processes(torch.device("cpu")) as rank:
        B = 16
        model = GPT(dataclasses.replace(M, dropout=0.0)).train()
        optimizer = make_optimizer(model.parameters(), 1e-3, 0.01)
        wrapped, batch, seconds = parallel.wrap(model), random_ids(M, B, M.n_ctx + 1).tolist(), []
        for _ in range(STEPS):
            start = time.perf_counter()
            train_step(wrapped, optimizer, batch, 1e-3, 1.0)
            seconds.append(time.perf_counter() - start)
        if rank == 0:
            print(json.dumps({"tokens/s": B * M.n_ctx / statistics.median(seconds[2:])}))


def lines(args):
    """A Markdown table; each number of processes is started three times, in turn."""
    found = {1: [], 2: []}
    for _ in range(3):
        for n in found:
            command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(n)]
            done = subprocess.run(
                [*command, "-m", "benchmarks.processes"],
                capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            found[n].append(json.loads(done.stdout.splitlines()[-1])["tokens/s"])
    yield "| pre-training M, one thread a process | tokens/s, median [lowest to highest] of 3 |"
    yield "|---|---|"
    for n, speeds in found.items():
        told = f"{statistics.median(speeds):,.0f} [{min(speeds):,.0f} to {max(speeds):,.0f}]"
        yield f"| {n} process{'es' if n > 1 else ''} | {told} |"


if __name__ == "__main__":
    worker()
