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
    text = re.sub("\r\n?", "\n", decoded(data, path))
    if "\0" in text:
        raise InputError(f"{path} holds NUL characters: it is no text, or UTF-16 without its mark; save it as UTF-8")
    return text


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
    """The text, if it is likely to be Chinese: of its letters beyond ASCII nine in ten are Chinese characters.

    Bytes that are Japanese (Shift-JIS, EUC-JP) or Korean (EUC-KR) can be read as Chinese too. They are told apart by
    what is common there: hiragana, and Hangul, which takes the first half of the range of Chinese characters.
    """
    for other in ("shift_jis", "euc_jp"):
        read = data.decode(other, errors="ignore")
        if 5 * len(re.findall("[\u3040-\u309f]", read)) > len(re.findall(r"[^\x00-\x7f]", read)):
            return None
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    leads = [letter.encode("gb18030")[0] for letter in HAN.findall(text)]
    if len(leads) >= 10 and max(leads) <= 0xC8:
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
    rows = list(csv_rows(path, text, ending) if ending in ("csv", "tsv") else json_rows(path, text))
    if not rows:
        raise InputError(f"{path} is empty: it holds no example")
    return rows


def json_rows(path, text):
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=without_twins)
        except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
            whole = " (it is one JSON array, or an object over several lines)" if text.lstrip()[0] in "[{" else ""
            raise InputError(
                f"{path}, line {number} is not JSON: {short(error)}{whole}; each line is one JSON object, and a table "
                "must end in .csv or .tsv"
            ) from None
        if not isinstance(row, dict):
            raise InputError(
                f'{path}, line {number} is {short(row)}, not an object; write {{"column": value, ...}}, one a line'
            )
        yield f"line {number}", row


def without_twins(pairs):
    """A JSON object as a dict, if no key stands twice."""
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError(f"a key stands twice among {[key for key, _ in pairs]}")
    return row


def csv_rows(path, text, ending):
    """The rows of a table; of one with tabs also without quotes, where quotation marks would join cells or lines."""
    if text.lstrip().startswith("{"):
        raise InputError(f"{path} holds JSON lines, not a table: let its name end in .jsonl")
    first_line = text.partition("\n")[0]
    if "\t" in first_line and (ending == "tsv" or "," not in first_line):
        try:
            rows = list(separated(path, text, "\t", csv.QUOTE_MINIMAL))
        except InputError:
            rows = None
        if rows is None or any("\t" in cell or "\n" in cell for _, row in rows for cell in row.values()):
            rows = list(separated(path, text, "\t", csv.QUOTE_NONE))
        return rows
    rows = list(separated(path, text, ",", csv.QUOTE_MINIMAL))
    for where, row in rows:
        inside = [line for cell in row.values() for line in cell.split("\n")[1:] if line.count(",") >= len(row) - 1 > 0]
        if inside:
            note(f"{path}, {where}: a cell holds {len(inside)} lines that look like rows; is a quotation mark missing?")
    return rows


def separated(path, text, delimiter, quoting):
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may be as long as the file
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
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
            header = checked_header(path, without_empty_end([cell.strip().lower() for cell in cells], 1))
            continue
        cells = without_empty_end(cells, len(header))
        if len(cells) != len(header):
            cure = "is a cell missing?" if len(cells) < len(header) else "put texts that hold the separator in quotes"
            raise InputError(f"{path}, {where} has {len(cells)} cells, the header {len(header)}; {cure}")
        yield where, dict(zip(header, cells, strict=True))


def without_empty_end(cells, least):
    """Without the empty cells at the end, behind the first `least`: Excel writes as many as it once had columns."""
    n = len(cells)
    while n > least and not cells[n - 1].strip():
        n -= 1
    return cells[:n]


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
