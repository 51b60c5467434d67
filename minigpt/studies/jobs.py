"""Long studies, job by job: each result is a line of a CSV as soon as it is there, and what was cut short goes on."""

import csv
from pathlib import Path

from minigpt.support.files import write_csv


def read_rows(path):
    """The lines of a CSV as dicts of text; none where there is no file yet."""
    if not Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(path, jobs, do):
    """Do every job that has no line in the CSV yet.

    Args:
        jobs: dicts of settings, the arguments of `do`, which returns a dict of results; a line holds both.
    """
    rows = read_rows(path)
    for job in jobs:
        if not any(all(row[name] == str(value) for name, value in job.items()) for row in rows):
            rows.append(job | do(**job))
            write_csv(path, rows)
