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
from minigpt.data.world_grammar import PLAIN, WITH_QUESTIONS, WITHOUT_STATEMENTS, State
from minigpt.data.world_sample import sample_files
from minigpt.studies import baselines
from minigpt.support import words
from minigpt.support.errors import InputError

DATASETS = Path(__file__).resolve().parent.parent / "datasets" / "toy_world"
LANGUAGES = ["en", "zh"]
TEXTS = {"plain": PLAIN, "without statements": WITHOUT_STATEMENTS, "with questions": WITH_QUESTIONS}


@pytest.mark.parametrize("kinds", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_chain_rule(language, kinds, seed):
    """log P(story), from whole sentences, is the sum of the logs of next_word, word by word: two roads, one number."""
    (story,) = world.stories(1, seed, language, kinds)
    told = words.split(story)
    total = 0.0
    for t, word in enumerate([*told, END]):
        distribution, log_p = world.next_word(told[:t], language, kinds)
        assert math.isclose(sum(distribution.values()), 1, rel_tol=1e-9)
        assert math.isclose(log_p, total, abs_tol=1e-9)
        total += math.log(distribution[word])
    assert math.isclose(total, world.log_probability(story, language, kinds), rel_tol=1e-9)


def every_story(n_sentences, language, kinds):
    """All stories of so many sentences with their probabilities, by trying every road: no rule of `world` is used."""
    roads = [(1.0, [], State())]
    for _ in range(n_sentences):
        roads = [
            (p * s.probability, [*told, s.text], s.state)
            for p, told, state in roads
            for s in world_grammar.sentences(state, language, kinds)
        ]
    stories = {}
    for p, told, _ in roads:
        text = world.joined(told, language)
        stories[text] = stories.get(text, 0.0) + p
    return stories


@pytest.mark.parametrize("kinds", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_floor_is_that_of_brute_force(language, kinds, monkeypatch):
    """All stories of 1 or 2 sentences: each one's probability, that they sum to 1, and so the entropy."""
    monkeypatch.setattr(world, "LEAST", 1)
    monkeypatch.setattr(world, "MOST", 2)
    everything = {}
    for n in (1, 2):
        for text, p in every_story(n, language, kinds).items():
            everything[text] = everything.get(text, 0.0) + p / 2
    assert math.isclose(sum(everything.values()), 1, rel_tol=1e-9) and len(everything) > 500
    for text in random.Random(0).sample(sorted(everything), 60):
        assert math.isclose(world.log_probability(text, language, kinds), math.log(everything[text]), rel_tol=1e-9)
    entropy = -sum(p * math.log(p) for p in everything.values())
    drawn = [world.log_probability(text, language, kinds) for text in world.stories(2_000, 0, language, kinds)]
    spread = math.sqrt(sum((x + entropy) ** 2 for x in drawn)) / len(drawn)
    assert abs(sum(drawn) / len(drawn) + entropy) < 5 * spread


@pytest.mark.parametrize("language", LANGUAGES)
def test_probabilities_are_the_frequencies(language):
    """4,000 drawn stories begin with each sentence as often as the grammar says, within 5 standard errors."""
    n = 4_000
    rng = random.Random(0)
    firsts = [world.walk(rng, 1, language)[0].text for _ in range(n)]
    for sentence in world_grammar.sentences(State(), language):
        p = sentence.probability
        assert abs(firsts.count(sentence.text) / n - p) < 5 * math.sqrt(p / n)


@pytest.mark.parametrize("kinds", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_grammar_is_unambiguous(language, kinds):
    """In any state, no sentence is another one or its beginning, so a text has one derivation."""
    rng = random.Random(1)
    for _ in range(10):
        state = world.walk(rng, 6, language, kinds)[-1].state
        options = world_grammar.sentences(state, language, kinds)
        told = sorted(words.split(s.text) for s in options)
        assert math.isclose(sum(s.probability for s in options), 1, rel_tol=1e-9)
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
            case ["The", who, "sleeps", "in", where]:
                assert place[who] == where
            case ["The", thing, "is", "with", who]:
                assert holder[thing] == who
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


def test_stories_tell_what_is_so():
    """A false statement is put right at once, by what is so, and a true one never is."""
    for text in world.stories(300, 0):
        told = cut_sentences(text)
        slips = 0
        for i, sentence in enumerate(told):
            if not sentence.startswith("No,"):
                continue
            slips += 1
            place, holder = follow([s for s in told[: i - 1] if events_only(s)])
            assert not is_true(told[i - 1], place, holder)
            right = words.split(sentence)[2]
            subject = words.split(told[i - 1])[-1]
            assert right == {**place, **holder}[subject]
        wrong = {i - 1 for i, sentence in enumerate(told) if sentence.startswith("No,")}
        follow([s for i, s in enumerate(told) if i not in wrong and not s.startswith("No,")])


def events_only(sentence):
    return not any(word in words.split(sentence) for word in ("hosts", "host", "has", "have", "sleeps", "is", "No"))


def assert_labels_correct(draw):
    """Every label of 200 examples a task, checked by reading the text."""
    for example in draw("single_text", 200, 5):
        *story, last = cut_sentences(example["text"])
        assert is_true(last, *follow(story)) == (example["label"] == "fits")
    for example in draw("entailment", 200, 5):
        state = follow(cut_sentences(example["premise"]))
        assert is_true(example["hypothesis"], *state) == (example["label"] == "entailment")
    for example in draw("similarity", 200, 5):
        (*first, said_first), (*second, said_second) = (cut_sentences(example[text]) for text in "ab")
        fits = [is_true(said_second, *follow(first)), is_true(said_first, *follow(second))]
        assert all(fits) == (example["label"] == "same")
        assert any(fits)  # one disagreement at most, so that each order shows only half of them
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
    """Passages tell events only, and whatever a statement or an option names occurs in them."""
    for example in world_tasks.examples("entailment", 200, 6):
        assert names_in(example["hypothesis"]) <= names_in(example["premise"])
        assert all(map(events_only, cut_sentences(example["premise"])))
    for example in world_tasks.examples("similarity", 200, 6):
        first, second = [cut_sentences(example[text]) for text in "ab"]
        for told, other in ((first, second), (second, first)):
            assert names_in(told[-1]) <= names_in(". ".join(other[:-1])) and all(map(events_only, told[:-1]))
    for example in world_tasks.examples("multiple_choice", 200, 6):
        assert 2 <= len(example["options"]) <= 3
        assert all(map(events_only, cut_sentences(example["passage"])))
        assert all(names_in(option) <= names_in(example["passage"]) for option in example["options"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_comes_with_its_negation(language):
    """After one passage, with the other label; "not" is as often right as wrong, within 5 standard errors."""
    sign, n = {"en": " not ", "zh": "没"}[language], 1_000
    pairs = world_tasks.examples("entailment", n, 7, language)
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        assert one["premise"] == other["premise"] and one["label"] != other["label"]
        assert (sign in one["hypothesis"]) != (sign in other["hypothesis"])
    texts = world_tasks.examples("single_text", n, 7, language)
    for rows, column, right in ((pairs, "hypothesis", "contradiction"), (texts, "text", "clashes")):
        obeys = sum((sign in row[column]) == (row["label"] == right) for row in rows) / n
        assert abs(obeys - 0.5) < 5 * math.sqrt(0.25 / (n / 2))  # both of a pair obey, or neither


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_word_baselines_stay_at_chance(task, language):
    """What words and pairs of neighbours give away of 1,000 test examples: within 5 standard errors, nothing."""
    train = world_tasks.examples(task, 500, 8, language)
    test = world_tasks.examples(task, 1_000, 9, language, without=train)
    chance = sum(1 / len(e["options"]) for e in test) / len(test) if task == "multiple_choice" else 0.5
    for longest in (1, 2):
        answers = baselines.bag_of_words(task, train, test, longest)
        right = sum(a == e["label"] for a, e in zip(answers, test, strict=True)) / len(test)
        assert right < chance + 5 * math.sqrt(0.25 / len(test)), f"{task}: words alone reach {right:.3f}"


def test_no_test_example_is_learnt_by_heart(monkeypatch):
    """A world of two pairs of texts: after one is drawn for training, in either order, the other is left."""
    pairs = [("x", "y"), ("y", "x"), ("x", "z"), ("z", "x")]
    draw = lambda rng, _: [dict(zip("ab", rng.choice(pairs), strict=True), label="same")]  # noqa: E731
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
