"""Files that are whole or not there: written beside their place and renamed, so that a crash leaves the old one."""

import csv
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from minigpt.support.errors import InputError


@contextmanager
def replacing(path):
    """Yield a temporary path beside `path`; rename it to `path` if the block ends well.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['note.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())  # on disk before the name points to it
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path):
    """Delete what a killed process left of writing `path`: the files that `replacing` made beside it."""
    path = Path(path)
    for leftover in path.parent.glob(f".{path.name}.????????{path.suffix}"):
        leftover.unlink(missing_ok=True)


def write_json(path, value):
    """Write `value` as JSON that people can read; the file is whole or not there.

    Raises:
        InputError: if a number in it is not finite: JSON has none such.
    """
    try:
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InputError(f"{path} would hold a number that is not finite ({error}); it was not written") from None
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path):
    """Read JSON.

    Raises:
        InputError: if the file is missing, or is not JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the folder's name") from None
    except (ValueError, RecursionError) as error:  # also half a character, or ten thousand brackets
        raise InputError(f"{path} is not JSON ({error}); restore it, or write it again") from None


def write_csv(path, rows):
    """Write a list of dicts with the same keys as a CSV table; the file is whole or not there."""
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
