"""The jail: code that somebody else wrote sees NumPy, its inputs and a small scratch folder, and nothing else.

    job (bytes) --sealed memory--> runner.py, process 1 of its own namespaces --one pipe--> result (bytes, bounded)

No folder is shared, so there is none to clean, to fill, or to leave links in. bubblewrap makes the namespaces, the
filter of `seccomp` refuses system calls, the runner sets the limits, and `cgroup` bounds their sum. Needs Linux 5.14
(which counts processes for each namespace), x86-64 and bubblewrap 0.8; `selftest.require_jail` tries the promises.
"""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigpt.grading import cgroup, seccomp
from minigpt.support.errors import InputError

RUNNER, CELLS = Path(__file__).with_name("runner.py"), Path(__file__).with_name("cells.py")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
NOBODY = 65534
PATIENCE = 4  # seconds on the clock for one of CPU, since a busy machine gives less than it counts
GRACE = 3  # and these for a start: an answer that sleeps is ended then, one that works goes on
STARTUP = 20.0  # seconds on the clock until NumPy is imported
SPARE = 1  # times that a question is tried again, without the cell of another that did not end
CURE = (
    "install bubblewrap (apt-get install bubblewrap), or grade in a Linux virtual machine that has it; "
    "--no-jail is for answers that you trust as your own"
)


@dataclass(frozen=True)
class Limits:
    """What answers may use, in bytes unless it says otherwise. CPU seconds stand in each question."""

    memory: int = 512 << 20  # address space of one process
    processes: int = 8  # processes and threads at once, the runner among them
    total: int = 1 << 30  # all memory of a jail, its files too; held where the system delegates a cgroup
    file: int = 16 << 20  # one file
    scratch: int = 64 << 20  # all files
    result: int = 4 << 20  # what one question may return


LIMITS = Limits()


@dataclass(frozen=True)
class Ran:
    why: str  # empty if the runner came to its end
    data: bytes
    complaint: str  # of bubblewrap or of the runner


def run(job, seconds, limits, trusted=False):
    """Hand `job` to the runner and wait for it; `seconds` lists the CPU seconds of each question.

    With `trusted` the same runner works in a plain process: no walls, no count of processes; Linux and macOS.

    Raises:
        InputError: if there can be no jail here.
    """
    wall = STARTUP + sum(GRACE + patience() * of_one for of_one in [*seconds, *[max(seconds)] * SPARE])
    most = len(seconds) * (limits.result + 1024) + (64 << 10)
    if trusted:
        with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as stdin:
            stdin.write(job)
            stdin.seek(0)
            inside = {"cwd": scratch, "env": environment(scratch, Path(np.__file__).parents[1])}
            return finished([sys.executable, *runner(limits, trusted)], wall, most, stdin=stdin, **inside)
    if not shutil.which("bwrap"):
        raise InputError(f"there is no program bwrap, and without it the answers of others do not run here; {CURE}")
    with sealed(job) as stdin, sealed(seccomp.program()) as rules:
        line = command(limits, rules.fileno())
        with cgroup.bounded(line, limits.total, 2 * limits.processes) as line:  # twice: bubblewrap has its own
            return finished(line, wall, most, stdin=stdin, pass_fds=[rules.fileno()], cwd="/", env={}, **dropped())


def patience():
    """Seconds on the clock for one of CPU: more, the more programs compute than there are cores."""
    return PATIENCE * max(1, os.getloadavg()[0] / os.cpu_count())


def runner(limits, trusted=False):
    """The arguments of Python: the runner as text, so that no folder of ours needs to be seen, and its settings."""
    rlimits = {"RLIMIT_FSIZE": limits.file, "RLIMIT_NOFILE": 64, "RLIMIT_CORE": 0}
    if sys.platform == "linux":
        rlimits["RLIMIT_AS"] = limits.memory
    if not trusted:
        rlimits["RLIMIT_NPROC"] = limits.processes  # outside a jail all processes of the user would count
    clock = {"patience": patience(), "grace": GRACE, "spare": SPARE}
    settings = {"limits": rlimits, "box": limits.result, "jailed": not trusted, **clock}
    return ["-s", "-S", "-P", "-c", program(), json.dumps(settings)]


def program():
    """The runner's text, with that of `cells.py` where it imports from there: the jail has no minigpt to import."""
    text = RUNNER.read_text(encoding="utf-8")
    before, after = re.split(r"^from minigpt.*\n", text, flags=re.MULTILINE)
    return before + CELLS.read_text(encoding="utf-8") + after


def environment(home, packages):
    """All of the environment: nothing of ours goes in. One thread, as threads count as processes."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(packages), **one}


def dropped():
    """Started as root, the jail is nobody's: the kernel holds root to no count of processes."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def command(limits, rules):
    """The command line of bubblewrap; `rules` is the open file of the filter."""
    python, view, variables = visible()
    variables |= environment("/tmp", "/site")
    return [
        shutil.which("bwrap"),
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--hostname", "jail"),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--seccomp", str(rules)),
        *view,
        *("--dev", "/dev", "--size", str(limits.scratch), "--tmpfs", "/tmp"),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--clearenv"),  # and no /proc
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *(python, *runner(limits)),
    ]


def visible():
    """What the jail shows, read-only: the interpreter, the system's libraries and NumPy, but no installed packages.

    An interpreter in /usr keeps its place; another stands in /python. The user nobody, to whom root drops, must reach
    it, and below /root cannot (bubblewrap resolves paths again after the drop, so that open folders handed down do
    not help): then the system's Python of the same version, which loads the same NumPy, takes its place.

    Returns:
        the interpreter's path inside, the options of bwrap, and environment variables.
    Raises:
        InputError: if no interpreter or no NumPy can be reached.
    """
    numpy = [path for name in ("numpy", "numpy.libs") if (path := Path(np.__file__).parents[1] / name).is_dir()]
    base = next((b for b in (Path(sys.base_prefix), Path("/usr")) if reached(b / "bin" / PYTHON, b / "lib")), None)
    if base is None or not reached(*numpy):
        raise InputError(
            f"user {NOBODY}, whom the jail runs as, cannot reach {sys.base_prefix} or {numpy[0]}; grade as an ordinary "
            f"user, or put the environment in a folder open to all and install {PYTHON} for the system"
        )
    home = "/usr" if base == Path("/usr") else "/python"
    shown = {str(base / "bin" / PYTHON): f"{home}/bin/{PYTHON}", str(base / "lib"): f"{home}/lib"}
    shown |= {str(path): f"/site/{path.name}" for path in numpy}
    shown |= {f"/usr/{name}": f"/usr/{name}" for name in ("lib", "lib64") if Path("/usr", name).is_dir()}
    options = [word for source, inside in shown.items() for word in ("--ro-bind", source, inside)]
    for name in ("lib", "lib64"):
        options += ["--symlink", f"usr/{name}", f"/{name}"] if Path("/", name).is_symlink() else []
    for source, inside in shown.items():  # installed packages could hold this one, with the results of `check`
        for path in sorted(Path(source).glob("python3*/*-packages")):
            place = f"{inside}/{path.relative_to(source)}"
            options += ["--tmpfs", place, "--remount-ro", place]
    return f"{home}/bin/{PYTHON}", options, {} if home == "/usr" else {"LD_LIBRARY_PATH": f"{home}/lib"}


def reached(*paths):
    """Can the user that the jail runs as get to these? For nobody the permissions of everybody decide."""
    if not all(path.exists() for path in paths):
        return False
    if not dropped():
        return all(os.access(path, os.R_OK) for path in paths)
    above = {folder for path in paths for folder in (*path.absolute().parents, *path.resolve().parents)}
    return all(path.stat().st_mode & 0o005 == 0o005 for path in paths) and all(f.stat().st_mode & 0o001 for f in above)


def sealed(data):
    """An open anonymous file with these bytes, which nobody can change, read from its start."""
    import fcntl  # not on Windows, where this module can be imported all the same

    file = os.fdopen(os.memfd_create("job", os.MFD_ALLOW_SEALING), "w+b")
    file.write(data)
    file.seek(0)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    return file


def finished(line, wall, most, **options):
    """Start a command and read both its pipes until they close, the clock runs out, or `most` bytes are exceeded."""
    deadline = time.monotonic() + wall
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        got = {process.stdout: bytearray(), process.stderr: bytearray()}
        waiting, why = set(got), ""
        try:
            while waiting and not why:
                ready, _, _ = select.select(waiting, [], [], max(0, deadline - time.monotonic()))
                why = "" if ready else f"not finished after {wall:.0f} seconds"
                for pipe in ready:
                    piece = os.read(pipe.fileno(), 1 << 16)
                    got[pipe] += piece
                    if not piece:
                        waiting.discard(pipe)
                    elif len(got[pipe]) > most:
                        why = "too much output"
            if not why:
                code = process.wait(max(1, deadline - time.monotonic()))
                why = f"ended with code {code}" if code else ""
        except subprocess.TimeoutExpired:
            why = f"not finished after {wall:.0f} seconds"
        finally:
            process.kill()  # our own child, by its handle; --die-with-parent takes what is inside
    complaint = got[process.stderr][-2000:].decode("utf-8", "replace")
    return Ran(why, bytes(got[process.stdout]), complaint.strip())
