"""What reading books buys: at small sizes the studies run, and one that was cut short goes on where it stopped."""

import pytest

from minigpt.studies import jobs, minimal_pairs, reading
from minigpt.tokenizer import Tokenizer

PAIR = {"good": "The cat sits.", "bad": "The cat sit.", "phenomenon": "ellipsis"}


@pytest.fixture
def small(monkeypatch):
    """Sixty short pages, one small size, two pairs."""
    pages = [f"The cat sits. It is cat {i % 7} of {i}." for i in range(60)]
    library = pages, pages[:5], Tokenizer.train(pages, 300)
    monkeypatch.setattr(reading, "library", lambda: library)
    reading.all_sequences.cache_clear()
    monkeypatch.setattr(reading, "SIZES", {"tiny": {"n_layer": 1, "n_head": 2, "d_model": 16}})
    monkeypatch.setattr(minimal_pairs, "read_pairs", lambda n=1_000: [PAIR, PAIR])
    return library


def test_a_run_says_what_it_did_and_what_it_bought(small):
    row = reading.read("tiny", n_words=100, passes=3)
    n_pages = len(reading.drawn(small[0], 100, 0))
    assert 100 <= sum(len(page.split()) for page in small[0][:1]) * n_pages < 110 and 0 < row["loss"] < 10
    sequences = reading.documents(reading.drawn(small[0], 100, 0), small[2], reading.N_CTX)
    assert row["tokens"] == 3 * sum(len(ids) - 1 for ids in sequences)
    blocks = 12 * 16 * 16 + 9 * 16 + 4 * 16  # W and b of attention and MLP, two layer norms
    multiplied = blocks + small[2].vocab_size * 16
    assert row["operations_done"] == 6 * multiplied * row["tokens"]
    assert set(row) == {"parameters", "tokens", "operations_done", "loss", "ellipsis", "overall"}


def test_a_run_for_so_many_operations_does_as_many(small):
    row = reading.read("tiny", operations=3e8)
    assert row["operations_done"] == pytest.approx(3e8, rel=1e-3)


def test_chinese_text_is_read_so_often_and_measured_on_other_text(monkeypatch):
    texts = {("train", "dev"): [f"猫坐在第{i % 7}张椅子上。" for i in range(40)], ("dev",): ["猫坐在第8张椅子上。"] * 3}
    monkeypatch.setattr(reading, "own_text", lambda read, language: texts[next(iter(read.values()))])
    monkeypatch.setattr(reading, "SIZES", {"3M": {"n_layer": 1, "n_head": 2, "d_model": 16}})
    once, often = (reading.read_chinese(passes, dropout=0.1) for passes in (1, 40))
    assert (once["steps"], often["steps"]) == (10, 400)
    assert often["loss"] < once["loss"] < reading.read_chinese(1, dropout=0.9)["loss"]
    texts["dev",] = ["狗和鸟在飞。"] * 3
    assert reading.read_chinese(40, dropout=0.1)["loss"] > often["loss"]


def test_counting_prefers_what_it_has_read(small):
    assert reading.count(order=2, n_words=200)["overall"] == 1
    assert reading.count(order=1, n_words=200)["overall"] == 1  # "sit" is unknown


def test_the_table_over_amounts(tmp_path):
    (tmp_path / "counts.csv").write_text("order,n_words,overall\n1,100,0.5\n2,100,0.52\n1,1000,0.51\n")
    (tmp_path / "amounts.csv").write_text("size,n_words,seed,overall\n3M,1000,0,0.6\n3M,1000,1,0.7\n")
    assert reading.table(tmp_path).splitlines() == [
        "| words read | 100 | 1,000 |",
        "|---|---|---|",
        "| words | 50.0 | 51.0 |",
        "| word pairs | 52.0 |  |",
        "| GPT, 3M |  | 65.0 (60.0 to 70.0) |",
    ]


def test_the_curve_over_compute(tmp_path):
    (tmp_path / "compute.csv").write_text("size,operations,loss\n3M,1e12,1.75\n1M,1e12,1.5\n3M,3e12,1.25\n")
    assert reading.curve(tmp_path).splitlines() == [
        "| parameters | 1e+12 | 3e+12 |",
        "|---|---|---|",
        "| 3M | 1.750 | **1.250** |",
        "| 1M | **1.500** |  |",
    ]


def test_pages_are_drawn_until_there_are_enough_words():
    pages = ["a b c"] * 5
    assert [len(reading.drawn(pages, n, 0)) for n in (1, 3, 4, 15, 99)] == [1, 1, 2, 5, 5]


def test_what_was_cut_short_goes_on(tmp_path):
    done = []

    def do(x, y):
        if x == 3 and len(done) < 3:
            raise KeyboardInterrupt
        done.append(x)
        return {"sum": x + y}

    settings = [{"x": x, "y": 0.5} for x in (1, 2, 3)]
    with pytest.raises(KeyboardInterrupt):
        jobs.fill(tmp_path / "a.csv", settings, do)
    assert [row["sum"] for row in jobs.read_rows(tmp_path / "a.csv")] == ["1.5", "2.5"]
    done.append("again")
    jobs.fill(tmp_path / "a.csv", settings, do)
    assert done == [1, 2, "again", 3] and len(jobs.read_rows(tmp_path / "a.csv")) == 3
    jobs.fill(tmp_path / "a.csv", settings, do)
    assert done == [1, 2, "again", 3]


def test_every_study_has_its_arguments():
    for name, settings in reading.STUDIES.items():
        for one in settings:
            if name == "counts":
                assert set(one) == {"order", "n_words"}
            elif name == "chinese":
                assert set(one) == {"passes", "dropout"}
            else:
                assert one["size"] in reading.SIZES and ("operations" in one) != ("n_words" in one)
        assert len({tuple(one.items()) for one in settings}) == len(settings) and len({tuple(o) for o in settings}) == 1
