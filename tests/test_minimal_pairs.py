"""Eq. (1) chooses between two sentences; beside it n-grams, whose probabilities are computed by hand once."""

import numpy as np
import pytest
import torch

from minigpt.data import blimp
from minigpt.metrics import wilson
from minigpt.studies import likelihood, minimal_pairs
from minigpt.studies.kneser_ney import KneserNey

TOLD = [["a", "b"], ["a", "b"], ["b", "a"]]


def test_a_bigram_by_hand():
    """Pairs: <s> a twice, <s> b, a b twice, a <e>, b <e> twice, b a; so a, b and <e> stand behind two words each."""
    model = KneserNey(TOLD, order=2, least=1)
    p_a = p_b = p_end = (2 - 0.75) / 6 + 0.75 * 3 / 6 / 4  # |V| = 4: a, b, <e>, <unk>
    p_b_after_a = (2 - 0.75) / 3 + 0.75 * 2 / 3 * p_b
    p_a_at_start = (2 - 0.75) / 3 + 0.75 * 2 / 3 * p_a
    p_end_after_b = (2 - 0.75) / 3 + 0.75 * 2 / 3 * p_end
    expected = np.log(p_a_at_start * p_b_after_a * p_end_after_b)
    assert model.log_probabilities([["a", "b"]]) == pytest.approx([expected], abs=1e-12)


def assert_sums_to_one(model):
    """After any words, seen or not, the probabilities of all next words and of the end add up to 1."""
    n = len(model.ids)
    rng = np.random.default_rng(0)
    for _ in range(50):
        before = rng.integers(0, n, size=model.order - 1)
        grams = np.array([[*before, word] for word in range(1, n)])
        assert model.probabilities(grams).sum() == pytest.approx(1, abs=1e-12)


def random_sentences(n=200):
    rng = np.random.default_rng(1)
    return [[f"w{min(9, int(i))}" for i in rng.exponential(3, size=rng.integers(1, 8))] for _ in range(n)]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_probabilities_sum_to_one(order):
    assert_sums_to_one(KneserNey(random_sentences(), order))


@pytest.mark.parametrize("order", [2, 3])
def test_the_sum_is_noticed(order):
    model = KneserNey(random_sentences(), order)
    model.levels[-1]["n"] = model.levels[-1]["sums"]  # as many different words behind a context as words
    with pytest.raises(AssertionError):
        assert_sums_to_one(model)


def test_what_stands_behind_many_words_is_likelier_after_a_new_one():
    """ "Francisco" is the most frequent word, but only ever stands behind "San"."""
    told = [["San", "Francisco"]] * 9 + [[word, "tea"] for word in ("hot", "cold", "old", "new")] + [["far"]] * 2
    grams = KneserNey(told, order=2, least=1)
    tea, city = grams.log_probabilities([["far", "tea"], ["far", "Francisco"]])
    assert tea > city
    words = KneserNey(told, order=1, least=1)
    assert np.diff(words.log_probabilities([["tea"], ["Francisco"]])) > 0


def test_words_seen_once_are_unknown():
    model = KneserNey([["a", "a", "rare"]], order=1)
    assert set(model.ids) == {"<s>", "<e>", "<unk>", "a"}
    assert model.log_probabilities([["rare"]]) == model.log_probabilities([["other"]])


PAIRS = [{"good": "the cat saw the dog .", "bad": "the cat the saw dog .", "phenomenon": "s-selection"}] * 4


def test_words_alone_cannot_tell_the_same_words_in_another_order():
    told = [pair["good"].split() for pair in PAIRS]

    def score(order):
        model = KneserNey(told, order)
        return minimal_pairs.wins(PAIRS, lambda texts: model.log_probabilities([text.split() for text in texts]))

    assert score(1).tolist() == [0.5] * 4 and score(2).tolist() == score(3).tolist() == [1] * 4


def by_hand(model, ids, first):
    """log P of ids[first:], each token by a forward pass of its own."""
    with torch.no_grad():
        steps = [model(torch.tensor([ids[:t]]))[0, -1].log_softmax(-1)[ids[t]].item() for t in range(first, len(ids))]
    return sum(steps)


def test_a_models_log_probability_is_the_sum_over_its_tokens(tiny, tok):
    texts = ["the cat saw the dog .", "a bird", "the dog saw"]
    found = likelihood.of_texts(tiny, tok, texts)
    assert found == pytest.approx([by_hand(tiny, [tok.start_id, *tok.encode(text)], 1) for text in texts], abs=1e-4)


def test_of_an_end_only_the_last_tokens_count_and_a_long_beginning_is_lost(tiny, tok):
    rows = [[3, 1, 4, 1, 5], [2, 7], [i % 20 for i in range(1, 30)]]
    found = likelihood.of_ends(tiny, rows, [2, 1, 3], batch_size=2)
    hand = [by_hand(tiny, rows[0], 3), by_hand(tiny, rows[1], 1), by_hand(tiny, rows[2][-25:], 22)]
    assert tiny.config.n_ctx == 24 and found == pytest.approx(hand, abs=1e-4)


def test_the_option_that_the_passage_makes_likelier_is_chosen(tiny, tok):
    example = {"passage": "the cat saw", "question": "the", "options": ["dog .", "bird", "no yes so"]}
    before = [tok.start_id, *tok.encode("the cat saw the")]
    gains = []
    for option in example["options"]:
        end = tok.encode(option)
        gains.append(by_hand(tiny, before + end, len(before)) - by_hand(tiny, [tok.start_id, *end], 1))
    assert likelihood.choose(tiny, tok, [example, example]) == [int(np.argmax(gains))] * 2


def test_shares_and_intervals():
    pairs = PAIRS[:2] + [PAIRS[0] | {"phenomenon": "ellipsis"}] * 2
    found = minimal_pairs.by_phenomenon(pairs, np.array([1, 0.5, 0, 1]))
    assert {name: row["score"] for name, row in found.items()} == {
        "argument_structure": 0.75,
        "ellipsis": 0.5,
        "overall": 0.625,
    }
    assert (found["ellipsis"]["low"], found["ellipsis"]["high"]) == wilson(1, 2)
    assert (found["overall"]["low"], found["overall"]["high"]) == wilson(2, 4)  # of 2.5
    lines = minimal_pairs.table({"ours": found}).splitlines()
    assert lines[0].startswith("| | ours | 5-gram (paper) |") and "| 62.5 [" in lines[-1] and "| 88.6 |" in lines[-1]


def test_every_phenomenon_has_its_figures_in_the_paper():
    from minigpt.data.registry import REGISTRY

    names = {file["phenomenon"] for file in REGISTRY["blimp"]["files"].values()}
    assert {minimal_pairs.OTHER_NAMES.get(name, name) for name in names} | {"overall"} == set(minimal_pairs.PAPER)


def test_all_pairs_are_read(real_data):
    if not (real_data / "blimp").is_dir():
        pytest.skip("BLiMP is not at hand")
    pairs = minimal_pairs.read_pairs()
    assert len(pairs) == 67_000 and len(blimp.paradigms()) == 67
    assert sum(len(p["good"].split()) == len(p["bad"].split()) for p in pairs) == 63_055
