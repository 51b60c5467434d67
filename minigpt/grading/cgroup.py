"""Memory and processes of a whole jail, bounded by the kernel where the system lets us: a control group of our own.

    limits of one process (runner.py) x processes  =  what a jail may take at most; a cgroup bounds the sum instead

systemd gives each user such a part of the tree; `delegated` finds it. Elsewhere (root, most containers, a login by ssh
outside `systemd-run --user --scope`) there is none, and `remark` says so.
Source: Linux, Documentation/admin-guide/cgroup-v2.rst.
"""

import os
import secrets
import time
from contextlib import contextmanager, suppress
from pathlib import Path

TREE = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
NEEDED = {"memory", "pids"}
ENTER = 'echo $$ > "$0" && exec "$@"'  # a shell enters the group and then becomes the command: nothing starts outside


def delegated():
    """The folder in which we may make groups with bounds: our group's parent. None if there is none.

    Our own group holds us, so it cannot hand out memory to groups below it ("no internal processes"); its parent can.
    """
    try:
        line = next(line for line in OWN.read_text().splitlines() if line.startswith("0::/"))
        parent = (TREE / line.removeprefix("0::/")).parent
        if os.geteuid() == 0 or ".." in line or not parent.is_relative_to(TREE):  # root may write everywhere: no sign
            return None
        controls = set((parent / "cgroup.subtree_control").read_text().split())
    except (OSError, StopIteration):
        return None
    mine = os.access(parent, os.W_OK) and os.access(parent / "cgroup.procs", os.W_OK)
    return parent if mine and controls >= NEEDED else None


@contextmanager
def bounded(command, memory, processes):
    """The command line that runs `command` in a new group with these bounds; the group goes when the block ends.

    Without a delegated group the command line is `command` itself.
    """
    parent = delegated()
    if parent is None:
        yield command
        return
    group = parent / f"minigpt-jail-{os.getpid()}-{secrets.token_hex(8)}"
    group.mkdir()
    try:
        (group / "memory.max").write_text(str(memory))
        with suppress(OSError):  # a kernel without swap has no such file
            (group / "memory.swap.max").write_text("0")
        (group / "pids.max").write_text(str(processes))
        yield ["/bin/sh", "-c", ENTER, str(group / "cgroup.procs"), *command]
    finally:
        removed(group)


def removed(group):
    """Remove this group, which `bounded` made; what was in the jail ends with bubblewrap, and leaves in a moment."""
    for _ in range(100):
        with suppress(OSError):
            return group.rmdir()
        time.sleep(0.01)


def remark(limits):
    """One line for whoever grades: what holds a whole jail here."""
    if delegated():
        return f"each jail is held to {limits.total >> 20} MiB and {2 * limits.processes} processes by a cgroup"
    return (
        f"no cgroup is delegated to this user, so a jail is bounded by process only: {limits.processes} of "
        f"{limits.memory >> 20} MiB each; systemd-run --user --scope minigpt grade ... has one, where systemd is"
    )
