"""A person's table to rows, each with the line where it begins: JSON lines, CSV or TSV.

Reading is strict: a quotation mark that is not closed would swallow the rows behind it without a word.
"""

import csv
import io
import json

from minigpt.data.text_file import read_text
from minigpt.support.errors import InputError, note


def read_rows(path):
    """[(where, {column: value})], by the name's ending: .csv and .tsv are tables, all else is JSON lines.

    Raises:
        InputError: naming file and line: what came, what is allowed.
    """
    text = read_text(path)
    ending = str(path).lower().removesuffix(".gz").rpartition(".")[2]
    rows = list(csv_rows(path, text, ending) if ending in ("csv", "tsv") else json_rows(path, text.split("\n")))
    if not rows:
        raise InputError(f"{path} is empty: it holds no example")
    return rows


def json_rows(path, lines):
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=without_twins)
        except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
            several = line.strip() in ("{", "[") or line.lstrip().startswith("[")
            whole = " (it is one JSON array, or an object over several lines)" if several else ""
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
