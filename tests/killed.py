"""`minigpt` as torchrun starts it, but that process 1 is killed once: while all write the checkpoint of step 4."""

import os
import signal
import sys
from pathlib import Path

from torch.distributed.checkpoint import HuggingFaceStorageWriter

from minigpt import commands

WRITE = HuggingFaceStorageWriter.write_data


def write_or_die(self, plan, planner):
    if self.path.name == "checkpoint-00000004":
        Path("killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return WRITE(self, plan, planner)


if __name__ == "__main__":
    if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        HuggingFaceStorageWriter.write_data = write_or_die
    sys.exit(commands.main())
