"""Text larger than memory, as a stream of documents: none but the one that is read, and a block of its file, is held.

    .txt, and any other name   documents are separated by empty lines, as in `data/own.py`
    .jsonl, .parquet           a document a row, in one column
    .gz or .zst behind         unpacked on the way
    a folder                   all such files in it, in the order of their names

Parquet and .zst are read by pyarrow, which streams both and asks for nothing else; the library `datasets`, which could
read parquet too, needs it as well. At this size text is UTF-8: an encoding is guessed from a whole file only.
"""

import codecs
import gzip
import io
import itertools
import re
import zlib
from functools import cache
from pathlib import Path

from minigpt.data.own import check_text
from minigpt.data.table import json_rows
from minigpt.support.errors import InputError, note

LONGEST = 1_000_000  # characters of a document; a longer one is cut, so that a file without empty lines is never held
SAMPLE = 10_000_000  # characters that a vocabulary is learnt from
BLOCK = 1 << 20  # bytes read at once
PACKED = (".gz", ".zst")
KINDS = (".txt", ".jsonl", ".parquet")
SEPARATOR = re.compile(r"\n(?:[^\S\n]*\n)+")


def kind(path):
    """The ending of a file's name, without that of its packing.

    >>> kind(Path("books.jsonl.gz")), kind(Path("book.TXT"))
    ('.jsonl', '.txt')
    """
    path = Path(path.name.lower())
    return Path(path.stem).suffix if path.suffix in PACKED else path.suffix


def files(paths):
    """The files that `paths` name; of a folder, all with a known ending, by name.

    Raises:
        InputError: if one is missing, or a folder holds none.
    """
    found = []
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(f"{path} does not exist; check the path")
        inside = [p for p in path.rglob("*") if p.is_file() and kind(p) in KINDS and not p.name.startswith(".")]
        if path.is_dir() and not inside:
            raise InputError(f"{path} holds no file that ends in {', '.join(KINDS)}, or these with .gz or .zst")
        found += sorted(inside, key=Path.as_posix) if path.is_dir() else [path]
    return found


def documents(paths, column="text"):
    """The documents of files, one after the other; one of more than LONGEST characters is cut, and that is said.

    Args:
        paths: files, from `files`. column: where JSON lines and parquet have the text.
    Raises:
        InputError: naming the file and the byte or row: what came, what to do.
    """
    for path in paths:
        if kind(path) == ".parquet":
            texts = column_of(path, parquet_rows(path, column), column)
        elif kind(path) == ".jsonl":
            texts = column_of(path, json_rows(path, lines(decoded(path))), column)
        else:
            texts = paragraphs(decoded(path), path)
        parts = itertools.chain.from_iterable(cut(text, path) for text in texts)
        yield from filter(None, map(str.strip, parts))


def sample(texts, most=SAMPLE):
    """Every n-th of `texts`, n a power of 2, the smallest at which they have at most `most` characters together.

    Returns:
        the texts and n. Of texts that are read once, and whose number is not known before.

    >>> sample(["one", "two", "three", "four"], most=8)
    (['one', 'three'], 2)
    """
    kept, every, total = [], 1, 0
    for i, text in enumerate(texts):
        if i % every == 0:
            kept.append(text)
            total += len(text)
        while total > most and len(kept) > 1:
            kept, every = kept[::2], 2 * every
            total = sum(map(len, kept))
    return kept, every


def cut(text, path):
    """A text in parts of at most LONGEST characters, each ended by a line's end or a space if there is one."""
    start = 0
    while len(text) - start > LONGEST:
        end = start + LONGEST
        at = max(text.rfind(sign, start, end) for sign in "\n ") + 1
        end = at if at > start else end
        yield text[start:end]
        start = end
        say_cut(path)
    yield text[start:] if start else text


@cache
def say_cut(path):
    note(f"{path}: a document of more than {LONGEST:,} characters was cut there, at a line's end or a space")


def paragraphs(texts, path):
    """What stands between empty lines in a stream of text; what grows too long is cut on the way."""
    rest = ""
    for text in texts:
        *whole, rest = SEPARATOR.split(rest + text)
        *parts, rest = cut(rest, path)
        yield from itertools.chain(whole, parts)
    yield rest


def lines(texts):
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from whole
    yield rest


def column_of(path, rows, column):
    """The texts of a column; a row without text is passed over."""
    for where, row in rows:
        if column not in row:
            raise InputError(
                f"{path}, {where} has no column {column!r}; it has {', '.join(map(str, row))[:200]}; name the one that "
                "holds the text with --column"
            )
        if row[column] is not None and str(row[column]).strip():
            check_text(f"{path}, {where}", column, row[column])
            yield row[column]


# --- files -----------------------------------------------------------------------------------------------------------


def decoded(path):
    """A file as blocks of text, its lines ended by newlines."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    data, done = b"", 0  # bytes that are not decoded yet, and how many are
    for block in itertools.chain(blocks(path), [b""]):
        data += block
        try:
            text, n = codecs.utf_8_decode(data, "strict", not block)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path} is not UTF-8 ({error.reason} at byte {done + error.start}); save it as UTF-8"
            ) from None
        if "\0" in text:
            raise InputError(f"{path} holds a NUL character: it is no text; take it out of the corpus")
        text = text if done else text.removeprefix("\ufeff")
        data, done = data[n:], done + n
        yield newlines.decode(text, final=not block)


def blocks(path):
    """The bytes of a file, unpacked, BLOCK at a time."""
    name = path.name.lower()
    if name.endswith(".zst"):
        file = pyarrow().input_stream(str(path), compression="zstd")
    else:
        file = gzip.open(path) if name.endswith(".gz") else open(path, "rb")  # noqa: SIM115
    with file:
        try:
            while block := file.read(BLOCK):
                yield block
        except (EOFError, zlib.error, OSError) as error:
            raise InputError(f"{path} is damaged ({error}); fetch or pack it again") from None


def parquet_rows(path, column):
    """(where, {column: value}) of each row, a thousand at a time."""
    arrow = pyarrow()
    try:
        file = arrow.parquet.ParquetFile(path)
        names = file.schema_arrow.names
        batches = file.iter_batches(1000, columns=[column] if column in names else names)
        rows = itertools.chain.from_iterable(batch.to_pylist() for batch in batches)
        yield from ((f"row {number}", row) for number, row in enumerate(rows, start=1))
    except (OSError, ValueError, arrow.ArrowException) as error:
        raise InputError(f"{path} is damaged or no parquet file ({error}); fetch it again") from None


def pyarrow():
    """The library, when a file first needs it."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError('parquet and .zst need pyarrow: pip install pyarrow, or the extra "minigpt[corpus]"') from None
    return pyarrow
