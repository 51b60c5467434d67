"""How far a long loop has come: a bar in a terminal, a line every half minute in a log."""

import sys

from tqdm import tqdm

LINE = "{desc}: {n_fmt} of {total_fmt} in {elapsed}, about {remaining} to go{postfix}"


class Lines:
    """A file for tqdm that begins a new line where tqdm would rewrite the old one."""

    def write(self, text):
        sys.stderr.write(text.replace("\r", "\n"))

    def flush(self):
        sys.stderr.flush()


def progress(steps, what, shown=True, **options):
    """`steps`, shown while they pass; nothing is shown if `shown` is False.

    >>> list(progress(range(3), "counting", shown=False))
    [0, 1, 2]
    """
    if not sys.stderr.isatty():
        options |= {"file": Lines(), "mininterval": 30, "maxinterval": 60, "bar_format": LINE, "leave": True}
    return tqdm(steps, what, disable=not shown, **options)
