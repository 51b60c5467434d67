"""Does the jail hold on this machine? Tried before every batch, by an answer that attempts what no answer may do.

    require_jail()  ->  one line on what bounds a whole jail here, or InputError with what did not hold

Another kernel, container or bubblewrap may ignore an option without a word: what was asked for proves nothing.
"""

import inspect
import secrets
import socket
from pathlib import Path

from minigpt.grading import cgroup
from minigpt.grading.answers import run_answers
from minigpt.grading.jail import CURE, LIMITS
from minigpt.grading.question import Question
from minigpt.support.errors import InputError

PROMISES = (
    "the network is out of reach",
    "no socket of any family can be made",
    "no other place than the scratch folder can be written",
    "files are bounded in size",
    "processes are bounded in number",
    "memory is bounded",
    "no folder of this machine is seen",
    "other processes are out of reach",
    "the filter of system calls is in force",
)
HIDDEN = ["/root", "/home", "/proc/self", "/etc/passwd", "/var", str(Path(__file__).parent)]


def probe(port, hidden, memory, processes, file, scratch):
    """Runs inside, as an answer's cell: for each promise, 1 if it was broken. It imports what it needs by itself."""
    import ctypes
    import glob
    import mmap
    import os
    import resource
    import socket

    def works(action, *arguments):
        try:
            return action(*arguments) is not False
        except (OSError, MemoryError):
            return False

    def fill(path, size):
        with open(path, "wb") as output:
            output.truncate(size)

    def sockets():
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, 5)  # 5 is what AF_ALG has
        families = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16, 38, 40)  # AF_NETLINK, AF_ALG, AF_VSOCK
        return any(works(socket.socket, family, kind) for family in families for kind in kinds)

    def fork():
        if os.fork() == 0:
            os._exit(0)

    def shared_memory():
        return ctypes.CDLL(None).shmget(0, 4096, 0o1600) != -1

    scratch_size = os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize
    places = ("/escape", "/usr/lib/escape", "/dev/escape", "/dev/shm/escape", "/site/numpy/escape")
    return [
        works(socket.create_connection, ("127.0.0.1", port), 1),
        sockets() or works(socket.socketpair),
        any(works(fill, place, 1) for place in places),
        works(fill, "/tmp/large", file + 1) or scratch_size > scratch,
        sum(works(fork) for _ in range(processes)) == processes,
        works(mmap.mmap, -1, memory),
        any(map(os.path.exists, hidden)) or glob.glob("/*/lib*/python3*/*-packages/*") != [],
        os.getppid() != 1,
        works(os.memfd_create, "x") or works(resource.prlimit, 1, resource.RLIMIT_CPU) or shared_memory(),
    ]


def require_jail(limits=LIMITS, hidden=()):
    """Try every promise. `hidden` names more folders that no answer may see.

    Returns:
        one line for whoever grades: whether memory and processes of a whole jail are bounded, or of each process only.
    Raises:
        InputError: with the promises that do not hold, or why there is no jail at all.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = {"port": server.getsockname()[1], "hidden": [*HIDDEN, *map(str, hidden)], **vars(limits)}
        del arguments["result"], arguments["total"]
        question = Question("00.1", "probe", 0, lambda rng: arguments, lambda **_: [0] * len(PROMISES), n_cases=1)
        found = run_answers([(question.grade_id, inspect.getsource(probe))], [question], secrets.randbits(32), limits)
    answer = found[question.id]
    if answer.status != "done" or answer.outputs[0].shape != (len(PROMISES),):
        raise InputError(f"there is no jail on this machine ({answer.status} {answer.note}); {CURE}")
    broken = [promise for promise, open_ in zip(PROMISES, answer.outputs[0], strict=True) if open_]
    if broken:
        raise InputError(f"the jail does not hold on this machine; not true: {'; '.join(broken)}. {CURE}")
    return cgroup.remark(limits)
