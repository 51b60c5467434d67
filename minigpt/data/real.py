"""Real data sets: found or fetched, checked by sha256, and read into the rows of the package's tasks.

    single_text      {"text", "label"}                               trec, waimai
    entailment       {"premise", "hypothesis", "label"}              sick-entailment, ocnli
    similarity       {"a", "b", "score"}                             sick-relatedness; score from 1 to 5
    multiple_choice  {"passage", "question", "options", "label"}     dream, c3; label is an index from 0

`registry.json` says where each file lies, its hash and its licence; a file is fetched when it is first read, or taken
from the folder MINIGPT_DATA. Texts stay as they are, but for white space around. Read upwards from `read_task`.
"""

import csv
import hashlib
import io
import json
import os
import sys
from collections import Counter
from functools import cache, partial
from pathlib import Path

import numpy as np

from minigpt.support.errors import InputError
from minigpt.support.files import read_json

REGISTRY = read_json(Path(__file__).with_name("registry.json"))
TREC = {"0": "description", "1": "entity", "2": "abbreviation", "3": "human", "4": "location", "5": "numeric"}
NLI = {name: name for name in ("entailment", "neutral", "contradiction")}
SICK = ("sentence_A", "sentence_B", "entailment_label", "relatedness_score", "SemEval_set")


def look_up(what, key, table):
    """`table[key]`, or an InputError that lists what is allowed."""
    if key not in table:
        raise InputError(f"{what} {key!r} is not one of {', '.join(table)}")
    return table[key]


def path_of(file_path):
    """Where a file of the registry lies: in the folder MINIGPT_DATA if that is set, else in a cache.
    Raises InputError if it is not there, holds other bytes than expected, or cannot be fetched."""
    file = look_up("file", file_path, {f["path"]: f for e in REGISTRY.values() for f in e["files"].values()})
    if not os.environ.get("MINIGPT_DATA"):
        return fetch(file)
    path = Path(os.environ["MINIGPT_DATA"]).expanduser() / file_path
    cure = f"put the file from {file['url']} there, or unset MINIGPT_DATA to fetch it"
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}, {error.strerror}; {cure}") from None
    if sha256 != file["sha256"]:
        raise InputError(f"{path} has sha256 {sha256}, expected {file['sha256']}; {cure}")
    return path


def fetch(file):
    from pooch import os_cache, retrieve  # here, since a file in a folder does not need it

    try:
        return Path(retrieve(file["url"], file["sha256"], file["path"], os_cache("minigpt"), progressbar=True))
    except Exception as error:  # no network, no such page, a full disk, other bytes: the cure is the same
        reason = " ".join(f"{type(error).__name__}: {error}".split())  # on one line
        cure = f"put it by hand at {file['path']} in a folder, and set MINIGPT_DATA to that folder"
        raise InputError(f"cannot fetch {file['url']} ({reason}); try again, or {cure}") from None


@cache  # so that it is said once a process
def show_licence(name):
    entry = REGISTRY[name]
    print(f"data: {entry['title']}, licence: {entry['licence']}, from {entry['source']}", file=sys.stderr)


def load(name, file_split):
    """What a parser takes: a file's bytes, and its path for messages."""
    file = look_up(f"split of {name}", file_split, REGISTRY[name]["files"])
    show_licence(name)
    return path_of(file["path"]).read_bytes(), file["path"]


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


parse_trec = partial(parse, partial(lines, encoding="latin-1"), trec_rows)  # one letter of train is not UTF-8
parse_sick = partial(parse, partial(table, delimiter="\t", quoting=csv.QUOTE_NONE), sick_rows)
parse_dream = parse_c3 = partial(parse, json.loads, dream_rows)
parse_waimai = partial(parse, table, waimai_rows)
parse_ocnli = partial(parse, lines, ocnli_rows)


def hold_out(rows, share, name):
    """{name: `share` of each label's rows, "train": the rest}; which ones, and the order, depend on seed 0."""
    left = {label: round(share * n) for label, n in Counter(row["label"] for row in rows).items()}
    parts = {"train": [], name: []}
    for row in (rows[i] for i in np.random.default_rng(0).permutation(len(rows))):
        parts[name if left[row["label"]] > 0 else "train"].append(row)
        left[row["label"]] -= 1
    return parts


def read_with_dev(parse_set, name, test, split):
    """TREC and OCNLI have no dev: it is a tenth of train. OCNLI's official dev is the test, which has labels.

    10 TREC test questions stand in train too, and stay. 840 of OCNLI's 998 dev premises do, none of its test's.
    """
    if split == "test":
        return parse_set(*load(name, test))
    return hold_out(parse_set(*load(name, "train")), 0.1, "dev")[split]


def read_waimai(split):
    """No official split: test is 1/5, dev 1/10 of the rest. 7 reviews stand as good and bad: left out."""
    rows = parse_waimai(*load("waimai_10k", "all"))
    n = Counter(row["text"] for row in rows)
    parts = hold_out([row for row in rows if n[row["text"]] == 1], 0.2, "test")
    return parts["test"] if split == "test" else hold_out(parts["train"], 0.1, "dev")[split]


def read_sick(names, split):
    """One file for both readings and all splits; `names` says what a reading calls the columns it takes."""
    rows = parse_sick(*load("sick", "all"))
    return [{new: row[old] for new, old in names.items()} for row in rows if row["split"] == split]


TEXTS = {"tinyshakespeare": "all", "wikitext-2": "valid"}  # and the split that is read
TASKS = {
    "trec": partial(read_with_dev, parse_trec, "trec", "test"),
    "waimai": read_waimai,
    "sick-entailment": partial(read_sick, {"premise": "a", "hypothesis": "b", "label": "label"}),
    "ocnli": partial(read_with_dev, parse_ocnli, "ocnli", "dev"),
    "sick-relatedness": partial(read_sick, {"a": "a", "b": "b", "score": "score"}),
    "dream": lambda split: parse_dream(*load("dream", split)),
    "c3": lambda split: parse_c3(*load("c3", split)),
}


def read_task(name, split):
    """The rows of one split, "train", "dev" or "test", in the shapes at the top of this module.

    Raises InputError if no data set or split has that name, its file is not to be had, or a row is damaged.
    """
    read = look_up("data set", name, TASKS)
    return read(look_up("split", split, {"train": "train", "dev": "dev", "test": "test"}))


def read_text(name, split=None):
    """The text "tinyshakespeare", or "wikitext-2" with split "valid" (default) or "test"; raises as `read_task`."""
    default = look_up("text", name, TEXTS)
    return load(name, split or default)[0].decode("utf-8").strip()


def catalogue():
    """What there is, a line each: name, task, language, licence and source."""
    tasks = [(name, task, entry) for entry in REGISTRY.values() for name, task in entry["tasks"].items()]
    return "\n".join(f"{n:17}{t:16}{e['language']}  {e['licence']}; {e['source']}" for n, t, e in tasks)
