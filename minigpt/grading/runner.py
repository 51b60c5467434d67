"""The program inside the jail: each question in a fork of its own, which leaves its results in a box of shared memory.

    stdin: the job, a zip: `task.json`, and the inputs of each run, an .npz that only its own fork reads
    stdout: a zip with `ends.json` and, for each run, what its fork left in the box

A question is one run, or, if its cases must not know of each other, one for each case.

Stand-alone: the standard library, NumPy and the text of `cells.py`, nothing else of minigpt. Nothing here is secret,
for the answers run in its forks; nothing it says is believed without a check. In the jail it is process 1: no fork can
stop it, nothing outlives it.
"""

import io
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import time
import zipfile
from contextlib import suppress

import numpy as np

from minigpt.grading.cells import answer  # `jail.program` puts that file's text in the place of this line


def main():
    settings = json.loads(sys.argv[1])
    job = os.fdopen(os.dup(0), "rb", buffering=0)  # unbuffered: the inputs of a run stay out of this process
    with zipfile.ZipFile(job) as file:
        task = json.loads(file.read("task.json"))
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 is safe from a signal that it does not handle
    for name, most in settings["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    out, null = os.dup(1), os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)  # what an answer prints goes nowhere
    os.close(null)
    ends, left, stuck, failed = {}, {}, {}, {}  # stuck: {place of a cell with no end: how it went}
    waiting, spare = list(task["questions"]), settings["spare"]
    while waiting:
        question, own = waiting[0], waiting[0]["cells"] - 1
        end, box, place = failed.get(question["id"], (stuck.get(own), None, own))
        if not end and settings["jailed"] and not emptied("/tmp") and question["apart"]:
            end, place = "crashed", -1  # what stands there would tell one case of another
        if not end:
            end, box, place = in_a_fork(question, task["cells"], stuck, job, out, settings)
        if place >= 0:
            stuck[place] = end  # the questions after this one do without that cell
        if place not in (-1, own) and spare:
            spare -= 1  # and so does this one, in another try
            continue
        if end != "done":
            failed[question["id"]] = end, None, place  # nor do its other cases come to an end
        ends[question["run"]], left[question["run"]] = (end, place), box
        waiting.pop(0)
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as file:
        for name, box in left.items():
            file.writestr(name, content(box) if box else b"")
        file.writestr("ends.json", json.dumps(ends))
    with os.fdopen(out, "wb") as pipe:
        pipe.write(result.getvalue())


def emptied(folder):
    """Take everything out of the folder; is it empty then?"""
    with suppress(Exception):  # what one cannot list, or too deep
        for entry in os.scandir(folder):
            shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)
        return not os.listdir(folder)
    return False


def content(box):
    return box[8 : 8 + int.from_bytes(box[:8], "little")]


def in_a_fork(question, cells, stuck, job, out, settings):
    """Do one run in a fork: how that ended, the box with what it left, the place of the cell that ran then or -1."""
    box = mmap.mmap(-1, settings["box"])  # the results' length in 8 bytes, then the results
    cell = mmap.mmap(-1, 8)  # 1 + the place of the cell that runs, 0 for none
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(out)
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (question["seconds"], question["seconds"] + 1))
            with zipfile.ZipFile(job) as file:
                inputs = np.load(io.BytesIO(file.read(question["run"])), allow_pickle=False)
            job.close()  # before any answer runs
            results = answer(question | {"cases": json.loads(str(inputs["cases"]))}, cells, stuck, inputs, cell)
            box[8 : 8 + len(results)] = results
            box[:8] = len(results).to_bytes(8, "little")
        finally:
            os._exit(0)
    ended, clock, work = None, 0.0, 0.0
    while not ended and clock < settings["grace"] + settings["patience"] * work:
        clock, work = time.monotonic() - started, min(work_of(pid, question["seconds"]), question["seconds"])
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # it keeps its id until `stop`
        time.sleep(0.002)
    status, cpu = stop(pid, settings["jailed"])
    signaled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    place = int.from_bytes(cell[:], "little") - 1
    if not ended:
        return "idle" if work < question["seconds"] / 2 else "timeout", None, place
    if signaled == signal.SIGXCPU or (signaled == signal.SIGKILL and cpu >= question["seconds"]):
        return "timeout", None, place
    if hasattr(mmap, "MADV_DONTFORK"):
        box.madvise(mmap.MADV_DONTFORK)  # no later fork sees what this one left
    return ("crashed", None, place) if status or not any(box[:8]) else ("done", box, -1)


def work_of(pid, most):
    """CPU seconds of a process so far, by its CPU clock; elsewhere than on Linux, as if it had worked all the time.

    A slow or busy machine stretches clock and work alike, a process that sleeps has no work to show.
    """
    if sys.platform != "linux":
        return most
    with suppress(OSError):  # it has just ended
        return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of this process, as in clock_getcpuclockid(3)
    return most


def stop(pid, jailed):
    """End the fork and all that it started; return its exit status and the CPU seconds it took."""
    with suppress(ProcessLookupError, PermissionError):
        if jailed and os.getpid() == 1:
            os.kill(-1, signal.SIGKILL)  # everybody in the jail but ourselves, whatever session they went to
        else:
            os.kill(pid, signal.SIGKILL)
            os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)  # orphans come to process 1; unburied they would count against the limit
    return status, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
