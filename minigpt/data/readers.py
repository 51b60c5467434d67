"""Real data sets: found or fetched, checked by sha256, and read into the rows of the package's tasks.

    single_text      {"text", "label"}                                trec, waimai
    entailment       {"premise", "hypothesis", "label"}               sick-entailment, ocnli
    similarity       {"a", "b", "score"}         score from 1 to 5    sick-relatedness
    multiple_choice  {"passage", "question", "options", "label"}      dream, c3; label is an index from 0

`registry.json` says where each file lies and under which licence. None is part of this package: a file is fetched when
it is first read, or taken from the folder that the environment variable MINIGPT_DATA names.
Read upwards from `read_task`. Texts stay as they are; only white space around them goes.
"""

import csv
import functools
import hashlib
import io
import json
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from minigpt.files import InputError, read_json

REGISTRY = read_json(Path(__file__).with_name("registry.json"))
SPLITS = ("train", "dev", "test")
TREC_LABELS = {"0": "description", "1": "entity", "2": "abbreviation", "3": "human", "4": "location", "5": "numeric"}
NLI_LABELS = ("entailment", "neutral", "contradiction")
SICK_COLUMNS = ("sentence_A", "sentence_B", "entailment_label", "relatedness_score", "SemEval_set")


def path_of(file_path):
    """Where a file of the registry lies on this machine: in MINIGPT_DATA's folder if that is set, else in a cache.

    Raises:
        InputError: if it is not there, has other bytes than expected, or cannot be fetched.
    """
    file = next((f for entry in REGISTRY.values() for f in entry["files"] if f["path"] == file_path), None)
    if file is None:
        known = ", ".join(f["path"] for entry in REGISTRY.values() for f in entry["files"])
        raise InputError(f"{file_path!r} is not a file of a data set; they are {known}")
    folder = os.environ.get("MINIGPT_DATA")
    return find(Path(folder).expanduser(), file) if folder else fetch(file)


def find(folder, file):
    path, cure = folder / file["path"], f"put the file from {file['url']} there, or unset MINIGPT_DATA to fetch it"
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {file['path']} in MINIGPT_DATA={folder} ({error.strerror}); {cure}") from None
    if sha256 != file["sha256"]:
        raise InputError(f"{path} has sha256 {sha256}, expected {file['sha256']}: its bytes differ; {cure}")
    return path


def fetch(file):
    import pooch  # here, since reading from a folder does not need it

    try:
        place = pooch.os_cache("minigpt") / file["path"]
        return Path(pooch.retrieve(file["url"], file["sha256"], place.name, place.parent, progressbar=True))
    except Exception as error:  # no network, no such page, no disk space, other bytes: the cure is the same
        reason = " ".join(f"{type(error).__name__}: {error}".split())  # one line
        raise InputError(
            f"cannot fetch {file['url']} ({reason}); try again, or put the file by hand at {file['path']} "
            "in a folder and name that folder in the environment variable MINIGPT_DATA"
        ) from None


@functools.cache  # once a process
def show_licence(name):
    entry = REGISTRY[name]
    print(f"data: {entry['title']}, licence: {entry['licence']}, from {entry['source']}", file=sys.stderr)


def load(name, file_path):
    """The bytes of one file of data set `name`; its licence is shown before the first."""
    show_licence(name)
    return path_of(file_path).read_bytes()


def damaged(where, came, allowed):
    return InputError(f"{where}: {came} is not {allowed}; the file is damaged, fetch it again")


def decode(data, file):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(f"{file}, byte {error.start}", repr(data[error.start : error.end]), "UTF-8") from None


def from_json(text, where):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise damaged(where, f"{text[:60]!r} ({error})", "JSON") from None


def lines_of(text, file):
    """(place, line) of each line; `splitlines` would also cut at signs that are part of a text, such as U+2028."""
    return [(f"{file}, line {n}", line) for n, line in enumerate(text.rstrip("\r\n").split("\n"), start=1)]


def filled(where, column, value):
    if not isinstance(value, str) or not value.strip():
        raise damaged(where, f"{column} {value!r}", "a text")
    return value.strip()


def one_of(where, column, value, allowed):
    if value not in list(allowed):  # a list, since a damaged value need not be hashable
        raise damaged(where, f"{column} {value!r}", f"one of {', '.join(allowed)}")
    return value


def parse_trec(data, file="TREC"):
    r"""Lines `label text`, parted by the first space. The file is Latin-1: one letter of train is no UTF-8.

    >>> parse_trec(b"4 Where is the cat ?\n")
    [{'text': 'Where is the cat ?', 'label': 'location'}]
    """
    rows = []
    for where, line in lines_of(data.decode("latin-1"), file):
        label, _, text = line.partition(" ")
        label = TREC_LABELS[one_of(where, "label", label, TREC_LABELS)]
        rows.append({"text": filled(where, "text", text), "label": label})
    return rows


def parse_sick(data, file="SICK"):
    """A table parted by tabs, without quoting: a quotation mark is part of its sentence.

    Returns:
        rows {"split", "a", "b", "label", "score"} of all splits, for both readings.
    """
    (where, header), *lines = lines_of(decode(data, file), file)
    columns = header.rstrip("\r").split("\t")
    for name in SICK_COLUMNS:
        one_of(where, "the header without column", name, columns)
    rows = []
    for where, line in lines:
        cells = line.rstrip("\r").split("\t")
        if len(cells) != len(columns):
            raise damaged(where, f"a row of {len(cells)} cells", f"as long as the header, {len(columns)} cells")
        a, b, label, score, split = (dict(zip(columns, cells, strict=True))[name] for name in SICK_COLUMNS)
        rows.append({
            "split": one_of(where, "SemEval_set", split, ("TRAIN", "TRIAL", "TEST")),
            "a": filled(where, "sentence_A", a), "b": filled(where, "sentence_B", b),
            "label": one_of(where, "entailment_label", label.lower(), NLI_LABELS), "score": score_of(where, score),
        })  # fmt: skip
    return rows


def score_of(where, value):
    try:
        score = float(value)
    except ValueError:
        score = 0.0
    if not 1 <= score <= 5:
        raise damaged(where, f"relatedness_score {value!r}", "a number from 1 to 5")
    return score
