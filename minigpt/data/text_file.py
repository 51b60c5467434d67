"""A person's file to text: UTF-8, or UTF-16 with its mark, or GBK, as Excel in China saves it; also gzipped.

GBK is a guess, so it is said, with a sample. What is no text is named, with the way out.
"""

import codecs
import gzip
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
