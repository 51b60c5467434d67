"""Homework 12, the real GPT-1: a step of BPE's training, its encoding, a count of parameters, the heads in a file."""

from collections import Counter
from itertools import chain, pairwise
from operator import itemgetter

import numpy as np

from minigpt.grading.question import Question, Wrong

# --- 12.1 one step of byte-pair encoding's training ---------------------------------------------------------------


def counted(words, counts):
    pairs = Counter()
    for word, n in zip(words, counts, strict=True):
        for pair in pairwise(word.tolist()):
            pairs[pair] += int(n)
    return pairs


def step_inputs(rng):
    n = int(rng.integers(3, 6))
    words = [rng.integers(3, size=rng.integers(5, 10)) for _ in range(n)]
    words[0][:3] = 2, 1, 0  # two pairs at least, and the first to be met is not the smallest
    counts = rng.integers(1, 20, size=n)
    (_, most), (second, less) = counted(words, counts).most_common(2)
    if most > less and rng.random() < 0.7:  # one more word makes the two most frequent pairs equal
        words.append(np.array(second))
        counts = np.append(counts, most - less)
    return {"words": words, "counts": counts, "new_id": 3}


def first_of(pairs):
    return min(pairs, key=lambda pair: (-pairs[pair], pair))


def merged(word, pair, new_id, most=None):
    """A list of ids with the pair joined, from left to right; at most `most` times."""
    out, at = [], 0
    while at < len(word):
        found = tuple(word[at : at + 2]) == pair and most != 0
        out.append(new_id if found else word[at])
        at += 1 + found
        most = most - 1 if found and most is not None else most
    return out


def step(words, pair, new_id, most=None):
    done = [merged(word.tolist(), pair, new_id, most) for word in words]
    return np.array(pair), np.array([*chain(*done)]), np.array([*map(len, done)])


def bpe_step(words, counts, new_id):
    return step(words, first_of(counted(words, counts)), new_id)


def each_word_once(words, counts, new_id):
    return step(words, first_of(counted(words, np.ones(len(words)))), new_id)


def last_of_equals(words, counts, new_id):
    pairs = counted(words, counts)
    return step(words, max(pairs, key=lambda pair: (pairs[pair], pair)), new_id)


def first_met(words, counts, new_id):
    pairs = counted(words, counts)
    return step(words, max(pairs, key=pairs.get), new_id)


def once_a_word(words, counts, new_id):
    return step(words, first_of(counted(words, counts)), new_id, most=1)


def step_edges():
    """Words of one id, a pair that overlaps itself, equal pairs of longer ids, a count beyond 32 bits."""
    tried = [
        ([[0], [1, 1, 1, 1, 1], [2, 1]], [50, 1, 2], 3),
        ([[12, 1], [10, 2], [2, 11], [11, 2]], [3, 3, 3, 3], 13),  # as text (10, 2) would be the smallest
        ([[2, 1], [1, 2]], [2**32 + 1, 5], 40_000),
    ]
    return [{"words": [np.array(w) for w in words], "counts": np.array(n), "new_id": i} for words, n, i in tried]


STEP = Question(
    "12.1",
    "bpe_step",
    3,
    step_inputs,
    bpe_step,
    (
        Wrong(each_word_once, "a word that occurs 9 times: how often do its pairs occur?"),
        Wrong(last_of_equals, "two pairs are equally frequent: which of them does the text choose?"),
        Wrong(first_met, "two pairs are equally frequent: does your choice depend on the order of the words?"),
        Wrong(once_a_word, "the pair is right; look at a word that holds it twice"),
    ),
    step_edges,
    n_cases=24,  # so that ties and words with the pair twice come up
)

# --- 12.2 encoding a word -----------------------------------------------------------------------------------------


def encode_inputs(rng):
    first = 3
    words = [rng.integers(first, size=rng.integers(4, 8)) for _ in range(6)]
    merges = []
    for new_id in range(first, first + 6):
        merges.append(first_of(counted(words, np.ones(len(words)))))
        words = [np.array(merged(word.tolist(), merges[-1], new_id)) for word in words]
    return {"word": rng.integers(first, size=rng.integers(14, 21)), "merges": np.array(merges), "first_id": first}


def encoded(word, merges, first_id, choose):
    """Merge again and again the pair that `choose` takes from those present, a list of (rank, place)."""
    ids, ranks = word.tolist(), {tuple(pair): rank for rank, pair in enumerate(merges.tolist())}
    while True:
        present = [(ranks[pair], place) for place, pair in enumerate(pairwise(ids)) if pair in ranks]
        if not present:
            return ids
        rank, place = choose(present)
        ids[place : place + 2] = [first_id + rank]


def bpe_encode(word, merges, first_id):
    return encoded(word, merges, first_id, min)


def one_rule(word, merges, first_id):
    ids = word.tolist()
    present = [pair for pair in map(tuple, merges.tolist()) if pair in set(pairwise(ids))]
    return merged(ids, present[0], first_id + merges.tolist().index(list(present[0]))) if present else ids


def encode_edges():
    """No merges, one id, no pair that was learnt, a pair that overlaps itself, ids that begin elsewhere."""
    merges = np.array([[1, 1], [0, 100], [100, 100]])
    words = [[0], [1, 0, 1, 0], [1, 1, 1, 0, 1, 1, 1, 1, 1]]
    none = {"word": np.array([0, 1, 0]), "merges": np.empty((0, 2), dtype=int), "first_id": 3}
    return [none, *({"word": np.array(word), "merges": merges, "first_id": 100} for word in words)]


ENCODE = Question(
    "12.2",
    "bpe_encode",
    3,
    encode_inputs,
    bpe_encode,
    (
        Wrong(
            lambda word, merges, first_id: encoded(word, merges, first_id, itemgetter(0)),
            "is the leftmost pair of the word the one that was learnt first?",
        ),
        Wrong(
            lambda word, merges, first_id: encoded(word, merges, first_id, max),
            "is the pair that you merge first the one that was learnt first, or last?",
        ),
        Wrong(one_rule, "is any pair of your result still in `merges`?"),
        Wrong(
            lambda word, merges, first_id: [
                i - 1 if i >= first_id else i for i in encoded(word, merges, first_id, min)
            ],
            "which id does the very first merge get?",
        ),
    ),
    encode_edges,
    n_cases=16,  # so that the order of the merges matters in some
)

# --- 12.3 counting parameters -------------------------------------------------------------------------------------


def count_inputs(rng):
    return {
        "vocab_size": int(rng.integers(100, 1000)),
        "n_ctx": int(rng.integers(16, 64)),
        "n_layer": int(rng.integers(2, 6)),
        "d_model": int(rng.integers(8, 40)),
        "d_ff": int(rng.integers(41, 90)),
        "k": int(rng.integers(2, 6)),
        "tied": bool(rng.random() < 0.5),
        "biases": bool(rng.random() < 0.5),
    }


def count(vocab_size, n_ctx, n_layer, d_model, d_ff, k, tied, biases, markers=3, norms=2, width=None):
    width = d_ff if width is None else width
    matrices = 4 * d_model**2 + 2 * d_model * width
    with_biases = biases * (4 * d_model + width + d_model)
    tables = (vocab_size + markers) * d_model * (1 if tied else 2) + n_ctx * d_model
    return tables + n_layer * (matrices + with_biases + norms * 2 * d_model) + d_model * k


def count_edges():
    """Tied or not, biases or not, all four; the smallest model, and GPT-1 itself."""
    small = {"vocab_size": 1, "n_ctx": 1, "n_layer": 1, "d_model": 1, "d_ff": 1, "k": 1}
    gpt1 = {"vocab_size": 40478, "n_ctx": 512, "n_layer": 12, "d_model": 768, "d_ff": 3072, "k": 2}
    four = [(True, True), (True, False), (False, True), (False, False)]
    return [small | {"tied": t, "biases": b} for t, b in four] + [gpt1 | {"tied": True, "biases": True}]


COUNT = Question(
    "12.3",
    "count_parameters",
    2,
    count_inputs,
    count,
    (
        Wrong(lambda **sizes: count(**sizes, markers=0), "are <s>, $ and <e> among the vocab_size pieces?"),
        Wrong(lambda **sizes: count(**sizes, norms=1), "how many layer norms has a block?"),
        Wrong(lambda **sizes: count(**sizes, width=4 * sizes["d_model"]), "how wide is the MLP here?"),
        Wrong(lambda **sizes: count(**sizes | {"tied": False}), "tied: how many parameters has W^L of its own?"),
    ),
    count_edges,
    n_cases=16,  # so that tied and untied come up
)

QUESTIONS = (STEP, ENCODE, COUNT)
