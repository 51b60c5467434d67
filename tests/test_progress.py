"""Progress in a log: whole lines, few of them, and nothing where nothing is asked for."""

import re

from minigpt.support.progress import progress


def test_a_log_has_whole_lines(capsys):
    """No terminal here: one line at the start and one at the end, none written over another."""
    assert list(progress(range(2_000), "reading")) == list(range(2_000))
    told = capsys.readouterr().err
    assert "\r" not in told and told.endswith("\n") and 1 <= len(told.splitlines()) <= 3
    assert re.match(r"reading: 0 of 2000 in 00:00", told)


def test_a_terminal_has_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    list(progress(range(3), "reading"))
    assert "\r" in capsys.readouterr().err


def test_silence(capsys):
    assert list(progress(range(3), "reading", shown=False)) == [0, 1, 2] and capsys.readouterr().err == ""
