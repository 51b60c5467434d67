"""Who is graded: the students of a course, from a table as spreadsheets and learning platforms write it."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from minigpt.data.table import separated
from minigpt.data.text_file import read_text
from minigpt.support.errors import InputError

# Names of the column with the ids, the first that is there and holds ids; lower case, one space for _ and more.
IDS = "student|id|student id|studentid|student number|学号|学生学号|学生|identifier|标识符|编号|username|用户名"
ID = re.compile(r"[\w@+-][\w.@+-]{0,99}")
MOODLE = re.compile(r"(?:participant|参与者|参加者)\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Roster:
    students: list  # ids, in the table's order
    column: str  # where they stand
    rows: dict  # {student: {column: text}}, the other columns

    def keys(self):
        """{column: {value: student}}: what may name a student in a download, of each column without equal values."""
        found = {self.column: {folded(student): student for student in self.students}}
        for name in next(iter(self.rows.values()), {}):
            values = {folded(bare(row[name])): student for student, row in self.rows.items() if row[name]}
            if values and len(values) == sum(bool(row[name]) for row in self.rows.values()):
                found[name] = values
        return found


def folded(text):
    """A text for comparing: upper and lower case, and accents in one or two characters, are the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip()


def bare(value):
    """A cell's text; of Moodle's "Participant 1001" the number.

    >>> bare(" Participant 1001"), bare("4712")
    ('1001', '4712')
    """
    value = unicodedata.normalize("NFC", value).strip()
    found = MOODLE.fullmatch(value)
    return found[1] if found else value


def read_roster(path):
    """The Roster in a table with a column of ids: `student`, or another name in IDS.

    It may be CSV with commas, semicolons or tabs, as UTF-8, UTF-16 or GBK, or an Excel workbook.

    Raises:
        InputError: if there is no such column, an id is none, or a student stands twice.
    """
    rows = [row for row in rows_of(path) if not is_extra(row[1])]
    header = list(rows[0][1]) if rows else []
    here = {re.sub(r"[\s_]+", " ", unicodedata.normalize("NFC", name)).strip(): name for name in header}
    named = [here[name] for name in IDS.split("|") if name in here]
    if not named:
        there = f"it has {', '.join(map(repr, header))}" if rows else "no row"
        raise InputError(
            f"{path} has no column `student`, or no row below its first line: {there}; name the column with the ids "
            "`student` in the first line (or id, student id, 学号, identifier)"
        )
    wrong = {name: next((where for where, row in rows if not ID.fullmatch(bare(row[name]))), None) for name in named}
    column = next((name for name in named if not wrong[name]), None)
    if column is None:
        where, value = next((w, row[named[0]]) for w, row in rows if w == wrong[named[0]])
        raise InputError(
            f"{path}, {where}: {named[0]} {value!r}; an id has letters, digits and . _ @ + - only, begins with no dot, "
            "and every line has one"
        )
    once = {}
    for where, row in rows:
        student = bare(row[column])
        if folded(student) in once:
            raise InputError(f"{path}, {where}: student {student!r} stands twice; keep one line")
        once[folded(student)] = student
    others = [{name: row[name].strip() for name in header if name and name != column} for _, row in rows]
    return Roster(list(once.values()), column, dict(zip(once.values(), others, strict=True)))


def is_extra(row):
    """The line below Canvas's header that says how many points there are."""
    return any("points possible" in cell.lower() for cell in row.values())


def rows_of(path):
    """[(where, {column: text})] of a table, whatever separates its cells."""
    text = workbook(path) if str(path).lower().endswith((".xlsx", ".xlsm")) else read_text(path)
    first, rest = text.partition("\n")[::2]
    told = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)  # Excel's own line
    if told:
        text, delimiter = f"\n{rest}", told[1]
    else:
        outside = re.sub(r'"[^"]*"', "", first)
        delimiter = max(",\t;", key=outside.count)
    return list(separated(path, text, delimiter, csv.QUOTE_MINIMAL))


def workbook(path):
    """The first sheet of an Excel workbook as CSV; needs the package openpyxl, the reader that is kept for them."""
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            f"{path} is an Excel workbook, which the package openpyxl reads: pip install openpyxl, or save it as CSV"
        ) from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        book.close()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except Exception as error:  # a damaged workbook raises many kinds
        raise InputError(f"{path} is a damaged Excel workbook ({error}); save it as CSV") from None
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[cell_text(cell) for cell in row] for row in rows])
    return out.getvalue()


def cell_text(cell):
    """A cell as it is read: a whole number without ".0"."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
