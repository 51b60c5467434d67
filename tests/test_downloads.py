"""Whose a file is: the layout decides where the id stands, and no name that a student gave is believed over it."""

import csv
import os
import subprocess
import zipfile

import pytest
from school import grade, hand_in, notebook

from minigpt.grading import download
from minigpt.grading.download import Refused
from minigpt.grading.submissions import collect

IDS = ["4712", "4713", "4714"]


def owners(tmp_path, names, students=IDS, keys=None, **options):
    """{file: its student} as `collect` finds them in a folder, those refused for two files under "?"."""
    hand_in(tmp_path / "in", dict.fromkeys(names, b"{}"))
    found = collect(tmp_path / "in", students, keys, **options).found
    return {s: f.name if not isinstance(f, Refused) else str(f) for s, f in found.items()}


PLATFORMS = {  # what the platforms write: the name of a file of the student 4712, who called it `{}`
    "Moodle, folders": "Ann Li_4712_assignsubmission_file/{}",
    "Moodle, folders of old": "Ann Li_4712_assignsubmission_file_/{}",
    "Moodle, flat": "Ann Li_4712_assignsubmission_file_{}",
    "Moodle, blind": "Participant_4712_assignsubmission_file_/{}",
    "Canvas": "liann_4712_90001_{}",
    "Canvas, late": "liann_LATE_4712_90001_{}",
    "Blackboard": "Homework 2_4712_attempt_2026-03-01-10-20-30_{}",
    "folder": "4712/{}",
    "nbgrader": "4712/homework_02/{}",
    "within a folder": "submissions/4712/{}",
}
NAMED = ["homework.ipynb", "4714.ipynb", "4713_assignsubmission_file_x.ipynb", "a_4713_90002_x.ipynb"]
NAMED += ["H_4713_attempt_2026-03-01-10-20-30_x.ipynb", "4713_4714.ipynb", "HW.IPYNB", "\u202egnp.ipynb"]


@pytest.mark.parametrize("called", NAMED)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_student_names_a_file_changes_nothing(tmp_path, platform, called):
    """4712 names a file after another; the row of nobody else changes, and 4712 has it, or nobody."""
    theirs = PLATFORMS[platform]
    other = {"4713": theirs.replace("4712", "4713").format("homework.ipynb")}
    found = owners(tmp_path, [theirs.format(called), *other.values()])
    assert found["4713"] == other["4713"] and found["4714"].startswith("nothing handed in")
    mine = found["4712"]
    ambiguous = platform.startswith("Canvas") and "_4713_9" in f"_{called}"
    assert mine.startswith("nothing") if ambiguous else "4712" in mine and "nothing" not in mine


def test_a_homeworks_number_is_nobodys_id(tmp_path):
    found = owners(tmp_path, ["01/homework_02.ipynb", "03.ipynb", "02/homework_02.ipynb"], ["01", "02", "03"])
    assert found == {"01": "01/homework_02.ipynb", "02": "02/homework_02.ipynb", "03": "03.ipynb"}


def test_an_id_beside_anothers_name_is_not_looked_for(tmp_path):
    """The name, which some sites let students change, is "4712"; the number is the platform's."""
    found = owners(tmp_path, ["4712_4713_assignsubmission_file_/h.ipynb", "B_4714_assignsubmission_file_/h.ipynb"])
    assert found["4713"].startswith("4712_4713") and found["4712"] == "nothing handed in"


def test_a_team_without_a_number_is_nobody(tmp_path):
    """Found by the fuzz: the number was looked for behind the first `_assignsubmission_` as well."""
    names = ["Default_assignsubmission_file_4712_assignsubmission_file_h.ipynb"]
    names += [f"N_{n}_assignsubmission_file_h.ipynb" for n in ("4713", "4714")]
    assert owners(tmp_path, names)["4712"] == "nothing handed in"


def test_a_strangers_folder_gives_nothing_to_anybody(tmp_path):
    names = ["stranger/4712/h.ipynb", "stranger/4713.ipynb", "4712/h.ipynb"]
    hand_in(tmp_path / "in", dict.fromkeys(names, b"{}"))
    found, unmatched, _ = collect(tmp_path / "in", IDS)
    assert found["4712"].name == "4712/h.ipynb" and isinstance(found["4713"], Refused)
    assert {row["reason"] for row in unmatched} == {"no student of the roster"} and len(unmatched) == 2


def test_a_canvas_name_with_a_number_in_it_is_left_to_people(tmp_path):
    names = ["x_4712_4713_90001_h.ipynb", "li_4714_90002_h.ipynb"]  # the user 4713 calls themselves x_4712
    found = owners(tmp_path, names)
    assert found["4712"] == found["4713"] == "nothing handed in" and found["4714"] == names[1]


def test_a_strangers_canvas_file_that_begins_with_numbers_is_nobodys(tmp_path):
    names = ["li_9999_90001_4712_5_h.ipynb", "lu_4713_90002_h.ipynb", "le_4714_90003_h.ipynb"]
    assert owners(tmp_path, names)["4712"] == "nothing handed in"


def test_an_anonymous_canvas_file_is_nobodys(tmp_path):
    """Found by the fuzz: it has one number of Canvas's, and the next two were the student's."""
    names = ["anon_x7Ka2_90001_x_4712_5_h.ipynb", "lu_4713_90002_h.ipynb", "le_4714_90003_h.ipynb"]
    assert owners(tmp_path, names)["4712"] == "nothing handed in"


def test_a_blackboard_id_with_underscores(tmp_path):
    stamp = "attempt_2026-03-01-10-20-30"
    found = owners(tmp_path, [f"H_2_ann_b_{stamp}_h.ipynb", f"H_2_ann_{stamp}_h.ipynb"], ["ann", "ann_b"])
    assert found == {"ann": f"H_2_ann_{stamp}_h.ipynb", "ann_b": f"H_2_ann_b_{stamp}_h.ipynb"}
    assert "nothing" in owners(tmp_path / "2", [f"H_ann_b_{stamp}_h.ipynb"], ["b", "ann_b"])["b"]  # may be either's


def test_another_column_of_the_roster_may_be_the_key(tmp_path):
    """Moodle's number is no student's id; its grading worksheet has both."""
    roster = "student,Identifier,Full name\na1,Participant 4712,Ann\nb2,Participant 4713,Ben\n"
    hand_in(tmp_path / "in", {"Ann_4712_assignsubmission_file_/h.ipynb": notebook()})
    said = []
    rows = grade(tmp_path, roster, say=said.append)
    assert [row["score"] for row in rows] == [13, ""] and rows[0]["full name"] == "Ann"
    assert said[0] == "layout: Moodle; students are named by the roster's column identifier"


@pytest.mark.parametrize("stamps", [("2026-03-01-10-20-30", "2026-03-02-09-00-00")])
def test_two_attempts(tmp_path, stamps):
    names = [f"H_4712_attempt_{stamp}_{n}.ipynb" for n, stamp in zip("ba", stamps, strict=True)]
    refused = owners(tmp_path, names)["4712"]
    assert refused.startswith("2 notebooks") and all(name in refused for name in names) and "--latest" in refused
    assert owners(tmp_path, names, latest=True)["4712"] == names[1]


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, time, data in members:
            archive.writestr(zipfile.ZipInfo(name, time), data)
    return path


def test_two_attempts_by_the_time_in_the_zip(tmp_path):
    old, new = (2026, 3, 1, 10, 0, 0), (2026, 3, 2, 9, 0, 0)
    both = [("4712/b.ipynb", new, "{}"), ("4712/a.ipynb", old, "{}")]
    found, unmatched, _ = collect(zipped(tmp_path / "a.zip", both), IDS, latest=True)
    assert found["4712"].name == "4712/b.ipynb"
    assert unmatched == [{"file": "4712/a.ipynb", "student": "4712", "reason": "not taken"}]
    same = [("4712/b.ipynb", new, "{}"), ("4712/b.ipynb", new, "[]")]  # twice the same name, too
    with pytest.warns(UserWarning, match="Duplicate"):
        path = zipped(tmp_path / "b.zip", same)
    assert "no time of the platform" in str(collect(path, IDS, latest=True).found["4712"])
    hand_in(tmp_path / "in", {"4712/a.ipynb": b"{}", "4712/b.ipynb": b"{}"})  # a folder's times say nothing
    assert "no time of the platform" in str(collect(tmp_path / "in", IDS, latest=True).found["4712"])


def test_a_course_folder_of_nbgrader_holds_all_homework(tmp_path):
    names = [f"submitted/4712/homework_{n}/homework_{n}.ipynb" for n in ("01", "02", "03")]
    assert owners(tmp_path, names, homework="02")["4712"] == names[1]
    assert "3 notebooks" in owners(tmp_path, names)["4712"]


def test_what_is_not_taken_is_listed_with_the_reason(tmp_path):
    files = ["4712/README.py", "4712/h.ipynb.txt", "4713/all.zip", "nobody/h.ipynb", "4714/h.IPYNB", "note"]
    hand_in(tmp_path / "in", dict.fromkeys(files, b"{}"))
    rows = grade(tmp_path, IDS)
    assert "nothing handed in but: 4712/README.py is no notebook" in rows[0]["status"]
    assert "must end in .ipynb, not in .txt" in rows[0]["status"] and "archive" in rows[1]["status"]
    with open(tmp_path / "out" / "unmatched.csv", newline="", encoding="utf-8-sig") as file:
        listed = {row["file"]: row for row in csv.DictReader(file)}
    assert set(listed) == {*files} - {"4714/h.IPYNB"}
    assert listed["nobody/h.ipynb"]["reason"] == "no student of the roster"
    assert listed["4713/all.zip"]["student"] == "4713"


def test_names_in_the_bytes_of_gbk(tmp_path):
    """A folder of an old Windows: it is read as Chinese, and two notebooks in it are told, not a crash."""
    folder = os.fsencode(tmp_path / "in") + b"/" + "张三丰_4712_assignsubmission_file_".encode("gbk")
    os.makedirs(folder)
    for name in (b"a.ipynb", b"b\xff.ipynb"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(notebook())
    row = grade(tmp_path, ["4712"])[0]
    assert row["status"].startswith("not graded: 2 notebooks: 张三丰_4712") and "\\udcff" in row["status"]
    member = zipfile.ZipInfo("张三丰_4712_assignsubmission_file_/a.ipynb".encode("gbk").decode("cp437"))
    member.flag_bits = 0
    assert download.member_name(member) == "张三丰_4712_assignsubmission_file_/a.ipynb"


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_member_costs_its_own_student_only(tmp_path, kind):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("4712/h.ipynb", notebook())
        archive.writestr("4713/h.ipynb", os.urandom(3000))
        archive.writestr("4714/h.ipynb", notebook())
        begin = archive.infolist()[1].header_offset
    raw = bytearray(path.read_bytes())
    for n in range(begin + 60, begin + 2500):
        raw[n] ^= 0xA5
    path.write_bytes(raw)
    rows = grade(tmp_path, IDS, path)
    assert [row["score"] for row in rows] == [13, "", 13]
    assert rows[1]["status"].startswith("not graded: damaged in the zip (")


def test_a_member_without_a_name_stops_nobody(tmp_path):
    """Found by the fuzz: zipfile's own `is_dir` raises IndexError."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("\0"), b"x")
        archive.writestr("4712/h.ipynb", notebook())
    assert grade(tmp_path, ["4712"], tmp_path / "all.zip")[0]["score"] == 13


def test_a_thousand_folders_in_each_other(tmp_path):
    place = tmp_path / "in" / "4712"
    place.mkdir(parents=True)
    here = os.open(place, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    hand_in(tmp_path / "in", {"4713/h.ipynb": notebook()})
    try:
        assert [row["score"] for row in grade(tmp_path, ["4712", "4713"])] == ["", 13]
    finally:
        subprocess.run(["rm", "-r", place], check=True)  # pytest, which tidies up, would not get to its end


def test_a_link_to_the_folder_of_another_is_not_followed(tmp_path):
    hand_in(tmp_path / "in", {"4713/h.ipynb": notebook()})
    os.symlink(tmp_path / "in" / "4713", tmp_path / "in" / "4712")
    assert [row["score"] for row in grade(tmp_path, ["4712", "4713"])] == ["", 13]
