"""One kind of error for whatever a user gives: what came, what is allowed, what to do."""


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
