"""The system calls that an answer may not make: a seccomp filter, for x86-64 only.

    a call for another machine type -> the process is killed       a call in DENIED -> EPERM       the rest -> allowed

Needed beside namespaces and limits: shared segments and anonymous files are memory that no address-space limit counts,
and the rest here reaches other processes or seldom used parts of the kernel.
Source: Linux, Documentation/userspace-api/seccomp_filter.rst; numbers from arch/x86/entry/syscalls/syscall_64.tbl.
"""

import platform
import struct

from minigpt.support.errors import InputError

DENIED = {
    # memory and queues that escape the limits
    "shmget": 29,
    "semget": 64,
    "msgget": 68,
    "mq_open": 240,
    "memfd_create": 319,
    "memfd_secret": 447,
    # sockets of every family: not all of them stay inside a network namespace, AF_VSOCK reaches the host
    "socket": 41,
    "socketpair": 53,
    # other processes
    "ptrace": 101,
    "kcmp": 312,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    # namespaces and mounts
    "pivot_root": 155,
    "mount": 165,
    "umount2": 166,
    "unshare": 272,
    "setns": 308,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    # keys, tracing, and programs in the kernel
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "perf_event_open": 298,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
}
PRLIMIT = 302  # allowed on oneself, pid 0: else a fork could lower the limits of the runner, process 1

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # classic BPF: load a word, compare and jump, end
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16  # where these words stand in struct seccomp_data
X86_64, X32 = 0xC000003E, 0x40000000  # x32 calls are the same ones under other numbers
KILL, EPERM, ALLOW = 0x80000000, 0x00050001, 0x7FFF0000


def program():
    """The filter as bytes, an array of `struct sock_filter`, as `bwrap --seccomp` reads it.

    Raises:
        InputError: on a machine whose system calls have other numbers.
    """
    if platform.machine() != "x86_64":
        raise InputError(
            f"this machine is {platform.machine()}; the jail's filter of system calls is written for x86_64: "
            "grade on such a machine, or with --no-jail answers that you trust as your own"
        )
    last = len(DENIED) + 4  # rules between the x32 test and the last rule, which denies
    rules = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, X86_64),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, last, 0, X32),
        *((EQUAL, last - 1 - place, 0, number) for place, number in enumerate(DENIED.values())),
        (EQUAL, 0, 2, PRLIMIT),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 1, 0),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, EPERM),
    ]
    return b"".join(struct.pack("HBBI", *rule) for rule in rules)
