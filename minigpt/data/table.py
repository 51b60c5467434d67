"""A person's file to rows, each with the line where it begins: JSON lines, CSV or TSV, plain or gzipped.

Text is UTF-8, or UTF-16 with its mark, or GBK, as Excel in China saves it; the last is said, since it is a guess.
Reading is strict: a quotation mark that is not closed would swallow the rows behind it without a word.
"""

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from pathlib import Path

from minigpt.support.errors import InputError, note

HAN = re.compile("[\u4e00-\u9fff]")
BINARY = {  # how files begin that are no text: what they are, and the way out
    b"PK\x03\x04": "a zip archive; unpack it, and name the file inside",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; in Excel, save it as CSV UTF-8, and give that file",
    b"%PDF": "a PDF; copy its text into a .txt file",
}


def read_bytes(path):
    """The file's bytes, unpacked where it is gzipped."""
    try:
        data = Path(path).read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name a file in it") from None
    except NotADirectoryError:
        raise InputError(f"{path} does not exist: a part of it is a file, not a folder; check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); fetch or pack it again") from None


def read_text(path):
    """The file's text, its lines ended by newlines.

    Raises:
        InputError: if it is missing, a folder, no text, or of another encoding.
    """
    data = read_bytes(path)
    if data.startswith(b"PK") and (b"xl/" in data or str(path).lower().endswith((".xlsx", ".xlsm"))):
        raise InputError(f"{path} is an Excel workbook; in Excel, save it as CSV UTF-8, and give that file")
    for start, what in BINARY.items():
        if data.startswith(start):
            raise InputError(f"{path} is {what}")
    return re.sub("\r\n?", "\n", decoded(data, path))


def decoded(data, path):
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        text = as_gbk(data)
        if text is None:
            raise InputError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from None
    sample = "".join(re.findall(f"{HAN.pattern}+", text))[:12]
    note(f"{path} is not UTF-8; read as GBK it holds {sample!r}: if that looks wrong, save the file as UTF-8")
    return text


def as_gbk(data):
    """The text, if it is likely to be Chinese: of its letters beyond ASCII nine in ten are Chinese characters."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    others = [letter for letter in text if letter.isalpha() and not letter.isascii()]
    pairs = len(re.findall(f"{HAN.pattern}{HAN.pattern}", text))  # a western text has its accents one at a time
    return text if others and len(HAN.findall(text)) >= 0.9 * len(others) and pairs >= 0.2 * len(others) else None


def read_rows(path):
    """[(where, {column: value})], by the name's ending: .csv and .tsv are tables, all else is JSON lines.

    Raises:
        InputError: naming file and line: what came, what is allowed.
    """
    text = read_text(path)
    ending = str(path).lower().removesuffix(".gz").rpartition(".")[2]
    rows = list(csv_rows(path, text) if ending in ("csv", "tsv") else json_rows(path, text))
    if not rows:
        raise InputError(f"{path} is empty: it holds no example")
    return rows


def json_rows(path, text):
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
            raise InputError(
                f"{path}, line {number} is not JSON ({short(error)}); each line is one JSON object; a table must end "
                "in .csv or .tsv"
            ) from None
        if not isinstance(row, dict):
            raise InputError(
                f'{path}, line {number} is {short(row)}, not an object; write {{"column": value, ...}}, one a line'
            )
        yield f"line {number}", row


def csv_rows(path, text):
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may be as long as the file
    first_line = text.partition("\n")[0]
    by_tab = "\t" in first_line and "," not in first_line
    table = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if by_tab else ",", strict=True)
    header, begins = None, 1
    while True:
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            open_still = "unexpected end" in str(error)
            raise InputError(
                f"{path}, line {begins}: a quotation mark "
                + ("opens in this row and is never closed" if open_still else "closes in this row before the text ends")
                + '; put the whole text in quotes, and double those inside: "She said ""yes"""'
            ) from None
        where, begins = f"line {begins}", table.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = checked_header(path, [cell.strip() for cell in cells])
        elif len(cells) != len(header):
            raise InputError(
                f"{path}, {where} has {len(cells)} cells, the header {len(header)}; put texts with "
                f"{'tabs' if by_tab else 'commas'} in quotes"
            )
        else:
            yield where, dict(zip(header, cells, strict=True))


def checked_header(path, header):
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"{path} is separated by semicolons; save it with commas")
    if len(set(header)) < len(header):
        raise InputError(f"{path} has a column twice: {', '.join(header)}; keep one")
    return header


def short(value, most=60):
    """A value, or an error, for one line: the beginning of a long one.

    >>> short("x" * 100, most=5)
    "'xxxx ..."
    """
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= most else f"{text[:most]} ..."
