"""One kind of error for whatever a user gives: what came, what is allowed, what to do."""

import contextlib
import sys
from numbers import Integral


class InputError(ValueError):
    """Something a user gave cannot be used: the value, what is allowed, what to do."""


def require(allowed, name, value, rule):
    """Refuse a setting that is not `allowed`; `rule` says what is.

    >>> require(0 >= 1, "epochs", 0, "a whole number from 1")
    Traceback (most recent call last):
    minigpt.support.errors.InputError: epochs is 0; it must be a whole number from 1
    """
    if not allowed:
        raise InputError(f"{name} is {value!r}; it must be {rule}")


def require_whole(name, value, least=1, most=None):
    """Refuse what is not a whole number from `least` to `most`: 2.5 steps would fail later, and elsewhere.

    >>> require_whole("steps", 2.5)
    Traceback (most recent call last):
    minigpt.support.errors.InputError: steps is 2.5; it must be a whole number from 1
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    rule = f"a whole number from {least}" + (f" to {most}" if most is not None else "")
    require(whole and least <= value and (most is None or value <= most), name, value, rule)


def require_seed(value):
    """Refuse what PyTorch's generators do not take, or would not after a small number is added."""
    require_whole("seed", value, least=0, most=2**62)


def note(line):
    """Say something that a person should know, and that stops nothing: one line on standard error."""
    with contextlib.suppress(OSError):  # a full disk behind a log
        print(f"minigpt: note: {line}", file=sys.stderr)
