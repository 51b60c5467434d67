"""The ladder of changes on dev: each rung runs at a small size, changes what it says, and reads no test example."""

import pytest
import torch

from minigpt.data import real
from minigpt.studies import jobs, ladder, reading
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer

PAIRS = [
    {"premise": f"A cat number {i} sits.", "hypothesis": f"A {w} sits.", "label": label}
    for i in range(8)
    for w, label in (("cat", "entailment"), ("dog", "neutral"))
]


@pytest.fixture
def small(monkeypatch):
    pages = [f"The cat sits. It is cat {i}. A dog sits." for i in range(40)]
    library = pages, pages[:5], Tokenizer.train(pages, 300)

    def read_task(name, split):
        assert name == "sick-entailment" and split in ("train", "dev")
        return PAIRS

    for module in (reading, ladder):
        monkeypatch.setattr(module, "library", lambda: library)
    monkeypatch.setattr(ladder, "SIZES", {size: {"n_layer": 1, "n_head": 2, "d_model": 16} for size in ("1M", "3M")})
    monkeypatch.setattr(ladder, "BASE", ladder.BASE | {"n_ctx": 32, "steps": 3})
    monkeypatch.setattr(ladder, "own_text", lambda read: ["A cat sits."])
    monkeypatch.setattr(ladder, "read_task", read_task)
    monkeypatch.setattr(ladder, "read_text", lambda *_: "Hark! A cat.")
    ladder.texts.cache_clear()


def test_rungs_run_and_share_their_bodies(small, tmp_path):
    rungs = ["from scratch", "text of before", "base", "auxiliary loss", "half of the labels", "bag of words"]
    settings = [{"task": "sick-entailment", "rung": rung, "seed": 0} for rung in rungs]
    ladder.run(tmp_path, settings)
    rows = {row["rung"]: row for row in jobs.read_rows(tmp_path / "ladder.csv")}
    assert list(rows) == rungs and all(0 <= float(row["low"]) <= float(row["score"]) <= 1 for row in rows.values())
    bodies = sorted(folder.name for folder in (tmp_path / "bodies").iterdir())
    assert bodies == ["before-1M-32-3-0", "books-1M-32-0-0", "books-1M-32-3-0"]


def test_a_body_whose_saving_was_cut_short_is_made_again(small, tmp_path):
    body = ladder.body(tmp_path, "books", "1M", 32, 2, 0)
    place = tmp_path / "bodies" / "books-1M-32-2-0"
    (place / "config.json").unlink()
    again = ladder.body(tmp_path, "books", "1M", 32, 2, 0)
    assert (place / "config.json").exists() and torch.equal(again.lm_head.weight, body.lm_head.weight)


def test_a_head_is_no_copy_of_an_untrained_body(small, tmp_path):
    body = ladder.body(tmp_path, "books", "1M", 32, 0, 0)
    model = TaskModel.for_examples("entailment", ladder.library()[2], body, PAIRS, seed=0)
    rows = body.token_embedding.weight[: len(model.head.w_y.weight)]
    assert torch.cosine_similarity(model.head.w_y.weight.flatten(), rows.flatten(), dim=0) < 0.9


def test_a_rung_is_one_change():
    assert all(len(change) <= 1 for name, change in ladder.RUNGS.items() if name != "GPT-1's recipe")
    assert all(change.keys() <= ladder.BASE.keys() for change in ladder.RUNGS.values())
    changes = [tuple(change.items()) for change in ladder.RUNGS.values()]
    assert len(set(changes)) == len(changes) and all(
        change.items() - ladder.BASE.items() for change in ladder.RUNGS.values() if change
    )


def test_the_whole_ladder():
    jobs_ = ladder.all_jobs()
    n = len(ladder.RUNGS)
    assert len(jobs_) == len({tuple(job.items()) for job in jobs_}) == 18 + 3 * 2 * (n - 2) + n
    assert {job["task"] for job in jobs_} <= set(real.TASKS)


def test_the_table_tells_what_a_rung_bought_on_the_same_seed(tmp_path):
    lines = ["task,rung,seed,score", "dream,majority,0,0.25", "dream,base,0,0.5", "dream,base,1,0.7"]
    lines += ["dream,larger body,1,0.8", "dream,larger body,0,0.5", "dream,larger body,2,0.9", "trec,majority,0,0.4"]
    (tmp_path / "ladder.csv").write_text("\n".join(lines))
    told = ladder.table(tmp_path).splitlines()
    assert len(told) == 2 + 3  # what was not tried yet has no line
    rows = {line.split(" | ")[0].lstrip("| "): [cell.strip(" |") for cell in line.split(" | ")[1:]] for line in told}
    assert rows["majority"] == ["", "", "", "", "25.0", ""]
    assert rows["base"] == ["", "", "", "", "60.0 (50.0 to 70.0)", ""]
    assert rows["larger body"][4:] == ["73.3 (50.0 to 90.0)", "5.0 (0.0 to 10.0)"]


def test_more_labels_by_a_line_through_shares_of_them(tmp_path):
    lines = ["task,rung,seed,score", "dream,base,0,0.9", "sick-entailment,larger body,0,0.9"]
    for seed, (quarter, half, whole) in enumerate([(0.5, 0.55, 0.6), (0.54, 0.59, 0.64)]):
        lines += [f"sick-entailment,a quarter of the labels,{seed},{quarter}", f"sick-entailment,base,{seed},{whole}"]
        lines += [f"sick-entailment,half of the labels,{seed},{half}"]
    (tmp_path / "ladder.csv").write_text("\n".join(lines))
    assert ladder.at_times(tmp_path, "sick-entailment", 1) == pytest.approx(62)
    assert ladder.at_times(tmp_path, "sick-entailment", 4) == pytest.approx(72)
    assert ladder.at_times(tmp_path, "dream", 4) is None  # one point is no line
