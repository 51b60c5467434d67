"""Classes drawn at random, each of which must end with every student in the CSV: python tests/fuzz_grading.py 10000

A class is a folder or a zip of some platform's names, and in it notebooks that are whole, changed, or no notebooks at
all, with names that their students chose. Instead of the jail a stand-in returns what answers might; every hundredth
class goes through the jail, where there is one.
"""

import csv
import io
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from school import notebook

from minigpt.grading import batch
from minigpt.grading.answers import Answer
from minigpt.grading.instructor import questions_of
from minigpt.support.errors import InputError

GOOD = notebook()
STUDENTS = ["4711", "4712", "müller", "a_b"]  # the first hands in a whole notebook, in its place
PLATFORMS = {
    "Moodle": "N N_{}_assignsubmission_file_/",
    "Moodle, flat": "N N_{}_assignsubmission_file_",
    "Canvas": "nn_{}_90001_",
    "Blackboard": "H_{}_attempt_2026-03-01-10-20-30_",
    "plain": "{}/",
}
texts = st.text(max_size=12) | st.sampled_from(
    ["\ud800", "\x1b[2J", "a\nb", "=1+1", "4711", "q02_1", "\u202e", "", "_"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
sources = texts | st.sampled_from(
    ["1/0", "import os; os._exit(3)", "raise SystemExit", "%time x", "\0", "(" * 300, "é"]
)
keys = st.sampled_from(["source", "metadata", "cell_type", "outputs"]) | texts
nbgrader = st.dictionaries(st.sampled_from(["grade_id", "solution", "grade", "schema_version"]), values, max_size=4)


@st.composite
def changed(draw):
    """A real notebook with some of it replaced."""
    read = json.loads(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        cell = draw(st.sampled_from(read["cells"]))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            cell[draw(keys)] = draw(values)
        elif kind == 1:
            cell["metadata"] = {"nbgrader": draw(nbgrader)}
        elif kind == 2:
            cell["source"] = draw(sources)
        elif kind == 3:
            read["cells"].insert(0, draw(st.sampled_from(read["cells"])))
        elif kind == 4:
            read["cells"].remove(cell)
        else:
            read[draw(st.sampled_from(["cells", "metadata", "nbformat"]))] = draw(values)
            break
    encoding = draw(st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "gb18030"]))
    text = json.dumps(read, ensure_ascii=draw(st.booleans()))
    data = text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


notebooks = (
    st.builds(lambda: GOOD)
    | changed()
    | changed()
    | st.binary(max_size=40)
    | values.map(lambda v: json.dumps(v).encode())
)
names = st.sampled_from(
    ["h.ipynb", "4711.ipynb", "x_4711_5_h.ipynb", "4711_assignsubmission_file_h.ipynb", "R.py", "z.zip"]
)
names = names | texts.map(lambda text: f"{text}.ipynb") | st.text(max_size=20)
statuses = st.sampled_from(
    ["error", "timeout", "crashed", "missing", "jail: ended with code 137", "done", "done", "done"]
)
outputs = st.sampled_from(
    [None, 0.0, np.zeros((2, 2)), np.array([np.nan]), (np.ones(2), 3), "text", np.arange(6), [1, 2]]
)
classes = st.fixed_dictionaries(
    {
        "platform": st.sampled_from(sorted(PLATFORMS)),
        "handed in": st.lists(st.tuples(st.sampled_from([*STUDENTS[1:], "9999"]), names, notebooks), max_size=4),
        "stray": st.lists(st.tuples(st.text(min_size=1, max_size=20), notebooks), max_size=1),
        "kind": st.sampled_from(
            [None, None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
        ),
        "flips": st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=3),
        "answers": st.lists(st.tuples(statuses, texts, outputs), min_size=1, max_size=4),
        "latest": st.booleans(),
        "before": st.sampled_from([b"", b"", b"{", b"[]", b'{"sha256": 1}']),
    }
)


def put(folder, name, data):
    """Write a file, if this system takes its name."""
    try:
        path = os.path.join(os.fsencode(folder), name.lstrip("/").encode("utf-8", "surrogatepass"))
        if b".." not in path.split(b"/"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
    except (OSError, ValueError):
        pass


def zip_of(files, kind, flips):
    """The bytes of a zip, with some of its members' changed; those of its list as well if there are three."""
    blob = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(blob, "w", kind) as archive:
        warnings.simplefilter("ignore")  # two members of one name
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "x"), data, kind)
        end = archive.fp.tell()  # where the list begins
    raw = bytearray(blob.getvalue())
    for share, mask in flips:
        raw[int(share * ((len(raw) if len(flips) == 3 else end) - 1))] ^= mask
    return bytes(raw)


def grade_drawn(drawn, folder, jail=False):
    """Grade a class; return what became of it. AssertionError if a student is missing, or the first one was harmed."""
    pattern = PLATFORMS[drawn["platform"]]
    files = [(pattern.format(student) + name, data) for student, name, data in drawn["handed in"]]
    files += [(pattern.format(STUDENTS[0]) + "h.ipynb", GOOD)] + [
        (pattern.format(f"88{n}") + "h.ipynb", GOOD) for n in "1234"
    ]
    files += drawn["stray"]
    if drawn["kind"] is None:
        source = folder / "in"
        for name, data in files:
            put(source, name, data)
    else:
        source = folder / "all.zip"
        source.write_bytes(zip_of(files, drawn["kind"], drawn["flips"]))
    roster = folder / "roster.csv"
    roster.write_text("student\n" + "\n".join(STUDENTS), encoding="utf-8")
    if drawn["before"]:
        put(folder, "out/results/4711.json", drawn["before"])

    def stand_in(cells, questions, seed, trusted):
        given = [drawn["answers"][n % len(drawn["answers"])] for n in range(len(questions))]
        return {
            q.id: Answer([out] * q.n_cases, end, note) for q, (end, note, out) in zip(questions, given, strict=True)
        }

    lines = []
    options = {"seed": 7, "latest": drawn["latest"], "say": lines.append, "trusted": not jail}
    run = batch.answers.run_answers if jail else stand_in
    with mock.patch.object(batch.answers, "run_answers", run):
        try:
            batch.grade(source, "02", roster, folder / "out", **options)
        except InputError as error:
            assert "damaged zip" in str(error) or "neither a folder nor a zip" in str(error), error
            assert len(drawn["flips"]) == 3
            return "the zip's own list is damaged: an error that says so"
    with open(folder / "out" / "grades.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == STUDENTS
    assert all(cell.isprintable() for row in rows for cell in row.values())
    assert all(line.isprintable() for line in lines), lines
    for row in rows:
        assert row["status"] == "graded" or row["status"].startswith("not graded: ")
        assert "the grader failed on it" not in row["status"], row["status"]
        assert (folder / "out" / "feedback" / f"{row['student']}.html").exists()
    whole = drawn["kind"] is None or not drawn["flips"]
    failed = any(status.startswith("jail") for status, _, _ in drawn["answers"]) and not jail
    if whole and not failed and drawn["stray"] == []:
        assert rows[0]["status"] == "graded", rows[0]["status"]
        assert rows[0]["score"] == "13" or not jail
    return "graded" if any(row["status"] == "graded" for row in rows) else "nobody graded"


def fuzz(count, jail_every=None):
    """Grade `count` classes; returns a Counter of how they ended."""
    ends, questions = Counter(), questions_of("02")
    checks = {question.id: batch.drawn(question, 7) for question in questions}
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # a disk would wait for each file

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(classes)
    def one(drawn):
        folder = Path(tempfile.mkdtemp(dir=memory, prefix="fuzz-"))
        try:
            jail = bool(jail_every) and sum(ends.values()) % jail_every == 0
            ends[grade_drawn(drawn, folder, jail) + (", in the jail" if jail else "")] += 1
        finally:
            shutil.rmtree(folder)

    with mock.patch.object(batch, "drawn", lambda question, seed: checks[question.id]):
        one()
    return ends


if __name__ == "__main__":
    begin = time.monotonic()
    found = fuzz(int(sys.argv[1]), 100 if shutil.which("bwrap") else None)
    print(
        f"{sum(found.values()):,} classes in {time.monotonic() - begin:.0f} s, every student in the CSV: {dict(found)}"
    )
