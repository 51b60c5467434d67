"""Figures that a run prints are those of stored runs: README's tables, and what lessons and texts take from them."""

import sys
from pathlib import Path

import pytest

from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.task_model import score

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import tables  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")


def stored(pattern):
    return [read_json(path) for path in sorted((ROOT / "docs" / "results").glob(f"{pattern}/metrics.json"))]


def test_tables_are_those_of_the_stored_runs():
    assert tables.PLACE.findall(README) and tables.filled(README) == README, "README's tables are old: make table"


def test_a_changed_table_is_noticed(tmp_path):
    runs = stored("toy-en-seed*")
    changed = {**runs[0], "tasks": {name: dict(row) for name, row in runs[0]["tasks"].items()}}
    arm = changed["tasks"]["entailment"]["pre-trained"]
    changed["tasks"]["entailment"]["pre-trained"] = arm | {"score": arm["score"] - 0.05}
    for place, run in enumerate([changed, *runs[1:]]):
        write_json(tmp_path / f"toy-en-seed{place}" / "metrics.json", run)
    text = README[: README.index("<!-- end -->") + len("<!-- end -->")]
    assert tables.filled(text) == text != tables.filled(text, tmp_path)


def test_missing_results_are_named(tmp_path):
    with pytest.raises(InputError, match="no stored run matches"):
        tables.table("toy-en-seed*", tmp_path)


def test_five_seeds_of_the_toy_world():
    """What README says of all five: near the floor, and by how much the plain body is ahead, example by example."""
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
