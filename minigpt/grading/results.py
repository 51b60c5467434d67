"""A student's stored result: used again while notebook and question are the same, with what moved since.

results/ID.json is written whole or not at all; one that is damaged counts as none, and is made again.
"""

import hashlib
import json
from datetime import datetime

import numpy as np

from minigpt.grading import stored
from minigpt.grading.sheet import write_sheet
from minigpt.support.errors import InputError
from minigpt.support.files import read_json

FIELDS = {"student", "file", "sha256", "time", "reason", "questions", "cells", "changes"}


def fingerprint(question, check):
    """A hash of all that a mark depends on but the answer: arguments, right results, known mistakes, points, limits."""
    arrays = {}
    numbers = {"cases": check.cases, "wanted": check.wanted, "known": [mistake.results for mistake in check.known]}
    words = [getattr(check, name) for name in stored.WORDS]
    words += [[mistake.hint for mistake in check.known], question.seconds, check.verify]
    digest = hashlib.sha256(json.dumps([words, stored.packed(numbers, arrays)]).encode())
    for name in sorted(arrays):
        for part in arrays[name]:
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def load(path):
    """A stored result, or None."""
    try:
        known = read_json(path)
    except InputError:
        return None
    return known if isinstance(known, dict) and known.keys() >= FIELDS else None


def usable(known, sha256, prints):
    """{question id: mark} of a stored result that are still true: same notebook, same question."""
    if known is None or known["sha256"] != sha256:
        return {}
    return {mark["id"]: mark for mark in known["questions"] if mark.get("made_of") == prints.get(mark["id"])}


def moved(known, sha256, marks):
    """The changes of a student so far, and those from the stored result to the new `marks`."""
    if known is None:
        return []
    why = "the question changed" if known["sha256"] == sha256 else "handed in again"
    before, changes = {mark["id"]: mark for mark in known["questions"]}, list(known["changes"])
    for mark in marks:
        was = before.get(mark["id"])
        if was and (was["points"], was["status"]) != (mark["points"], mark["status"]):
            told = {name: f"{m['points']} {m['status']}" for name, m in {"was": was, "now": mark}.items()}
            changes.append({"student": known["student"], "question": mark["id"], **told, "why": why, "time": now()})
    return changes


def write_changes(path, changes):
    """changes.csv, if anything moved."""
    if changes:
        write_sheet(path, changes[0].keys(), changes)


def now():
    """The time to the second, with the distance from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
