"""A roster as spreadsheets and learning platforms write it is read, or an error says what was found and what to do."""

import sys
import unicodedata

import openpyxl
import pytest

from minigpt.grading.roster import read_roster
from minigpt.support.errors import InputError

TWO = ["a1", "b2"]
READ = {
    "plain": "student,name\na1,Ann\nb2,Ben\n",
    "upper case": "Student,Name\na1,Ann\nb2,Ben\n",
    "spaces": " student , name\na1 ,Ann\n b2,Ben\n",
    "Student ID": "Name,Student ID\nAnn,a1\nBen,b2\n",
    "student_id": "Name,student_id\nAnn,a1\nBen,b2\n",
    "Chinese": "姓名,学号\n安,a1\n本,b2\n",
    "semicolons": "name;student\nAnn;a1\nBen;b2\n",
    "semicolons, with commas in names": 'name;student\n"Li, Ann";a1\nLu, Ben;b2\n',
    "tabs": "student\tname\na1\tAnn\nb2\tBen\n",
    "sep=": "sep=;\nstudent;name\na1;Ann\nb2;Ben\n",
    "sep=,": "sep=,\r\nstudent,name\r\na1,Ann\r\nb2,Ben\r\n",
    "mark": "\ufeffstudent,name\na1,Ann\nb2,Ben\n",
    "trailing commas": "student,name,,\na1,Ann,,\nb2,Ben,,\n,,,\n",
    "Canvas": 'Student,ID,Section\n    Points Possible,,\n"Li, Ann",a1,x\n"Lu, Ben",b2,x\n',
}


@pytest.mark.parametrize("kind", READ)
def test_rosters_that_are_read(tmp_path, kind):
    (tmp_path / "r.csv").write_text(READ[kind], encoding="utf-8", newline="")
    assert read_roster(tmp_path / "r.csv").students == TWO


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "r.csv").write_bytes("学号,姓名\na1,张三丰\nb2,李四光\n".encode(encoding))
    roster = read_roster(tmp_path / "r.csv")
    assert roster.students == TWO and roster.rows["a1"] == {"姓名": "张三丰"} and roster.column == "学号"


def test_moodles_grading_worksheet(tmp_path):
    head = "Identifier,Full name,ID number,Status\n"
    (tmp_path / "r.csv").write_text(head + "Participant 1001,Ann,a1,-\nParticipant 1002,Ben,,-\n")
    roster = read_roster(tmp_path / "r.csv")
    keys = roster.keys()
    assert roster.students == ["1001", "1002"] and keys["id number"] == {"a1": "1001"}
    assert "status" not in keys  # equal values name nobody


def test_a_workbook(tmp_path, monkeypatch):
    book = openpyxl.Workbook()
    for row in (["学号", "Name", None], [4712, "Ann", None], [4713.0, "Ben", None]):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    assert read_roster(tmp_path / "r.xlsx").students == ["4712", "4713"]
    (tmp_path / "bad.xlsx").write_bytes(b"PK\3\4nothing")
    with pytest.raises(InputError, match="damaged Excel workbook"):
        read_roster(tmp_path / "bad.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match="pip install openpyxl, or save it as CSV"):
        read_roster(tmp_path / "r.xlsx")


def test_names_in_two_characters_and_capitals_are_the_same(tmp_path):
    (tmp_path / "r.csv").write_text(unicodedata.normalize("NFD", "student\nMüller\n"), encoding="utf-8")
    roster = read_roster(tmp_path / "r.csv")
    assert roster.students == ["Müller"] and roster.keys() == {"student": {"müller": "Müller"}}


WRONG = {
    "name\nx\n": "no column `student`, .*: it has 'name'; name the column",
    "4712\n4713\n": "it has '4712'; name the column with the ids `student` in the first line",
    "student\na\na\n": "line 3: student 'a' stands twice",
    "student\nA\na\n": "line 3: student 'a' stands twice",
    "student,x\na,1\n,2\n": "line 3: student ''; an id has letters",
    "student\n../x\n": "letters",
    "student\n=cmd\n": "letters",
    "student\nAnn Li\n": "line 2: student 'Ann Li'; an id has letters",
    "": "no row",
    "student,x\na\n": "line 2 has 1 cells, the header 2",
    "student\n" + 101 * "a": "letters",
}


@pytest.mark.parametrize("text", WRONG)
def test_rosters_that_are_not(tmp_path, text):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError, match=WRONG[text]):
        read_roster(tmp_path / "r.csv")
