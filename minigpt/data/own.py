"""People's own data: plain text for pre-training, JSON lines or a table for the four tasks.

    single_text      {"text", "label"}
    entailment       {"premise", "hypothesis", "label"}
    similarity       {"a", "b", "label"} or {"a", "b", "score"}
    multiple_choice  {"passage", "question", "options": [...], "label": index from 0}

A table has the same column names; its options are written as a JSON list: ["in the park", "at home"]. Other columns are
left alone. Labels are compared without spaces around them, and with composed letters (Unicode's NFC).
"""

import json
import math
import re
import unicodedata
from collections import Counter, defaultdict

from minigpt.answers import LARGEST, Options, Scores
from minigpt.data.table import read_rows, short
from minigpt.data.text_file import read_text
from minigpt.formats import TASKS
from minigpt.support.errors import InputError, note

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_documents(path):
    """A text file as documents: paragraphs, separated by empty lines or lines of white space.

    Raises:
        InputError: if the file is missing, empty, or no text.
    """
    paragraphs = [p.strip() for p in re.split(r"\n(?:[^\S\n]*\n)+", read_text(path))]  # \s knows U+3000 too
    documents = [p for p in paragraphs if p]
    if not documents:
        raise InputError(f"{path} is empty: it holds no text to learn from")
    return documents


def read_examples(path, task):
    """Labelled examples of a task, from a .jsonl, .csv or .tsv file, each also with .gz behind.

    Raises:
        InputError: naming file, line and column: what came, what is allowed.
    """
    if task not in TASKS:
        raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}")
    rows = read_rows(path)
    answer = answer_column(path, task, rows[0][1])
    examples = [check_row(f"{path}, {where}", row, task, answer) for where, row in rows]
    if answer == "label" and Options not in TASKS[task].kinds:
        note_near(path, Counter(example["label"] for example in examples))
    return examples


def answer_column(path, task, row):
    """Which column holds the answer: `label`, or `score` where the task can have one."""
    if Scores not in TASKS[task].kinds or "score" not in row:
        return "label"
    if "label" in row:
        raise InputError(
            f"{path} has both a 'label' and a 'score' column; keep one: label to learn classes, score to learn numbers"
        )
    return "score"


def check_row(where, row, task, answer):
    """The task's columns of one row, each of the right kind."""
    for column in (*TASKS[task].columns, answer):
        if column not in row:
            answers = " or ".join(dict.fromkeys(kind.column for kind in TASKS[task].kinds))
            raise InputError(
                f"{where} has no column {column!r}; it has {', '.join(map(str, row))[:200]}; {task} needs "
                f"{', '.join(TASKS[task].columns)}, and {answers}"
            )
    texts = {column: row[column] for column in TASKS[task].columns}
    for column, value in texts.items():
        if column == "options":
            texts[column] = check_options(where, value)
        else:
            check_text(where, column, value)
    return {**texts, answer: check_answer(where, row[answer], task, answer, texts)}


def check_text(where, column, value):
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {column} is {short(value)}; it must be text, not empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: {column} holds half a character (a surrogate); write the whole one") from None


def check_options(where, value):
    """A list of at least two texts; in a table it is written as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InputError(f'{where}: options is {short(value)}, no JSON list; write ["a", "b"]') from None
    if not isinstance(value, list) or len(value) < 2:
        raise InputError(f"{where}: options is {short(value)}; it must be a list of at least 2 texts")
    for option in value:
        check_text(where, "options", option)
    return value


def check_answer(where, value, task, answer, texts):
    """A score as a finite number, an option's index as a whole number, a label as its name."""
    if answer == "score":
        return check_score(where, value)
    if Options in TASKS[task].kinds:
        n = len(texts["options"])
        if isinstance(value, bool) or str(value).strip() not in map(str, range(n)):
            raise InputError(f"{where}: label is {short(value)}; it must be an option's index, 0 to {n - 1}")
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: label is {value}: it is missing; fill it in, or take the row out")
    if Scores in TASKS[task].kinds and re.fullmatch(r"[+-]?\d*\.\d+", str(value).strip(), re.ASCII):
        raise InputError(f"{where}: label is {short(value)}: numbers belong in a column `score`, classes in `label`")
    if isinstance(value, bool | float):
        raise InputError(
            f"{where}: label is {json.dumps(value)}, which a table cannot tell from the word; write it in quotes"
        )
    if not isinstance(value, str | int) or not str(value).strip():
        raise InputError(f"{where}: label is {short(value)}; it must be a name in quotes, or a whole number")
    check_text(where, "label", str(value))
    return unicodedata.normalize("NFC", str(value).strip())


def check_score(where, value):
    """A number as JSON or a table writes it: no true, no 1_000, no digits of another script."""
    try:
        number = math.nan if isinstance(value, bool | None) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    except OverflowError:
        number = math.inf
    written = not isinstance(value, str) or NUMBER.fullmatch(value.strip())
    if not math.isnan(number) and not written and not value.isascii():
        raise InputError(f"{where}: score is {short(value)}, in digits of another script or width; type {number:g}")
    if not written or math.isnan(number):
        raise InputError(f"{where}: score is {short(value)}; it must be a number, such as 3.5")
    if abs(number) > LARGEST:
        raise InputError(f"{where}: score is {short(value)}; it must lie between -1e30 and 1e30: give it another unit")
    return number


def note_near(path, counts):
    """Say which labels differ only in case, width or spaces inside: one class is likely meant."""
    alike = defaultdict(list)
    for label in sorted(counts):
        seen = "".join(c for c in unicodedata.normalize("NFKC", label).casefold() if unicodedata.category(c) != "Cf")
        alike["".join(seen.split())].append(label)
    for group in alike.values():
        if len(group) > 1:
            names = " and ".join(f"{label!r} ({counts[label]} rows)" for label in group)
            note(f"{path}: {names} are different classes; if they mean the same, use one spelling")
