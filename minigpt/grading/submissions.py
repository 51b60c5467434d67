"""What students handed in, found with care: notebooks in folders or a zip, and whose they are.

Nothing here runs a submission or follows it anywhere: links are refused, sizes are bounded, a zip is never unpacked.
Each student of the roster gets a `Submission` or the reason why there is none; nobody is dropped in silence.
"""

import os
import stat
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from minigpt.support.errors import InputError

LARGEST = 5_000_000  # bytes of a notebook; the homework has fewer than 20,000
MOST = 10_000  # entries of a zip


class Refused(Exception):
    """A submission that cannot be graded: why, for the instructor and the student."""


@dataclass(frozen=True)
class Submission:
    student: str
    name: str  # of the file, as it was handed in
    data: bytes


def collect(source, students):
    """{student: Submission, or Refused} for a folder or a zip, for every student of the roster; and what was left over.

    A notebook belongs to the student whose id is its name, or the name of a folder above it, or a part of either
    between underscores (`mueller_anna_4711_assignsubmission_file/homework.ipynb`, as learning platforms name them).
    """
    source = Path(source)
    if source.is_dir():
        entries = {str(p.relative_to(source)): p for p in sorted(source.rglob("*")) if is_notebook(p.name)}
        read = read_file
    elif zipfile.is_zipfile(source):
        archive = open_zip(source)
        entries = {info.filename: info for info in archive.infolist() if is_notebook(info.filename)}

        def read(info):
            return read_member(archive, info)
    else:
        raise InputError(f"{source} is neither a folder nor a zip; name what the learning platform gave you")
    owners = {name: owner_of(name, students) for name in entries if not hidden(name)}
    found = {}
    for student in students:
        mine = [name for name, owner in owners.items() if owner == student]
        try:
            if len(mine) != 1:
                raise Refused(f"{len(mine)} notebooks: {', '.join(mine)[:200]}" if mine else "nothing handed in")
            found[student] = Submission(student, mine[0], read(entries[mine[0]]))
        except Refused as reason:
            found[student] = reason
    return found, [name for name, owner in owners.items() if owner is None]


def open_zip(path):
    """A zip, if its list of entries can be read and is not too long."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise InputError(f"{path} is a damaged zip ({error}); fetch it again") from None
    if len(archive.infolist()) > MOST:
        raise InputError(f"{path} has {len(archive.infolist()):,} entries, at most {MOST:,} are read; cut it in parts")
    return archive


def is_notebook(name):
    return name.lower().endswith(".ipynb")


def parts_of(name):
    """The folders and the file of a path, as Windows, macOS or Linux wrote it, without `.ipynb`.

    >>> parts_of("anna\\\\Homework.IPYNB")
    ['anna', 'Homework']
    """
    parts = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    return [part[: -len(".ipynb")] if is_notebook(part) else part for part in parts]


def hidden(name):
    """A copy that an editor or a system keeps, such as .ipynb_checkpoints/homework.ipynb."""
    return any(part.startswith(".") and part != ".." for part in parts_of(name))


def owner_of(name, students):
    """The one student that a path names; None if it is nobody or more than one.

    >>> owner_of("anna_b_4711_file/homework.ipynb", ["anna", "anna_b"])
    'anna_b'
    """
    parts = parts_of(name)
    whole = {part for part in parts if part in students}
    named = whole or {student for part in parts for student in named_in(part.split("_"), students)}
    return named.pop() if len(named) == 1 else None


def named_in(pieces, students):
    """The students whose ids stand in a name, as whole pieces between underscores, but not inside a longer id."""
    longest = 1 + max((student.count("_") for student in students), default=0)
    runs = [(i, j) for i in range(len(pieces)) for j in range(i + 1, min(i + longest, len(pieces)) + 1)]
    ids = {run: "_".join(pieces[slice(*run)]) for run in runs}
    known = [run for run in runs if ids[run] in students]
    return {ids[i, j] for i, j in known if not any(a <= i and j <= b and (a, b) != (i, j) for a, b in known)}


def read_file(path):
    """The bytes of a plain file: no link, soft or hard, no pipe, not too large.

    Raises:
        Refused: for anything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"the file cannot be opened ({error.strerror}); a link is not followed") from None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            raise Refused("not a plain file: a link, or something that is no file")
        if about.st_size > LARGEST:
            raise Refused(f"the file has {about.st_size:,} bytes; a notebook may have {LARGEST:,}")
        return file.read(LARGEST)


def read_member(archive, info):
    """The bytes of a zip's member, never more than LARGEST, whatever its header says."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused("a link, not a file")
    try:
        with archive.open(info) as file:
            data = file.read(LARGEST + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise Refused(f"damaged in the zip ({error})") from None
    if len(data) > LARGEST:
        raise Refused(f"the file has more than {LARGEST:,} bytes")
    return data
