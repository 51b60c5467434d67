"""The toy world: its probabilities are exact, its labels true, its frozen sample what the code draws."""

import itertools
import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.data import world, world_grammar, world_tasks
from minigpt.data.world import END
from minigpt.data.world_grammar import State
from minigpt.data.world_sample import sample_files
from minigpt.support import words
from minigpt.support.errors import InputError

DATASETS = Path(__file__).resolve().parent.parent / "datasets" / "toy_world"
LANGUAGES = ["en", "zh"]


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_chain_rule(language, seed):
    """log P(story), from whole sentences, is the sum of the logs of next_word, word by word: two roads, one number."""
    (story,) = world.stories(1, seed, language)
    told = words.split(story)
    total = 0.0
    for t, word in enumerate([*told, END]):
        distribution, log_p = world.next_word(told[:t], language)
        assert math.isclose(sum(distribution.values()), 1, rel_tol=1e-9)
        assert math.isclose(log_p, total, abs_tol=1e-9)
        total += math.log(distribution[word])
    assert math.isclose(total, world.log_probability(story, language), rel_tol=1e-9)


@pytest.mark.parametrize("language", LANGUAGES)
def test_probabilities_are_the_frequencies(language):
    """4,000 drawn stories begin with each sentence as often as the grammar says, within 5 standard errors."""
    n = 4_000
    rng = random.Random(0)
    firsts = [world.walk(rng, 1, language)[0].text for _ in range(n)]
    for sentence in world_grammar.sentences(State(), language):
        p = sentence.probability
        assert abs(firsts.count(sentence.text) / n - p) < 5 * math.sqrt(p / n)


@pytest.mark.parametrize("language", LANGUAGES)
def test_grammar_is_unambiguous(language):
    """In any state, no sentence is another one or its beginning, so a text has one derivation."""
    rng = random.Random(1)
    for _ in range(10):
        state = world.walk(rng, 6, language)[-1].state
        told = sorted(words.split(s.text) for s in world_grammar.sentences(state, language))
        assert math.isclose(sum(s.probability for s in world_grammar.sentences(state, language)), 1, rel_tol=1e-9)
        for one, other in itertools.pairwise(told):  # sorted: a beginning stands just before what it begins
            assert other[: len(one)] != one


def test_log_probability_refuses_other_texts():
    (story,) = world.stories(1, 0)
    for text in (story + " Anna.", "Anna", story.replace(".", "!"), "", " ".join(["Anna took the ball."] * 8)):
        with pytest.raises(InputError):
            world.log_probability(text)
    with pytest.raises(InputError, match="'fr'"):
        world.stories(1, 0, "fr")


def test_both_languages_tell_the_same():
    for english, chinese in zip(world.stories(20, 3), world.stories(20, 3, "zh"), strict=True):
        assert english.count("Paris") == chinese.count("巴黎")
        assert english.count("Anna") == chinese.count("小安")


def follow(sentences):
    """Who is where and who has what, read from the English text alone, by a reader that knows none of the code."""
    place, holder = {}, {}
    for sentence in sentences:
        told = words.split(sentence)
        match told:
            case ["Off", "to", where, "went", "the", who] | [where, "welcomed", "the", who]:
                place[who] = where
            case [who, "took" | "found", "the", thing] | [_, "gave", who, "the", thing]:
                holder[thing] = who
            case ["From", _, ",", who, "got", "the", thing]:
                holder[thing] = who
            case ["Where" | "Who", *_] | [*_, "?"] | ["True"] | ["False"] | [_]:
                pass  # a question or its answer
            case [_, "hosts" | "does" | "has", *_]:
                assert is_true(sentence, place, holder), f"told what is not so: {sentence}"
            case _:
                raise AssertionError(f"no sentence of the world: {sentence}")
    return place, holder


def is_true(statement, place, holder):
    told = words.split(statement.rstrip("."))
    match told:
        case [where, "hosts", "the", who]:
            return place[who] == where
        case [where, "does", "not", "host", "the", who]:
            return place[who] != where
        case [who, "has", "the", thing]:
            return holder[thing] == who
        case [who, "does", "not", "have", "the", thing]:
            return holder[thing] != who


def cut_sentences(text):
    return [s.strip() for s in text.replace("?", "?.").split(".") if s.strip()]


def assert_labels_correct(draw):
    """Every label of 200 examples a task, checked by reading the text."""
    for example in draw("single_text", 200, 5):
        *story, last = cut_sentences(example["text"])
        assert is_true(last, *follow(story)) == (example["label"] == "fits")
    for example in draw("entailment", 200, 5):
        state = follow(cut_sentences(example["premise"]))
        assert is_true(example["hypothesis"], *state) == (example["label"] == "entailment")
    for example in draw("similarity", 200, 5):
        summary, story = sorted((cut_sentences(example["a"]), cut_sentences(example["b"])), key=len)
        state = follow(story)
        assert [is_true(s, *state) for s in summary] == [example["label"] == "same"] * 2
    for example in draw("multiple_choice", 200, 5):
        state = follow(cut_sentences(example["passage"]))
        assert [is_true(o, *state) for o in example["options"]].index(True) == example["label"]
        assert sum(is_true(o, *state) for o in example["options"]) == 1


def test_labels():
    assert_labels_correct(world_tasks.examples)


@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_label_check_catches(task):
    """Labels of another example: each task's check sees it."""

    def shuffled(name, n, seed):
        rows = world_tasks.examples(name, n, seed)
        if name != task:
            return rows
        if task == "multiple_choice":
            return [row | {"label": (row["label"] + 1) % len(row["options"])} for row in rows]
        return [row | {"label": other["label"]} for row, other in zip(rows, rows[1:] + rows[:1], strict=True)]

    with pytest.raises(AssertionError):
        assert_labels_correct(shuffled)


def names_in(text):
    named = {"Anna", "Ben", "Clara", "Paris", "Tokyo", "Cairo", "ball", "key", "cat", "dog"}
    return named & set(words.split(text))


def test_words_do_not_give_the_label_away():
    """Whatever a hypothesis, a summary or an option names occurs in the story; no right option stands there whole."""
    for example in world_tasks.examples("entailment", 100, 6):
        assert names_in(example["hypothesis"]) <= names_in(example["premise"])
    for example in world_tasks.examples("similarity", 100, 6):
        summary, story = sorted((example["a"], example["b"]), key=lambda text: len(cut_sentences(text)))
        assert names_in(summary) <= names_in(story)
    for language in LANGUAGES:
        for example in world_tasks.examples("multiple_choice", 100, 6, language):
            assert 2 <= len(example["options"]) <= 3
            assert example["options"][example["label"]] not in example["passage"]


def test_no_test_example_is_learnt_by_heart(monkeypatch):
    """A world of two pairs of texts: after one is drawn for training, in either order, the other is left."""
    pairs = [("x", "y"), ("y", "x"), ("x", "z"), ("z", "x")]
    draw = lambda rng, _: dict(zip("ab", rng.choice(pairs), strict=True), label="same")  # noqa: E731
    monkeypatch.setitem(world_tasks.TASKS, "similarity", draw)
    for seed in range(8):
        train = world_tasks.examples("similarity", 1, seed)
        test = world_tasks.examples("similarity", 1, seed + 100, without=train)
        assert {*map(world_tasks.texts_of, train + test)} == {frozenset("xy"), frozenset("xz")}
        assert len(world_tasks.examples("similarity", 2, seed)) == 2
        with pytest.raises(InputError, match="no 3 examples of similarity that differ"):
            world_tasks.examples("similarity", 3, seed)


def test_frozen_sample():
    """`datasets/toy_world` is what the code draws, byte for byte."""
    files = sample_files()
    assert {p.name for p in DATASETS.iterdir()} == {*files, "README.md", "body"}  # the body has a test of its own
    for name, text in files.items():
        assert (DATASETS / name).read_bytes() == text.encode(), f"{name} differs: python -m minigpt.data.world_sample"


def test_examples_refuse():
    with pytest.raises(InputError, match="'summary'"):
        world_tasks.examples("summary", 1, 0)
    assert json.loads(json.dumps(world_tasks.examples("entailment", 1, 0)))
