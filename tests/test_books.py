"""Lesson 00's curve on real text: books are read without what stands around them, and only numbers are written."""

import pytest

from minigpt.studies import books
from minigpt.support.errors import InputError

HEAD, FOOT = "*** START OF THIS PROJECT GUTENBERG EBOOK A ***\r\n", "*** END OF THIS PROJECT GUTENBERG EBOOK A ***\r\n"


def test_a_book_is_what_stands_between_the_marks(tmp_path):
    (tmp_path / "a.txt").write_bytes(
        b"\xef\xbb\xbfA licence.\r\n" + f"{HEAD}One  caf\u00e9.\r\nTwo.\r\n{FOOT}More".encode()
    )
    (tmp_path / "b.txt").write_bytes("No marks, caf\u00e9.".encode("latin-1"))
    assert books.read_book(tmp_path / "a.txt") == "One caf\u00e9. Two."
    assert books.read_book(tmp_path / "b.txt") == "No marks, caf\u00e9."


def test_the_curve_is_measured_on_other_books(tmp_path):
    with pytest.raises(InputError, match="at least 10 books"):
        books.pages(tmp_path)
    for n in range(10):
        (tmp_path / f"{n}.txt").write_text(f"{n} and what it says. " * 400)
    train, fresh = books.pages(tmp_path)
    assert {page[0] for page in fresh if page[1:4] == " an"} <= {"9"} and len(train) > 8 * len(fresh)
    assert not any("9" in page for page in train) and any("9" in page for page in fresh)


def test_the_table_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(books, "N_FRESH", 10)
    for n in range(10):
        (tmp_path / f"{n}.txt").write_text(f"{n} and what it says. " * 400)
    books.run_books(tmp_path, tmp_path / "a.csv", amounts=(500, 2_000), seeds=(0, 1), steps=3, d_model=8)
    amounts, loss = books.read_books(tmp_path / "a.csv")
    assert amounts == [500, 2_000] and loss.shape == (2, 2) and (loss > 0).all()
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "characters,seed,loss"
