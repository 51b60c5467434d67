"""What students handed in, and whose it is.

Each student of the roster gets a `Submission` or the reason why there is none; nobody, and no file, is dropped in
silence. A submission is read when it is graded, so that memory does not grow with the class.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from minigpt.grading.download import Refused, entries_of, hidden, is_notebook
from minigpt.grading.layouts import layout_of
from minigpt.grading.roster import folded
from minigpt.grading.sheet import shown


@dataclass(frozen=True)
class Submission:
    student: str
    name: str  # of the file, as it was handed in
    read: Callable  # its bytes, or Refused


class Collected(NamedTuple):
    found: dict  # {student: Submission, or Refused}, for every student of the roster
    unmatched: list  # [{"file", "student", "reason"}]: what is not graded, and why
    told: str  # which layout it is, and which column of the roster names its students


def collect(source, students, keys=None, homework=None, latest=False):
    """The `Collected` of a folder or a zip.

    Args:
        keys: {column: {id in a download: student}} of the roster; None if the students' ids are all there is.
        homework: "02"; of a course folder with several, only `homework_02/` is taken.
        latest: of several attempts the newest by the platform's own time, instead of none.
    """
    entries = [entry for entry in entries_of(Path(source)) if not hidden(entry.parts)]
    keys = keys or {"student": {folded(student): student for student in students}}
    notebooks = [entry.parts for entry in entries if is_notebook(entry.name)]
    layout, read, depth = layout_of(
        notebooks or [entry.parts for entry in entries], lambda name: any(folded(name) in key for key in keys.values())
    )
    readings = {entry.parts[depth]: read(entry.parts[depth]) for entry in entries if len(entry.parts) > depth}
    column, owners = best(keys, readings)
    mine, others, unmatched = defaultdict(list), defaultdict(list), []
    for entry in entries:
        part = entry.parts[depth] if len(entry.parts) > depth else ""
        of = owners.get(part, {})
        owner = next(iter(of)) if len(of) == 1 else None
        reason = no_notebook(entry) or no_owner(of, layout, readings.get(part))
        if reason:
            unmatched.append({"file": shown(entry.name), "student": owner or "", "reason": reason})
            if owner:
                others[owner].append(f"{shown(entry.name, 60)} {reason}")
        else:
            time = of[owner] if layout in ("Canvas", "Blackboard") else entry.time
            mine[owner].append((time, entry))
    found = {}
    for student in students:
        attempts = of_homework(mine[student], depth, homework)
        try:
            entry = chosen(attempts, latest, others[student])
            found[student] = Submission(student, shown(entry.name), entry.read)
            older = [other for _, other in mine[student] if other is not entry]
            unmatched += [{"file": shown(e.name), "student": student, "reason": "not taken"} for e in older]
        except Refused as reason:
            found[student] = reason
    return Collected(found, unmatched, f"layout: {layout}; students are named by the roster's column {column}")


def best(keys, readings):
    """The column that knows most of the names, and {name: {student: time}} by it."""
    owners = {column: {part: whose(read, key) for part, read in readings.items()} for column, key in keys.items()}
    column = max(owners, key=lambda name: sum(bool(found) for found in owners[name].values()))
    return column, owners[column]


def whose(readings, key):
    """{student: time} of a name: nobody, one, or several, between whom nobody chooses.

    Only the first reading can find somebody: the others may begin in what a student named, and only raise doubt.
    """
    found = [{key[folded(i)]: reading.time for i in reading.ids if folded(i) in key} for reading in readings]
    if not found or not found[0]:
        return {}
    return {student: time for owners in reversed(found) for student, time in owners.items()}


def no_notebook(entry):
    """Why a file is no notebook; "" if it is one."""
    name = entry.parts[-1].lower()
    if is_notebook(name):
        return ""
    if ".ipynb." in name:
        return f"is no notebook: its name must end in .ipynb, not in .{name.rpartition('.')[2][:10]}"
    return (
        "is no notebook; an archive inside is not opened"
        if re.search(r"\.(zip|rar|7z|gz|tar)$", name)
        else ("is no notebook")
    )


def no_owner(of, layout, read):
    """Why a notebook is nobody's; "" if it has one owner."""
    if len(of) == 1:
        return ""
    if of:
        return f"may be of {' or '.join(list(of)[:3])}: rename it"
    return "no student of the roster" if read else f"not named as {layout} names its files"


def of_homework(attempts, depth, homework):
    """Of a course folder, ID/homework_01/.., ID/homework_02/.., the attempts at this homework."""
    folders = [entry.parts[depth + 1] if len(entry.parts) > depth + 2 else "" for _, entry in attempts]
    if not homework or not all(re.fullmatch(r"homework_\d\d", name) for name in folders):
        return attempts
    return [attempt for attempt, name in zip(attempts, folders, strict=True) if name == f"homework_{homework}"]


def chosen(attempts, latest, others):
    """The one notebook of a student, or Refused."""
    if not attempts:
        raise Refused(f"nothing handed in but: {'; '.join(others[:3])}" if others else "nothing handed in")
    if len(attempts) == 1:
        return attempts[0][1]
    times = sorted(time for time, _ in attempts)
    names = ", ".join(shown(entry.name, 120) for _, entry in attempts[:5])
    if not latest:
        raise Refused(f"{len(attempts)} notebooks: {names}; keep one, or --latest takes the newest")
    if not times[0] or times[-1] == times[-2]:
        raise Refused(f"{len(attempts)} notebooks, and no time of the platform says which is the newest: {names}")
    return max(attempts, key=lambda attempt: attempt[0])[1]
