"""Is an answer right? One comparison, for the student's own check and for the grade.

    right  <=>  in every case the same shapes, real numbers, none of them nan, |found - wanted| <= atol + rtol |wanted|

Where many answers are right there is nothing to compare with: `verify` looks for what is wrong with this one.
The first difference is told with shapes and numbers; if the numbers are those of a known mistake, its hint too.
"""

from dataclasses import dataclass

import numpy as np

from minigpt.grading.kinds import all_right, caught, is_panel, missed
from minigpt.grading.question import Program
from minigpt.grading.verify import VERIFY

SMALL = 8  # numbers of an array that are shown rather than its shape
NOTHING = "nothing was returned, or no numbers"


@dataclass(frozen=True)
class Verdict:
    right: bool
    message: str
    hint: str = ""
    part: tuple[int, int] = (0, 1)  # of an answer that is not right: how much of it, out of how much


def judge(check, outputs, student=None):
    """Compare `outputs`, what the student's function returned for each of `check.cases`.

    Args:
        check: a question's numbers, `question.Check`.
        outputs: a list, one a case; a case that is missing stands as None.
        student: the id, for a question whose numbers are each student's own; None where nobody knows it.
    """
    n_cases = len(check.cases)
    if is_panel(check) and all(as_parts(found) is not None for found in outputs):
        pairs = enumerate(zip(outputs, check.wanted, strict=True))
        wrong = [n for n, (found, wanted) in pairs if difference(found, wanted, check)]
        if wrong:
            return Verdict(False, missed(check, wrong), hint_for(check, outputs), caught(check, wrong))
        return Verdict(True, all_right(check))
    for n, (found, wanted) in enumerate(zip(outputs, check.wanted, strict=True)):
        if check.verify:
            differs, hint = verified(check, check.cases[n], found, student)
        else:
            differs, hint = difference(found, wanted, check), ""
        if differs:
            told = f"case {n} of 0 to {n_cases - 1}: {differs}; inputs {shown(check.cases[n])}"
            return Verdict(False, told, hint or hint_for(check, outputs))
    return Verdict(True, f"right in {n_cases} case{'s' * (n_cases > 1)}")


def mark(check, answer, student=None):
    """A question's points, verdict and hint; an answer that is right in part gets whole points, rounded down."""
    marked = {"id": check.id, "function": check.function, "of": check.points, "points": 0, "hint": ""}
    if answer.status != "done":
        blank = answer.status == "error" and "NotImplementedError" in answer.note
        note = answer.note.encode("utf-8", "backslashreplace").decode()  # no half of a character goes into a file
        return marked | {"status": "not answered" if blank else answer.status, "message": note}
    verdict = judge(check, answer.outputs, student)
    some, of = (1, 1) if verdict.right else verdict.part
    points = check.points * some // of
    return marked | {
        "points": points,
        "status": "right" if verdict.right else "partly right" if points else "wrong",
        "message": verdict.message,
        "hint": verdict.hint,
    }


def verified(check, arguments, found, student):
    """What `check.verify` has to say against a result, and its hint; two empty texts if nothing."""
    if isinstance(found, list) and not arguments:
        found = tuple(found)  # an experiment's results, which are never one array
    parts = as_parts(found)
    if parts is None:
        return NOTHING, ""
    return VERIFY[check.verify](arguments, parts, student) or ("", "")


def hint_for(check, outputs):
    """The hint of the known mistake whose numbers these are in every case; else nothing."""
    for mistake in check.known:
        if not any(difference(found, theirs, check) for found, theirs in zip(outputs, mistake.results, strict=True)):
            return mistake.hint
    return ""


def difference(found, wanted, check):
    """What is wrong with `found`, in words; None if nothing is."""
    if isinstance(found, list) and isinstance(wanted, tuple):
        return "a list was returned; return a tuple"
    wanted_as_given, found, wanted = wanted, as_parts(found), as_parts(wanted)
    if found is None:
        return NOTHING
    if len(found) != len(wanted):
        return f"{len(found)} of {len(wanted)} values were returned"
    for place, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        name = f"returned value {place + 1} of {len(wanted)}" if len(wanted) > 1 else "the result"
        if ours.shape != theirs.shape:
            return f"{name} has shape {ours.shape}, it should have {theirs.shape}"
        if theirs.dtype.kind in "iu" and ours.dtype.kind == "f":
            return f"{name} is {ours.dtype}, it should be whole numbers: ids and counts index arrays, floats do not"
        ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
        apart = ~np.isclose(ours, theirs, rtol=check.rtol, atol=check.atol)  # nan is never close
        if apart.any():
            at = tuple(int(i) for i in np.argwhere(apart)[0])
            where = f" at {list(at)}" if at else ""
            value, right = (
                "nan (an overflow, or 0 / 0)" if np.isnan(ours[at]) else f"{ours[at]:.6g}",
                f"{theirs[at]:.6g}",
            )
            if isinstance(wanted_as_given, bool):
                value, right = bool(ours[at]), wanted_as_given
            return f"{name}{where} is {value}, it should be {right} ({apart.sum()} of {apart.size} differ)"
    return None


def as_parts(value):
    """A result as a list of arrays, one for each member of a tuple; None if it is not numbers."""
    parts = []
    for part in value if isinstance(value, tuple) else (value,):
        try:
            array = np.asarray(part)
        except (ValueError, TypeError):  # a ragged list
            return None
        if array.dtype.kind not in "fiub":
            return None
        parts.append(array)
    return parts


def shown(arguments):
    """Arguments in words: small arrays and numbers by value, larger arrays by shape.

    >>> shown({"q": np.zeros((7, 3)), "w": 4, "cap": 2.75, "sizes": [np.ones(2), np.ones((4, 5))]})
    'q (7, 3), w = 4, cap = 2.75, sizes = [[1.0, 1.0], (4, 5)]'
    """
    told = []
    for name, x in arguments.items():
        large = isinstance(x, np.ndarray) and x.size > SMALL
        told.append(f"{name} {x.shape}" if large else f"{name} = {value_of(x)}")
    return ", ".join(told)


def value_of(x):
    if isinstance(x, list):
        return "[" + ", ".join(value_of(part) for part in x) + "]"
    if isinstance(x, Program):
        return x.name
    if isinstance(x, np.ndarray):
        return str(x.shape) if x.size > SMALL else str(np.round(x, 4).tolist())
    return f"{x:.4g}" if isinstance(x, float) else repr(x)
