"""What others wrote, as data: one visible line, cells that no spreadsheet runs, tables that Excel opens."""

import csv

from minigpt.support.files import replacing

LONGEST = 300  # characters of one cell


def shown(text, most=LONGEST):
    r"""A text as one line of characters that can be seen; all others by their codes.

    Control characters would move a terminal's cursor and forge lines, marks of direction would turn words round, and
    half a character, as a file name of another encoding has, ends the program that writes it.

    >>> shown("a\n2/3 b\x1b[2J \udcd5")
    'a\\n2/3 b\\x1b[2J \\udcd5'
    """
    told = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text)[: most + 1])
    return told if len(told) <= most else f"{told[: most - 4]} ..."


def plain(value):
    """A value for a cell: text in one visible line, and quoted where a spreadsheet would take it for a formula.

    >>> plain("=cmd()"), plain(" @x"), plain(3)
    ("'=cmd()", "' @x", 3)
    """
    if not isinstance(value, str):
        return value
    text = shown(value)
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@＝＋－＠") else text  # Excel takes wide signs too


def write_sheet(path, columns, rows):
    """Write dicts as a CSV table, whole or not at all; without rows it has its first line only.

    It begins with the byte order mark, without which Excel shows Chinese names as nonsense.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8-sig") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([plain(name) for name in columns])
        for row in rows:
            table.writerow([plain(row.get(name, "")) for name in columns])
