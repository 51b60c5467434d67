"""How far a long loop has come: a bar in a terminal, a line every half minute in a log."""

import contextlib
import sys

from tqdm import tqdm

LINE = "{desc}: {n_fmt} of {total_fmt} in {elapsed}, about {remaining} to go{postfix}"


class Lines:
    """A file for tqdm that writes a line where tqdm would write over the last one."""

    def write(self, text):
        with contextlib.suppress(OSError):  # a full disk behind a log ends no training
            if text.strip():
                sys.stderr.write(text.strip() + "\n")

    def flush(self):
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def progress(steps, what, shown=True, **options):
    """`steps`, shown while they pass; nothing is shown if `shown` is False.

    >>> list(progress(range(3), "counting", shown=False))
    [0, 1, 2]
    """
    if not sys.stderr.isatty():
        options |= {"file": Lines(), "mininterval": 30, "maxinterval": 60, "bar_format": LINE, "leave": True}
    return tqdm(steps, what, disable=not shown, **options)
