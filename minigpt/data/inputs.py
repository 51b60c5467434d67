"""What a corpus was made of: the hash of each file, so that a changed one is noticed, and none is read for nothing."""

import hashlib

from minigpt.support.errors import InputError
from minigpt.support.identity import differences


def fingerprints(files, known=()):
    """Of each file its path, size in bytes, time of change in nanoseconds, and sha256.

    Args:
        known: earlier fingerprints. A file with the same path, size and time of change is taken to be the same, as
            `make` and `rsync` do; of any other the hash is computed again.
    """
    hashes = {(row["path"], row["bytes"], row["changed"]): row["sha256"] for row in known}
    rows = []
    for path in files:
        about = path.stat()
        row = {"path": str(path), "bytes": about.st_size, "changed": about.st_mtime_ns}
        rows.append(row | {"sha256": hashes.get(tuple(row.values())) or sha256(path)})
    return rows


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_others(saved, now, folder):
    """Refuse what is not the same text, read and encoded in the same way; files may have moved.

    Args:
        saved, now: {"files": fingerprints, "asked": settings}.
    Raises:
        InputError: naming the first difference.
    """
    cure = f"take another --out, or delete {folder} to encode the text again"
    for what, was, is_now in differences(saved["asked"], now["asked"]):
        raise InputError(f"{folder} was made with {what} {was}, now it is {is_now}; {cure}")
    was, is_now = ([row["sha256"] for row in which["files"]] for which in (saved, now))
    if len(was) != len(is_now):
        raise InputError(f"{folder} was made of {len(was)} files, now there are {len(is_now)}; {cure}")
    for row, old, new in zip(now["files"], was, is_now, strict=True):
        if old != new:
            raise InputError(f"{row['path']} is not what {folder} was made of: it has changed since; {cure}")
