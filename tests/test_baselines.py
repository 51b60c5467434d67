"""The bars: they read words, they do not read order, and they learn from the training examples alone."""

import numpy as np
import pytest

from minigpt.data import world_tasks
from minigpt.studies import baselines
from minigpt.support import words


def test_majority():
    rows = [{"label": label} for label in "aab"]
    assert baselines.majority(rows, rows[:2]) == ["a", "a"]
    assert baselines.majority([{"score": 1.0}, {"score": 4.0}], [{"score": 9.0}]) == [2.5]


def right(task, train, test, longest=1):
    answers = baselines.bag_of_words(task, train, test, longest)
    return np.mean([a == row["label"] for a, row in zip(answers, test, strict=True)])


def test_words_decide():
    """Where a word gives the label away, the bag finds it."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(200):
        good = bool(rng.integers(2))
        rows.append(
            {
                "text": " ".join(rng.permutation(["it", "was", "very", "good" if good else "bad"])),
                "label": str(good),
            }
        )
    assert right("single_text", rows[:100], rows[100:]) == 1


def test_overlap_decides():
    rng = np.random.default_rng(0)
    letters = [f"w{i}" for i in range(50)]
    rows, choices = [], []
    for _ in range(200):
        a, b = (" ".join(rng.choice(letters, 5)) for _ in range(2))
        same = bool(rng.integers(2))
        rows.append({"a": a, "b": a if same else b, "label": str(same)})
        choices.append(
            {
                "passage": a,
                "question": "which ?",
                "options": [a, b] if same else [b, a],
                "label": int(not same),
            }
        )
    assert right("similarity", rows[:100], rows[100:]) == 1
    assert right("multiple_choice", choices[:100], choices[100:]) == 1
    scored = [{"a": r["a"], "b": r["b"], "score": 5.0 if r["label"] == "True" else 1.0} for r in rows]
    answers = baselines.bag_of_words("similarity", scored[:100], scored[100:])
    assert np.corrcoef(answers, [r["score"] for r in scored[100:]])[0, 1] > 0.95


@pytest.mark.parametrize("task", ["single_text", "entailment", "similarity"])
def test_bag_of_words_reads_no_order(task):
    """The same words backwards get the same answers; with pairs of neighbours some change."""
    train, test = world_tasks.examples(task, 200, 0), world_tasks.examples(task, 100, 1)
    turned = [{c: v if c == "label" else " ".join(words.split(v)[::-1]) for c, v in row.items()} for row in test]
    assert baselines.bag_of_words(task, train, test) == baselines.bag_of_words(task, train, turned)
    assert baselines.bag_of_words(task, train, test, 2) != baselines.bag_of_words(task, train, turned, 2)
