"""Other processes: one thread each, their errors reach the one who waits, none outlives a parent that was killed."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from minigpt.support.errors import InputError, require
from minigpt.support.workers import processes_for

STARTS_ONE = """
import os, time
from minigpt.support.workers import processes_for

if __name__ == "__main__":
    with processes_for(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(120)
"""


def test_one_thread_and_errors_as_they_are():
    with processes_for(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1
        with pytest.raises(InputError, match="epochs is 0"):
            pool.submit(require, False, "epochs", 0, "a whole number from 1").result()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes otherwise")
def test_none_outlives_a_killed_parent(tmp_path):
    (tmp_path / "starts_one.py").write_text(STARTS_ONE)
    parent = subprocess.Popen([sys.executable, tmp_path / "starts_one.py"], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(300):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} goes on without its parent")
