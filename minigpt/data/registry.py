"""Where the files of real data sets lie: found in a folder or fetched, and checked by sha256.

`registry.json` holds each set's licence, and of each file the address at a fixed commit, the size and the hash. A set
of many files has them in a table beside it, `books.csv` or `blimp.csv`, a line a file. A file is fetched when it is
first read, or taken from the folder MINIGPT_DATA.
"""

import csv
import hashlib
import os
import sys
from functools import cache
from pathlib import Path

from minigpt.support.errors import InputError
from minigpt.support.files import read_json

HERE = Path(__file__).parent
ADDRESS = "https://raw.githubusercontent.com/{repository}/{commit}/{file}"


def files_of(name, table):
    """The files of a set's table, as `registry.json` has them, with the table's own columns: {name: file}."""
    with open(HERE / table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    places = [f"{name}/{row['name']}{Path(row['file']).suffix}" for row in rows]
    return {
        row["name"]: row | {"path": place, "url": ADDRESS.format(**row), "bytes": int(row["bytes"])}
        for row, place in zip(rows, places, strict=True)
    }


def read_registry():
    entries = read_json(HERE / "registry.json")
    tables = {name: entry["files"] for name, entry in entries.items() if isinstance(entry["files"], str)}
    return entries | {name: entries[name] | {"files": files_of(name, table)} for name, table in tables.items()}


REGISTRY = read_registry()


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
