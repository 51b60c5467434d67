"""Other processes for work that is independent: one thread each, and none outlives the one that started it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor

import torch


@contextlib.contextmanager
def processes_for(n_jobs):
    """Yield a pool of processes, as many as there are cores or jobs; an interruption ends them."""
    n = max(1, min(os.cpu_count() or 1, n_jobs))
    pool = ProcessPoolExecutor(n, multiprocessing.get_context("spawn"), initializer=prepare)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def prepare():
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C in a terminal reaches every process: end without a word
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent():
    """A process whose parent was killed would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)
