"""Real data sets' files to rows: one small function a format, each from bytes, and what is damaged is named.

    parse_trec, parse_sick, parse_dream, parse_c3, parse_waimai, parse_ocnli, parse_blimp        (data, file) -> rows

Texts stay as they are, but for white space around. Read from `parse` on.
"""

import csv
import io
import json
from functools import partial

from minigpt.data.registry import look_up
from minigpt.support.errors import InputError

TREC = {"0": "description", "1": "entity", "2": "abbreviation", "3": "human", "4": "location", "5": "numeric"}
NLI = {name: name for name in ("entailment", "neutral", "contradiction")}
SICK = ("sentence_A", "sentence_B", "entailment_label", "relatedness_score", "SemEval_set")


def parse(parts_of, rows_of, data, file="the file"):
    """What each parse_...(data, file) does: a file's bytes to rows. Any error names file and row."""
    rows, where = [], file
    try:
        for number, part in enumerate(parts_of(data), start=1):
            where = f"{file}, row {number}"
            rows += rows_of(part)
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{where}: {error}; the file is damaged, fetch it again") from None
    return rows


def lines(data, encoding="utf-8"):
    return data.decode(encoding).rstrip("\r\n").split("\n")  # splitlines also cuts at U+2028, inside a text


def table(data, **dialect):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True, **dialect))


def cells(row, *columns):
    if None in row:  # how csv marks cells beyond the header
        raise InputError(f"{row[None]} stands beyond the last column")
    return [look_up("column", name, row) for name in columns]


def text(value):
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{value!r} stands where a text must be")
    return value.strip()


def texts(values):
    if not isinstance(values, list):
        raise InputError(f"{values!r} stands where a list of texts must be")
    return [text(value) for value in values]


def trec_rows(line):
    """A line is `label text`, separated by the first space: 4 Where is the cat ?"""
    label, _, question = line.partition(" ")
    yield {"text": text(question), "label": look_up("label", label, TREC)}


def sick_rows(row):
    """One row for both readings: {"split", "a", "b", "label", "score"}."""
    a, b, label, score, split = texts(cells(row, *SICK))
    if not 1 <= float(score) <= 5:
        raise InputError(f"relatedness_score {score} is not from 1 to 5")
    label = look_up("entailment_label", label.lower(), NLI)
    split = look_up("SemEval_set", split, {"TRAIN": "train", "TRIAL": "dev", "TEST": "test"})
    yield {"split": split, "a": a, "b": b, "label": label, "score": float(score)}


def dream_rows(entry):
    """An entry is [lines of the passage, [{question, choice, answer}, ...], id]; the answer is a text."""
    passage, questions, _ = entry
    passage = text("\n".join(texts(passage)))
    for asked in questions:
        question, options, answer = cells(asked, "question", "choice", "answer")
        question, options, answer = text(question), texts(options), text(answer)
        label = look_up("answer", answer, {option: i for i, option in enumerate(options)})
        if options.count(answer) == 1:  # else its index is not known: one question of C3's train is dropped
            yield {"passage": passage, "question": question, "options": options, "label": label}


def waimai_rows(row):
    label, review = cells(row, "label", "review")
    yield {"text": text(review), "label": look_up("label", label, {"1": "good", "0": "bad"})}


def ocnli_rows(line):
    """A line is a JSON object. Label "-" says that the annotators found no majority: the pair is dropped."""
    premise, hypothesis, label = cells(json.loads(line), "sentence1", "sentence2", "label")
    if look_up("label", label, {**NLI, "-": "-"}) != "-":
        yield {"premise": text(premise), "hypothesis": text(hypothesis), "label": label}


def blimp_rows(line):
    """A line is a JSON object: an acceptable sentence, and one that differs from it as little as can be."""
    good, bad, phenomenon, paradigm = texts(
        cells(json.loads(line), "sentence_good", "sentence_bad", "linguistics_term", "UID")
    )
    yield {"good": good, "bad": bad, "phenomenon": phenomenon, "paradigm": paradigm}


parse_trec = partial(parse, partial(lines, encoding="latin-1"), trec_rows)  # one letter of train is not UTF-8
parse_sick = partial(parse, partial(table, delimiter="\t", quoting=csv.QUOTE_NONE), sick_rows)
parse_dream = parse_c3 = partial(parse, json.loads, dream_rows)
parse_waimai = partial(parse, table, waimai_rows)
parse_ocnli = partial(parse, lines, ocnli_rows)
parse_blimp = partial(parse, lines, blimp_rows)
