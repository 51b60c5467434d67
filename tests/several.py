"""Work done by several processes that are joined as torchrun joins them: forked from one that has imported PyTorch.

several(4, work, folder)        work(folder) in each of 4 processes; what each gave back, by rank
"""

import multiprocessing
import os
import traceback
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

import torch
import torch.distributed as dist
import torch.distributed.checkpoint
import torch.distributed.fsdp

import minigpt.fast.scale

CONTEXT = multiprocessing.get_context("forkserver")
SECONDS = 240


def ready():
    """Start the process that all others are forked from; it finds tests and package where this one does."""
    CONTEXT.set_forkserver_preload(["several", "test_scale"])
    places = [Path(__file__).parent, Path(minigpt.__file__).parent.parent]
    with patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join(map(str, places))}):
        forkserver.ensure_running()


def joined(rank, n, meeting, work, given, results):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=n)
    try:
        results.put((rank, None, work(*given)))
    except BaseException:
        results.put((rank, traceback.format_exc(), None))
    finally:
        dist.destroy_process_group()


def several(n, work, folder, *given):
    """`work(folder, *given)` in n processes at once; raises what one of them raised."""
    ready()
    results, meeting = CONTEXT.Queue(), folder / f"meeting-{n}"
    meeting.unlink(missing_ok=True)
    children = [CONTEXT.Process(target=joined, args=(r, n, meeting, work, (folder, *given), results)) for r in range(n)]
    for child in children:
        child.start()
    try:
        told = sorted((results.get(timeout=SECONDS) for _ in children), key=lambda one: one[0])
    finally:
        for child in children:
            child.join(5)
            child.kill()
    for _, error, _ in told:
        if error:
            raise RuntimeError(error)
    return [value for *_, value in told]
