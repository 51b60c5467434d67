"""People's own data: plain text for pre-training, JSON lines or CSV for the four tasks.

    single_text      {"text", "label"}
    entailment       {"premise", "hypothesis", "label"}
    similarity       {"a", "b", "label"} or {"a", "b", "score"}
    multiple_choice  {"passage", "question", "options": [...], "label": index from 0}

CSV has the same column names; its options are written as a JSON list: ["in the park", "at home"].
"""

import csv
import io
import json
import math
import re
from pathlib import Path

from minigpt.formats import TASKS
from minigpt.support.errors import InputError
from minigpt.targets import Options, Scores


def read_lines(path):
    """The file's text, UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name a file in it") from None
    except NotADirectoryError:
        raise InputError(f"{path} does not exist: a part of it is a file, not a folder; check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from None


def read_documents(path):
    """A text file as documents: paragraphs, parted by empty lines.

    Raises:
        InputError: if the file is missing, empty, or not UTF-8.
    """
    paragraphs = [p.strip() for p in re.split(r"\n[ \t]*\n", read_lines(path))]
    found = [p for p in paragraphs if p]
    if not found:
        raise InputError(f"{path} is empty: it holds no text to learn from")
    return found


def read_examples(path, task):
    """Labelled examples of a task, from a .jsonl or .csv file.

    Raises:
        InputError: naming file, row and column: what came, what is allowed.
    """
    if task not in TASKS:
        raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}")
    text = read_lines(path)
    rows = list(csv_rows(path, text) if str(path).lower().endswith(".csv") else json_rows(path, text))
    if not rows:
        raise InputError(f"{path} is empty: it holds no example")
    answer = "score" if Scores in TASKS[task].targets and "score" in rows[0][1] else "label"
    return [check_row(f"{path}, {where}", row, task, answer) for where, row in rows]


def json_rows(path, text):
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{path}, line {number} is not JSON ({error}); each line is one JSON object; a table must end in .csv"
            ) from None
        if not isinstance(row, dict):
            raise InputError(
                f'{path}, line {number} is {row!r:.60}, not an object; write {{"column": value, ...}}, one a line'
            )
        yield f"line {number}", row


def csv_rows(path, text):
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may be as long as the file
    table = csv.DictReader(io.StringIO(text, newline=""))
    header = table.fieldnames or []
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"{path} is separated by semicolons; save it with commas")
    if len(set(header)) < len(header):
        raise InputError(f"{path} has a column twice: {', '.join(header)}; keep one")
    for row in table:
        where = f"line {table.line_num}"
        if None in row or None in row.values():
            raise InputError(f"{path}, {where} has not as many cells as the header; put texts with commas in quotes")
        if "options" in row:
            try:
                row["options"] = json.loads(row["options"])
            except json.JSONDecodeError:
                raise InputError(
                    f'{path}, {where}: options {row["options"]!r} is no JSON list; write ["a", "b"]'
                ) from None
        yield where, row


def check_row(where, row, task, answer):
    """The task's columns of one row, each of the right kind."""
    for column in (*TASKS[task].columns, answer):
        if column not in row:
            raise InputError(
                f"{where} has no column {column!r}; it has {', '.join(row)}; {task} needs "
                f"{', '.join((*TASKS[task].columns, answer))}"
            )
    texts = {column: row[column] for column in TASKS[task].columns}
    for column, value in texts.items():
        values = value if column == "options" else [value]
        if column == "options" and (not isinstance(value, list) or len(value) < 2):
            raise InputError(f"{where}: options is {value!r}; it must be a list of at least 2 texts")
        if not all(isinstance(text, str) and text.strip() for text in values):
            raise InputError(f"{where}: {column} is {value!r}; it must be text, not empty")
    return {**texts, answer: check_answer(where, row, task, answer)}


def check_answer(where, row, task, answer):
    value = row[answer]
    if answer == "score":
        try:
            value = float(value)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{where}: score is {row[answer]!r}; it must be a number")
    elif Options in TASKS[task].targets:
        n = len(row["options"])
        if str(value) not in map(str, range(n)) or isinstance(value, bool):
            raise InputError(f"{where}: label is {value!r}; it must be an option's index, 0 to {n - 1}")
        value = int(value)
    elif isinstance(value, dict | list | bool | float | type(None)) or str(value).strip() == "":
        raise InputError(f"{where}: label is {value!r}; it must be a name in quotes, or a whole number")
    else:
        value = str(value)
    return value
