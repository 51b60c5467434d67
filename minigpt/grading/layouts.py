"""Whose file is it? The layout of a download first, then the id from the place where that platform puts it.

Moodle      Full Name_4712_assignsubmission_file/homework.ipynb      (or .._file_/.., or a file .._file_x.ipynb)
Canvas      lastfirst_4712_88_homework.ipynb                         (user, file; late: lastfirst_LATE_4712_88_..)
Blackboard  Homework 02_4712_attempt_2026-03-01-10-20-30_homework.ipynb
plain       4712/homework.ipynb, 4712.ipynb, and nbgrader's 4712/homework_02/homework_02.ipynb

Only the first part of a path is read, which the platform or the instructor wrote. What stands behind the id, and all
below a folder, was named by a student: it can name anybody, and is never looked at.
"""

import re
from dataclasses import dataclass

MOODLE = re.compile(r"(?:(?!_assignsubmission_).)*_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?", re.DOTALL)
CANVAS = re.compile(r"(?=_(?P<id>\d+)_(?P<file>\d+)_.)", re.DOTALL)
BLACKBOARD = re.compile(r"(?P<before>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:[_.].*)?", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """One way to read a name: whose it may be, and the platform's time as a text that sorts, or ""."""

    ids: tuple[str, ...]
    time: str = ""


def moodle(part):
    """The number is Moodle's own of this student, right before the first `_assignsubmission_`; a team may have none."""
    found = MOODLE.fullmatch(part)
    return [Reading((found["id"],))] if found else []


def canvas(part):
    """Two numbers, of which the first is the first number of all: without it, as in an anonymous download, nobody's.

    A file that begins with a number, or a name that ends with one, can be read in two ways: all are given.
    """
    found, first = list(CANVAS.finditer(part)), re.search(r"_\d+_", part)
    if not found or found[0].start() != first.start():
        return []
    return [Reading((reading["id"],), reading["file"].rjust(20, "0")) for reading in found]


def blackboard(part):
    """The id stands between the homework's name and the attempt, and either may have underscores."""
    found = BLACKBOARD.fullmatch(part)
    if not found:
        return []
    pieces = found["before"].split("_")
    return [Reading(tuple("_".join(pieces[n:]) for n in range(1, len(pieces))), found["time"])]


def plain(part):
    """A folder or a notebook with the id as its whole name."""
    return [Reading((re.sub(r"\.ipynb$", "", part, flags=re.IGNORECASE),))]


LAYOUTS = {"Moodle": moodle, "Canvas": canvas, "Blackboard": blackboard}


def layout_of(paths, known):
    """(name of the layout, its function, at which part of the paths the students' names stand).

    The platform that most of the first parts fit; a student names none of these, so that nobody turns the layout of
    the others. A folder that holds everything, such as `submissions/`, is passed, unless it is a student's.

    Args:
        paths: lists of parts. known: is this an id?
    """
    for depth in range(4):
        parts = {path[depth] for path in paths if len(path) > depth}
        for name, read in LAYOUTS.items():
            if 2 * sum(bool(read(part)) for part in parts) > len(parts):
                return name, read, depth
        inside = len(parts) == 1 and all(len(path) > depth + 1 for path in paths)
        if not inside or known(plain(*parts)[0].ids[0]):
            return "plain", plain, depth
    return "plain", plain, 0
