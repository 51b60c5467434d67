"""Who is graded: the students of a course, from a table."""

import re
import unicodedata

from minigpt.data.table import csv_rows
from minigpt.data.text_file import read_text
from minigpt.support.errors import InputError


def read_roster(path):
    """The students of a CSV file with the column `student` (or `id`), in its order.

    Raises:
        InputError: if the file or the column is missing, or a student stands twice.
    """
    rows = csv_rows(path, read_text(path), "csv")
    column = next((name for name in ("student", "id") if rows and name in rows[0][1]), None)
    if column is None:
        there = f"it has {', '.join(rows[0][1])}" if rows else "no row"
        raise InputError(f"{path} has no column `student`, or no row below its first line: {there}")
    students = [unicodedata.normalize("NFC", row[column].strip()) for _, row in rows]
    for (where, _), student in zip(rows, students, strict=True):
        if not re.fullmatch(r"[\w.@+-]+", student) or student.startswith("."):
            raise InputError(f"{path}, {where}: student {student!r}; an id has letters, digits and . _ @ + - only")
        if students.count(student) > 1:
            raise InputError(f"{path}: student {student!r} stands twice; keep one line")
    return students
