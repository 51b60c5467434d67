"""Figures that a run prints are those of stored runs: tables, and what README, docs and lessons take from them."""

import re
import sys
from pathlib import Path

import pytest

from minigpt.studies import jobs, ladder, reading
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.task_model import score

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import tables  # noqa: E402

PAGES = {path.name: path.read_text(encoding="utf-8") for path in tables.PAGES}


def stored(pattern):
    return [read_json(path) for path in sorted((ROOT / "docs" / "results").glob(f"{pattern}/metrics.json"))]


def filled(name, text, *folder):
    return tables.filled(text, *folder, chinese=name.endswith(".zh.md"))


@pytest.mark.parametrize("name", PAGES)
def test_tables_are_those_of_the_stored_runs(name):
    text = PAGES[name]
    assert tables.PLACE.findall(text) and filled(name, text) == text, f"the tables of {name} are old: make table"
    wrong = text.replace("| 90.2", "| 90.3")
    assert wrong != text == filled(name, wrong)


@pytest.mark.parametrize("page", tables.REAL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tables_of_real_text_are_those_of_the_stored_runs(page):
    assert tables.filled_page(page) == page.read_text(encoding="utf-8"), "the tables are old: make table"


def test_tasks_as_rows():
    whole = "| | trec | waimai |\n|---|---|---|\n| majority | 5.0 | 8.0 |"
    whole += "\n| pre-trained | 15.0 (5.0 to 15.0) | 9.0 (8.0 to 10.0) |"
    both = ["|  | majority | pre-trained |", "|---|---|---|"]
    both += ["| TREC (5) † | 5.0 | 15.0 (5.0 to 15.0) |", "| waimai (5) † | 8.0 | 9.0 (8.0 to 10.0) |"]
    assert tables.turned(whole).splitlines() == both
    assert tables.turned(whole, ["waimai"]).splitlines() == [*both[:2], both[3].replace(" †", "")]
    assert "| waimai 外卖评价 (5) |" in tables.in_chinese(tables.turned(whole, ["waimai"]))
    assert "| waimai 外卖评价 (5) † | 8.0 | 9.0（8.0 至 10.0） |" in tables.in_chinese(tables.turned(whole))


@pytest.mark.parametrize("name", PAGES)
def test_a_changed_run_is_noticed(name, tmp_path):
    runs = stored("toy-en-seed*")
    changed = {**runs[0], "tasks": {name: dict(row) for name, row in runs[0]["tasks"].items()}}
    arm = changed["tasks"]["entailment"]["pre-trained"]
    changed["tasks"]["entailment"]["pre-trained"] = arm | {"score": arm["score"] - 0.05}
    for place, run in enumerate([changed, *runs[1:]]):
        write_json(tmp_path / f"toy-en-seed{place}" / "metrics.json", run)
    for kind in ("real-en-seed", "real-zh-seed", "real-en-long"):
        for place, run in enumerate(stored(f"{kind}*")):
            write_json(tmp_path / f"{kind}{place}" / "metrics.json", run)
    assert filled(name, PAGES[name]) == PAGES[name] != filled(name, PAGES[name], tmp_path)


def test_a_row_that_is_not_there_is_named():
    text = "<!-- results: toy-en-seed*; rows: pre-trained, untrained -->\n<!-- end -->"
    with pytest.raises(InputError, match="no row 'untrained'; it has majority, "):
        tables.filled(text)


def test_chinese_tables_use_the_words_of_the_glossary():
    glossary = (ROOT / "chapters" / "GLOSSARY.md").read_text(encoding="utf-8")
    terms = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", glossary, re.MULTILINE))
    known = {name: words for name, words in tables.CHINESE.items() if name.replace("_", " ") in terms}
    assert {"single_text", "entailment", "multiple_choice", "bag of words"} <= known.keys()
    assert all(terms[name.replace("_", " ")] == words for name, words in known.items())


def test_texts_tell_the_stored_leads():
    """By how many points the plain body is ahead, over tasks and seeds; and its single texts beside the bare rule."""
    rows = [row for run in stored("toy-en-seed*") for row in run["tasks"].values()]
    ahead = [100 * row["leads"]["from scratch"]["lead"] for row in rows]
    words = [100 * row["leads"][arm]["lead"] for row in rows for arm in ("majority", "bag of words", "word pairs")]
    least, most = f"{min(ahead):.0f}", f"{max(ahead):.0f}"
    assert f"ahead by {least} to {most} points" in PAGES["README.md"]
    assert f"高出 {least} 至 {most} 个百分点" in PAGES["README.zh.md"]
    sentence = r"scratch by (\d+) to (\d+) points and of every baseline of words by (\d+) or more"
    said = re.search(sentence, PAGES["results.md"]).groups()
    assert said == (least, most, f"{min(words):.0f}") and min(words) >= int(said[2])
    single = [run["tasks"]["single_text"]["pre-trained"]["score"] for run in stored("toy-en-seed*")]
    percent = f"{100 * sum(single) / len(single):.0f}%"
    assert f"more than the model's {percent}" in PAGES["README.md"] and f"高于模型的 {percent}" in PAGES["README.zh.md"]


def test_what_is_counted_on_books_is_as_stored():
    """BLiMP by n-grams, and the tasks by words: the tables of docs/results.md are those of the CSV files."""
    folder = ROOT / "docs" / "results" / "books"
    told = PAGES["results.md"]
    assert reading.table(folder) in told and reading.curve(folder) in told and ladder.table(folder) in told
    for row in (row for row in jobs.read_rows(folder / "ladder.csv") if row["rung"] in ladder.COUNTED):
        (line,) = (line for line in told.splitlines() if line.startswith(f"| {row['task']} | ("))
        score, low, high = (f"{100 * float(row[name]):.1f}" for name in ("score", "low", "high"))
        assert (f"| {score} |" if row["rung"] == "majority" else f"| {score} [{low}, {high}] |") in line, row


def test_missing_results_are_named(tmp_path):
    with pytest.raises(InputError, match="no stored run matches"):
        tables.table("toy-en-seed*", tmp_path)


def test_five_seeds_of_the_toy_world():
    """All five: near the floor, and by how much the plain body is ahead, example by example."""
    runs = stored("toy-en-seed*")
    assert sorted(run["seed"] for run in runs) == [0, 1, 2, 3, 4]
    for run in runs:
        assert 1 < run["pretraining"]["loss"] / run["pretraining"]["floor"] < 1.05
        assert all(1 < other["loss"] / other["floor"] < 1.1 for other in run["others"].values())
        for row in run["tasks"].values():
            for arm, least in {"from scratch": 0.15, "majority": 0.1, "bag of words": 0.1, "word pairs": 0.1}.items():
                assert row["leads"][arm]["lead"] > least and row["leads"][arm]["p"] < 1e-9, arm


def told(scores, between=" to ", brackets=" ()"):
    """A spread as the lessons write it."""
    scores = [100 * score for score in scores]
    mean, low, high = sum(scores) / len(scores), min(scores), max(scores)
    return f"{mean:.1f}%{brackets[:-1]}{low:.1f}{between}{high:.1f}{brackets[-1]}"


@pytest.mark.parametrize(("name", "signs"), [("lesson.ipynb", (" to ", " ()")), ("lesson.zh.ipynb", (" 至 ", "（）"))])
def test_lesson_07_tells_the_stored_runs(name, signs):
    text = (ROOT / "chapters" / "07_single_text" / name).read_text(encoding="utf-8")
    rows = [run["tasks"]["single_text"] for run in stored("toy-en-seed*")]
    for arm in ("pre-trained", "from scratch"):
        assert told([row[arm]["score"] for row in rows], *signs) in text, arm


def test_a_score_is_stored_as_before():
    """What a run writes has the keys of the stored runs, so that old and new ones go into one table."""
    old = stored("toy-en-seed0")[0]["tasks"]["entailment"]["bag of words"]
    new = score(
        "entailment", ["x", "y"], [{"premise": "", "hypothesis": "", "label": label} for label in "xy"]
    ).to_json()
    assert old.keys() == new.keys() and old["also"]["macro_f1"].keys() == new["also"]["macro_f1"].keys()


def test_lesson_00_has_the_table_of_compute():
    """The chapter carries its own copy, since it is handed out alone."""
    place = ROOT / "chapters" / "00_overview" / "compute.csv"
    assert place.read_bytes() == (ROOT / "docs" / "results" / "books" / "compute.csv").read_bytes()
