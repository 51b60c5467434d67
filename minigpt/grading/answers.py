"""Answers to arrays: cells go into the jail with the inputs of each case, what the functions return comes back.

    cells, questions, seed  --runs-->  jail  --zip of .npy-->  {question.id: Answer}

The comparison is not here: `judge(check, answer.outputs)`. What comes back was written by the answers' own
code: every name, size and type is checked before memory is given to it, and nothing in it is ever executed.
"""

import hashlib
import io
import json
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from minigpt.grading import jail
from minigpt.grading.hints import with_hint
from minigpt.grading.question import Program, cases
from minigpt.grading.wordless import without_words

PARTS = 16  # members of one result, if it is a tuple
NOTE = 2000  # characters
ENDS = {  # but "done"; what is said of each
    "timeout": ("not finished after {seconds} seconds of work", "计算 {seconds} 秒后仍未结束"),
    "idle": (
        f"it waited for more than {jail.GRACE} seconds instead of working: no sleep, no input",
        f"等待超过 {jail.GRACE} 秒而没有计算：不要用 sleep 和 input",
    ),
    "crashed": (
        "the process ended by itself, or its results were too large to hand back",
        "进程自己结束了，或结果太大、传不回来",
    ),
}


@dataclass(frozen=True)
class Answer:
    """What became of one question's answer; only the outputs earn points."""

    outputs: list  # one a case, None where it is missing
    status: str  # "done": judge it; else "error", "timeout", "crashed", "missing", or "jail: " and why
    note: str = ""  # for people; its words may be the student's


def run_answers(cells, questions, seed, limits=jail.LIMITS, trusted=False):
    """Run a homework's answer cells in one jail, each question's function on its own cases.

    Args:
        cells: [(grade_id, source)] in the notebook's order; a question sees those up to its own.
        trusted: without a jail, for code that you trust as your own.
    Returns:
        {question.id: Answer}
    Raises:
        InputError: if there can be no jail on this machine.
    """
    last = {name: n + 1 for n, (name, _) in enumerate(cells)}
    asked = [question for question in questions if question.grade_id in last]
    answers = {q.id: Answer([None] * q.n_cases, "missing", f"there is no cell {q.grade_id}") for q in questions}
    if asked:
        run = {question.id: runs(cells, question, last, seed) for question in asked}
        every = [one for question in asked for one in run[question.id]]
        ran = jail.run(job(cells, every), [about["seconds"] for about, _ in every], limits, trusted)
        found = members(ran.data, {"ends.json", *(about["run"] for about, _ in every)})
        ends = read_ends(found.get("ends.json", b""))
        for q in asked:
            names = [about["run"] for about, _ in sorted(run[q.id], key=lambda one: one[0]["places"])]
            each = [ends.get(name, ("jail: no result", None)) for name in names]
            end, place = next((one for one in each if one[0] != "done"), ("done", None))
            if ran.why:
                end = f"jail: {ran.why}"
            if end in ENDS:
                answers[q.id] = ended(q, end, cells, place)
            elif end != "done":
                answers[q.id] = Answer([None] * q.n_cases, end, printable(ran.complaint))
            else:
                answers[q.id] = read(q, [found.get(name, b"") for name in names])
    return answers


def runs(cells, question, last, seed):
    """What the runner is to do for a question: (what it is told of it, the inputs as bytes of an .npz) for each run.

    Cases that must not know of each other come in an order that changes with every change of the answer, and that
    nobody can tell who does not know the cases: by a hash of all of it.
    """
    parts = [[case] for case in cases(question, seed)] if question.apart else [cases(question, seed)]
    about = {"id": question.grade_id, "function": question.function, "apart": question.apart}
    about |= {"seconds": question.seconds, "cells": last[question.grade_id]}
    made, told = [*enumerate(map(inputs_of, parts))], json.dumps([seed, cells]).encode()
    made.sort(key=lambda one: hashlib.sha256(told + one[1]).digest())
    return [(about | {"places": n, "run": f"{question.grade_id}.{m}"}, data) for m, (n, data) in enumerate(made)]


def inputs_of(given):
    """Cases as the bytes of an .npz: all arrays, and as JSON which of them make which argument."""
    arrays, file = {}, io.BytesIO()
    tried = [{name: encoded(value, arrays) for name, value in case.items()} for case in given]
    np.savez(file, cases=json.dumps(tried), **arrays)
    return file.getvalue()


def job(cells, every):
    """The bytes that the runner reads: a zip of `task.json` and the inputs of each run, one by one, for its fork."""
    named = [(grade_id or f"added, beginning with {begin(source)}", source) for grade_id, source in cells]
    asked = [{name: value for name, value in about.items() if name != "places"} for about, _ in every]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("task.json", json.dumps({"cells": named, "questions": asked}))
        for about, data in every:
            parts.writestr(about["run"], data)
    return file.getvalue()


def begin(source):
    """How a cell begins, which is the name of one that the student added."""
    return ascii(source.strip()[:40])


def encoded(value, arrays):
    """An argument as JSON; its arrays go to `arrays`, and their names stand in their places.

    >>> arrays = {}
    >>> encoded([1, "a", np.ones(2)], arrays), arrays
    ([1, 'a', {'array': 'a0'}], {'a0': array([1., 1.])})
    """
    if isinstance(value, list):
        return [encoded(x, arrays) for x in value]
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub":
        name = f"a{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"array" if isinstance(value, np.ndarray) else "scalar": name}
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Program):
        return {"program": [value.source, value.name]}
    raise TypeError(
        f"{value!r} is no argument of a question; numbers, strings, arrays of numbers, programs or lists are"
    )


def members(blob, names):
    """The named members of a zip that others wrote, those stored as they are; {} if they claim more than is there."""
    try:
        with zipfile.ZipFile(io.BytesIO(blob)) as file:
            found = {info.filename: info for info in file.infolist() if info.filename in names}
            stored = [i for i in found.values() if i.compress_type == zipfile.ZIP_STORED]
            if sum(max(i.file_size, i.compress_size) for i in stored) > len(blob):
                return {}
            return {i.filename: file.read(i) for i in stored}
    except Exception:  # forged bytes raise many kinds, and all mean the same: nothing was returned
        return {}


def read_ends(raw):
    """{grade_id: (how it ended, the place of the cell that was running)}, as far as the runner tells it as we know."""
    try:
        ends = json.loads(raw)
        return {name: (end, place) for name, (end, place) in ends.items() if end == "done" or end in ENDS}
    except Exception:
        return {}


def ended(question, end, cells, place):
    """The Answer of a question whose fork was ended, or ended itself; `place` is that of a cell it did not get past."""
    english, chinese = (text.format(seconds=question.seconds) for text in ENDS[end])
    if isinstance(place, int) and 0 <= place < len(cells):
        grade_id, source = cells[place]
        name = grade_id[1:].replace("_", ".") or begin(source)
        english = f"the cell {'of' if grade_id else 'beginning with'} {name} did not end: {english}"
        chinese = f"代码格 {name} 没有运行完：{chinese}"
        if grade_id != question.grade_id:
            english, chinese = f"{english}; so this answer was not tried", f"{chinese}；所以这道题没有运行"
    return Answer([None] * question.n_cases, "timeout" if end == "idle" else end, f"{english}\n{chinese}")


def read(question, blobs):
    """One question's Answer from what its forks left when they were done."""
    notes, outputs, each = [], [], question.n_cases // len(blobs)
    for blob in blobs:
        names = [[f"{case}.{place}.npy" for place in range(PARTS)] for case in range(each)]
        found = members(blob, {"notes.txt", *(name for case in names for name in case)})
        notes.append(printable(found.get("notes.txt", b"")[: 4 * NOTE].decode("utf-8", "replace")))
        outputs += [result([found[name] for name in case if name in found]) for case in names]
    missing = [n for n, output in enumerate(outputs) if output is None]
    if not missing:
        return Answer(outputs, "done", notes[0])
    note = notes[missing[0] // each] or "what came back is not real numbers of at most 64 bits"
    if question.apart:
        return Answer(outputs, "error", without_words(note, question, len(missing)))
    return Answer(outputs, "error", with_hint(note, question.function))


def result(raws):
    """The value that a case returned: an array, or a tuple of them; None if one is not plain numbers."""
    parts = [array(raw) for raw in raws]
    if not parts or any(part is None for part in parts):
        return None
    return parts[0] if len(parts) == 1 else tuple(parts)


def array(raw):
    """The array in the bytes of an .npy file of version 1.0; None if the header does not fit the bytes exactly."""
    try:
        file = io.BytesIO(raw)
        if np.lib.format.read_magic(file) != (1, 0):
            return None
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=1000)
        fits = math.prod(shape) * dtype.itemsize == len(raw) - file.tell()
        if dtype.kind not in "fiub" or dtype.itemsize > 8 or not fits:
            return None
        return np.frombuffer(raw, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C").copy()
    except Exception:
        return None


def printable(text):
    """Text without the characters that move a terminal's cursor or hide others."""
    return "".join(c for c in text[-NOTE:] if c.isprintable() or c == "\n").strip()
