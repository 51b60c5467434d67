"""The files of a download, a folder or a zip, opened with care: nothing is unpacked, and no link is followed."""

import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from minigpt.data.text_file import as_gbk
from minigpt.support.errors import InputError

LARGEST = 5_000_000  # bytes of a notebook; the homework has fewer than 20,000
MOST = 100_000  # entries of a zip
DEEPEST = 30  # folders in folders


class Refused(Exception):
    """A submission that cannot be graded: why, for the instructor and the student."""


class Entry(NamedTuple):
    """A file of the download, or what stands in its place."""

    name: str
    parts: list
    read: Callable  # its bytes, or Refused
    time: str  # when the zip says it was written, as a text that sorts, or ""


def entries_of(source):
    """The files in a folder or a zip, sorted by name."""
    if source.is_dir():
        found = list(walked(source))
    elif zipfile.is_zipfile(source):
        archive = open_zip(source)
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]  # is_dir fails on no name
        found = [(member_name(i), partial(read_member, archive, i), member_time(i)) for i in infos]
    else:
        raise InputError(f"{source} is neither a folder nor a zip; name what the learning platform gave you")
    return sorted((Entry(name, parts, *rest) for name, *rest in found if (parts := parts_of(name))), key=lambda e: e[0])


def walked(folder):
    """(name, its reader, no time) of what is in a folder: a stack, as a student may nest a thousand folders."""
    waiting = [(folder, "", 1)]
    while waiting:
        place, above, depth = waiting.pop()
        try:
            with os.scandir(place) as inside:
                for item in inside:
                    name = above + readable(item.name)
                    if item.is_dir(follow_symlinks=False) and depth < DEEPEST:
                        waiting.append((item.path, f"{name}/", depth + 1))
                    else:
                        yield name, partial(read_file, item.path), ""
        except OSError as error:
            if place == folder:
                raise InputError(f"{folder} cannot be read ({error.strerror}); check its rights") from None
            yield above.rstrip("/"), partial(read_file, place), ""


def readable(name):
    """A file's name as text; bytes that are no UTF-8 may be Chinese in GBK.

    >>> readable(b"\\xd5\\xc5\\xc8\\xfd_4712".decode("utf-8", "surrogateescape"))
    '张三_4712'
    """
    raw = name.encode("utf-8", "surrogateescape")  # as the disk has it
    return decoded(raw, name)


def decoded(raw, otherwise):
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return as_gbk(raw) or otherwise


def member_name(info):
    """A zip member's name: UTF-8 if the zip says so or the bytes are such, else perhaps GBK, as Windows writes it."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    return decoded(info.filename.encode("cp437", "replace"), info.filename)  # which zipfile took it for


def member_time(info):
    """When a member was written; a zip that does not know says 1980."""
    return "-".join(f"{number:02}" for number in info.date_time) if info.date_time[0] > 1980 else ""


def open_zip(path):
    """A zip, if its list of entries can be read and is not too long."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # forged bytes raise many kinds
        raise InputError(f"{path} is a damaged zip ({error}); fetch it again") from None
    if len(archive.infolist()) > MOST:
        raise InputError(f"{path} has {len(archive.infolist()):,} entries, at most {MOST:,} are read; cut it in parts")
    return archive


def is_notebook(name):
    return name.lower().endswith(".ipynb")


def parts_of(name):
    """The folders and the file of a path, as Windows, macOS or Linux wrote it.

    >>> parts_of("anna\\\\Homework.IPYNB")
    ['anna', 'Homework.IPYNB']
    """
    parts = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    return [part for part in parts if part not in ("", ".", "..")]


def hidden(parts):
    """A copy that an editor or a system keeps, such as .ipynb_checkpoints/homework.ipynb."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


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
    except Exception as error:  # damaged, with a password, or of a kind that Python does not unpack: a dozen errors
        raise Refused(f"damaged in the zip ({type(error).__name__}: {error})") from None
    if len(data) > LARGEST:
        raise Refused(f"the file has more than {LARGEST:,} bytes")
    return data
