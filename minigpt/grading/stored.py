"""The checks that come with the package: numbers and words, no function that computes an answer.

    checks/NN.json    each question's name, points, tolerances and hints, as people read them; the name of its `verify`
    checks/NN.npz     arguments, right results and the results of known mistakes, for the student's seed

The .npz holds one long array for each kind of number, and in `index`, as JSON, which parts of them make which value.
`make homework` writes both from `instructor/`; `find` reads them, new objects each time.
"""

import json
import math
from pathlib import Path

import numpy as np

from minigpt.grading import question
from minigpt.grading.question import SHOWN, Check, Known, Program, require_chapter
from minigpt.support.files import replacing, write_json

CHECKS = Path(__file__).with_name("checks")
SEED = SHOWN
WORDS = ("id", "function", "points", "atol", "rtol")
NUMBERS = ("cases", "wanted")


def checks_of(chapter, folder=CHECKS):
    """The stored checks of a chapter, "00" to "12".

    Raises:
        InputError: for another chapter.
    """
    require_chapter(chapter)
    words = json.loads((folder / f"{chapter}.json").read_text(encoding="utf-8"))
    with np.load(folder / f"{chapter}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    index = json.loads(arrays.pop("index").tobytes())
    return [check_of(told, unpacked(numbers, arrays)) for told, numbers in zip(words, index, strict=True)]


def check_of(words, numbers):
    known = tuple(map(Known, numbers["known"], words["hints"]))
    return Check(*(words[name] for name in WORDS), *(numbers[name] for name in NUMBERS), known, words.get("verify", ""))


def find(question_id):
    """The stored check of the question with this id, such as "02.1"."""
    return question.find(question_id, checks_of(str(question_id)[:2]))


def store(chapter, checks, folder=CHECKS):
    """Write a chapter's checks; each file is whole or not there."""
    words = [
        {name: getattr(check, name) for name in WORDS}
        | {"hints": [mistake.hint for mistake in check.known]}
        | ({"verify": check.verify} if check.verify else {})
        for check in checks
    ]
    arrays = {}
    index = [
        packed({**{n: getattr(check, n) for n in NUMBERS}, "known": [k.results for k in check.known]}, arrays)
        for check in checks
    ]
    long = {kind: np.concatenate(parts) for kind, parts in arrays.items()}
    write_json(folder / f"{chapter}.json", words)
    with replacing(folder / f"{chapter}.npz") as temporary:
        text = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), np.uint8)
        np.savez_compressed(temporary, index=text, **long)


def packed(value, arrays):
    """A value as JSON; numbers of arrays are appended to `arrays`, and kind, place and shape stand for them.

    >>> arrays = {}
    >>> packed({"w": 2, "x": [np.ones((1, 2)), np.zeros(3)]}, arrays)
    {'w': 2, 'x': [{'array': ['float64', 0, [1, 2]]}, {'array': ['float64', 2, [3]]}]}
    """
    if isinstance(value, dict):
        return {name: packed(part, arrays) for name, part in value.items()}
    if isinstance(value, list):
        return [packed(part, arrays) for part in value]
    if isinstance(value, tuple):
        return {"tuple": [packed(part, arrays) for part in value]}
    if isinstance(value, Program):
        return {"program": [value.source, value.name]}
    if isinstance(value, np.ndarray | np.generic):
        parts = arrays.setdefault(value.dtype.name, [])
        place = sum(map(len, parts))
        parts.append(np.ravel(value))
        return {"array": [value.dtype.name, place, list(value.shape)]}
    return value


def unpacked(value, arrays):
    """The value that `packed` wrote; an array without axes is the number in it.

    >>> unpacked({"x": [{"array": ["int64", 1, [2]]}]}, {"int64": np.arange(5)})
    {'x': [array([1, 2])]}
    """
    if isinstance(value, list):
        return [unpacked(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(unpacked(part, arrays) for part in value["tuple"])
    if "program" in value:
        return Program(*value["program"])
    if "array" in value:
        kind, place, shape = value["array"]
        return arrays[kind][place : place + math.prod(shape)].reshape(shape).copy()[()]
    return {name: unpacked(part, arrays) for name, part in value.items()}
