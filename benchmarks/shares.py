"""Memory a process: a model in one process, and its weights, gradients and moments shared among two and four (FSDP).

python -m benchmarks.shares    prints the table of docs/scale.md
"""

import json
import os
import resource
import subprocess
import sys

STEPS = 3
PROCESSES = (1, 2, 4)
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}  # else glibc keeps what was freed


def resident():
    """The largest resident memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def worker():
    """What each process runs: a few steps; the first prints the parameters, and MB before the model and in all."""
    import torch
    import torch.distributed as dist

    from minigpt.fast.scale import Scale
    from minigpt.model import GPT, GPTConfig
    from minigpt.support import device
    from minigpt.train import TrainConfig, pretrain

    torch.set_num_threads(1)
    config = GPTConfig(8_000, n_ctx=64, n_layer=8, n_head=8, d_model=512, dropout=0.0)
    sequences = torch.randint(8_000, (16, 65), generator=torch.Generator().manual_seed(0)).tolist()
    with device.processes(torch.device("cpu")) as rank:
        import torch.distributed.fsdp

        before, model = resident(), GPT(config)
        n_parameters = sum(p.numel() for p in model.parameters())
        take_step = Scale(micro=1, shared=dist.get_world_size() > 1).prepare(model, torch.device("cpu"))
        pretrain(model, sequences, TrainConfig(STEPS, batch_size=4), progress=False, take_step=take_step)
        most = torch.tensor([before, resident()])
        dist.all_reduce(most, dist.ReduceOp.MAX)
        if rank == 0:
            print(json.dumps({"parameters": n_parameters, "before": most[0].item(), "in all": most[1].item()}))


def lines():
    """A Markdown table: a row for each number of processes."""
    for n in PROCESSES:
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
        done = subprocess.run(
            [*launch, "-m", "benchmarks.shares"],
            capture_output=True, text=True, check=True, env=os.environ | ENVIRONMENT,
        )  # fmt: skip
        found = json.loads(done.stdout.splitlines()[-1])
        if n == PROCESSES[0]:
            millions = f"{found['parameters'] / 1e6:.1f} million parameters"
            yield f"| processes, {millions} | peak MB a process | before the model | 16 bytes a parameter, shared |"
            yield "|---|---|---|---|"
        yield f"| {n} | {found['in all']:.0f} | {found['before']:.0f} | {16 * found['parameters'] / n / 1e6:.0f} |"


if __name__ == "__main__":
    if "RANK" in os.environ:
        worker()
    else:
        print(*lines(), sep="\n")
