"""The program inside the jail: each question in a fork of its own, which leaves its results in a box of shared memory.

    stdin: the job, a zip: `task.json`, and the inputs of each run, an .npz that only its own fork reads
    stdout: a zip with `ends.json` and, for each run, what its fork left in the box

A question is one run, or, if its cases must not know of each other, one for each case.

Stand-alone: the standard library and NumPy, never minigpt. Nothing here is secret, for the answers run in its forks;
nothing it says is believed without a check. In the jail it is process 1: no fork can stop it, nothing outlives it.
"""

import io
import json
import linecache
import mmap
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import types
import zipfile
from contextlib import suppress

import numpy as np

NOTE = 2000  # characters of the notes of one question
MAGICS = 100  # lines of IPython in one cell that are looked for
MAGIC = re.compile(r"(?P<indent>\s*)(?:%%?time\s+(?P<timed>[^%!?\s].*)|[%!?].*|[\w.]+\?{1,2}\s*)")


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


def answer(question, cells, stuck, job, cell):
    """Run the cells up to the question's own, then its function on every case: a zip of .npy files and notes.

    Left unanswered there, the answer may stand in a cell further down: then the rest of the notebook is run too.
    """
    notes, results, own = [], io.BytesIO(), question["cells"]
    module = sys.modules["__main__"] = types.ModuleType("__main__")  # as in a notebook
    with zipfile.ZipFile(results, "w") as file:
        for part in (range(own), range(own, len(cells))):
            for place in part:
                cell[:] = (place + 1).to_bytes(8, "little")
                if place in stuck:
                    notes.append(f"cell {cells[place][0]} was left out, for it did not end")
                else:
                    run(*cells[place], module, notes)
            cell[:] = bytes(8)
            function, failed, unanswered = module.__dict__.get(question["function"]), "", False
            try:
                call(question, function, job, file)
            except BaseException as error:
                failed = told(error)
                unanswered = function is None or isinstance(error, NotImplementedError)
            if not unanswered or file.namelist():
                break
        notes.append(failed)
        file.writestr("notes.txt", "\n".join(notes)[-NOTE:].encode("utf-8", "replace"))
    return results.getvalue()


def run(name, source, module, notes):
    """Run one cell; what it raises is noted, and the next cell goes on, as in a notebook."""
    source = plain(source)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except BaseException as error:
        notes.append(f"in cell {name}:\n{told(error)}")


def plain(source):
    """The source as Python: IPython's `%time` and `%%time` leave their statement, other lines with % ! or ? go.

    Only a line at which Python itself stops is taken for one of IPython's: `%` may also divide, or stand in a text.
    """
    indent = re.match(r"[ \t]*", source)[0]  # which IPython takes off the whole cell
    lines = [line.removeprefix(indent) for line in source.split("\n")]
    for _ in range(MAGICS):
        try:
            compile("\n".join(lines), "", "exec", dont_inherit=True)
            break
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not (found := MAGIC.fullmatch(lines[number])):
                break
            lines[number] = found["indent"] + (found["timed"] or "pass")
        except (ValueError, RecursionError, MemoryError):
            break
    return "\n".join(lines)


def call(question, function, job, file):
    if function is None:
        raise NameError(f"no cell defines the function {question['function']}") from None
    for case, arguments in enumerate(question["cases"]):
        given, fresh = ({name: decoded(value, job) for name, value in arguments.items()} for _ in range(2))
        result = function(**given)
        for name in given:
            if not callable(given[name]) and comparable(given[name]) != comparable(fresh[name]):
                raise ValueError(f"case {case}: the function changed its argument {name} in place")
        if result is None:
            raise TypeError(f"case {case}: nothing was returned")
        kinds = tuple if arguments else (tuple, list)  # without arguments: an experiment's results, never one array
        for place, part in enumerate(result if isinstance(result, kinds) else (result,)):
            array = np.asarray(part)
            if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
                raise TypeError(f"case {case}: {type(part).__name__} of dtype {array.dtype} is not real numbers")
            npy = io.BytesIO()
            np.save(npy, array, allow_pickle=False)
            file.writestr(f"{case}.{place}.npy", npy.getvalue())


def decoded(value, job):
    """An argument from its place in the job; arrays are read again each time."""
    if isinstance(value, list):
        return [decoded(x, job) for x in value]
    if isinstance(value, dict) and "program" in value:
        source, name = value["program"]
        names = {"np": np}
        exec(source, names)
        return names[name]
    if isinstance(value, dict):
        return job[value["array"]] if "array" in value else job[value["scalar"]][()]
    return value


def comparable(value):
    """An argument as lists and numbers, which `==` compares."""
    return [comparable(x) for x in value] if isinstance(value, list) else np.asarray(value).tolist()


def told(error):
    """The end of a traceback, without this file's own lines."""
    first = error.__traceback__ and error.__traceback__.tb_next
    while first and first.tb_frame.f_code.co_filename == call.__code__.co_filename:
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first, limit=-2))[-NOTE // 2 :]


if __name__ == "__main__":
    main()
