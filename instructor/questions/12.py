"""Homework 12, the real GPT-1: a step of BPE's training, its encoding, a count of parameters, the heads in a file."""

from collections import Counter
from itertools import chain, pairwise
from operator import itemgetter

import numpy as np

from minigpt.grading.kinds import LETS_ALL_PASS, LETS_NONE_PASS, NO_EDGES, panel, programs, variants
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

# --- 12.4 the heads in a file -------------------------------------------------------------------------------------


def heads_inputs(rng):
    H, d_head = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    d = H * d_head
    return {"c_attn": rng.normal(size=(d, 3 * d)), "n_head": H}


def cut_columns(matrix, n_head):
    """(d, d) -> (n_head, d, d_head): each head has columns that lie side by side."""
    return np.stack(np.split(matrix, n_head, axis=1))


def split_heads(c_attn, n_head):
    return tuple(cut_columns(matrix, n_head) for matrix in np.split(c_attn, 3, axis=1))


def reshaped_only(c_attn, n_head):
    d = len(c_attn)
    return tuple(c_attn.reshape(3, n_head, d, d // n_head))


def head_by_head(c_attn, n_head):
    """As if each head's query, key and value stood together."""
    heads = cut_columns(c_attn, n_head)  # (n_head, d, 3 d_head)
    return tuple(np.split(heads, 3, axis=2))


def every_nth_column(c_attn, n_head):
    return tuple(np.stack([m[:, h::n_head] for h in range(n_head)]) for m in np.split(c_attn, 3, axis=1))


def as_torch_keeps_it(c_attn, n_head):
    return tuple(cut_columns(matrix.T, n_head) for matrix in np.split(c_attn, 3, axis=1))


def heads_edges():
    """One head, and heads of one column."""
    c_attn = np.arange(27.0).reshape(3, 9)
    return [{"c_attn": c_attn, "n_head": 1}, {"c_attn": c_attn, "n_head": 3}]


HEADS = Question(
    "12.4",
    "split_heads",
    2,
    heads_inputs,
    split_heads,
    (
        Wrong(reshaped_only, "the shapes fit, but is W_Q[0][1, 0] still in row 1 of the file's matrix?"),
        Wrong(head_by_head, "what stands beside head 0's query in the file: its key, or head 1's query?"),
        Wrong(every_nth_column, "do a head's columns lie side by side in the file?"),
        Wrong(as_torch_keeps_it, "in which order does the file keep (in, out)? A state multiplies from the left"),
    ),
    heads_edges,
    n_cases=6,
)

QUESTIONS = (STEP, ENCODE, COUNT, HEADS)

# --- 12.5 a check of programs that cut words into pieces ----------------------------------------------------------

GIVEN = r"""
def right_1(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in merges]
        if not pairs:
            return pieces
        best, merged = min(pairs, key=merges.index), []
        while pieces:
            if tuple(pieces[:2]) == best:
                merged.append(pieces.pop(0) + pieces.pop(0))
            else:
                merged.append(pieces.pop(0))
        pieces = merged


def right_2(word, merges):
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    pieces = [*word[:-1], word[-1] + "</w>"]
    while len(pieces) > 1:
        found = [(ranks.get(pair, len(ranks)), i) for i, pair in enumerate(zip(pieces, pieces[1:]))]
        rank, i = min(found)
        if rank == len(ranks):
            break
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
    return pieces


def right_3(word, merges):
    text = "\n" + "\n".join([*word[:-1], word[-1] + "</w>"]) + "\n"
    for a, b in merges:
        while f"\n{a}\n{b}\n" in text:
            text = text.replace(f"\n{a}\n{b}\n", f"\n{a}{b}\n", 1)
    return tuple(text.strip("\n").split("\n"))


def wrong_1(word, merges):
    pieces, i = [*word[:-1], word[-1] + "</w>"], 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = max(0, i - 1)
        else:
            i += 1
    return pieces


def wrong_2(word, merges):
    pieces = [*word]
    while True:
        pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in merges]
        if not pairs:
            return pieces
        i = list(zip(pieces, pieces[1:])).index(min(pairs, key=merges.index))
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]


def wrong_3(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in merges]
        if not pairs:
            return pieces
        i = list(zip(pieces, pieces[1:])).index(max(pairs, key=merges.index))
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]


def wrong_4(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        pairs = list(zip(pieces, pieces[1:]))[::-1]
        known = [pair for pair in pairs if pair in merges]
        if not known:
            return pieces
        i = len(pairs) - 1 - pairs.index(min(known, key=merges.index))
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]


def wrong_5(word, merges):
    pieces, end = [], word + "</w>"
    known = {a + b for a, b in merges} | {*word, word[-1] + "</w>"}
    while end:
        piece = max((end[:n] for n in range(1, len(end) + 1) if end[:n] in known), key=len)
        pieces, end = [*pieces, piece], end[len(piece) :]
    return pieces


def wrong_6(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while merges:
        best = merges.pop(0)
        for i in range(len(pieces) - 2, -1, -1):
            if i < len(pieces) - 1 and (pieces[i], pieces[i + 1]) == best:
                pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
    return pieces
"""
HIDDEN = """
def candidate(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while True:
        known = [ranks[pair] for pair in zip(pieces, pieces[1:]) if pair in ranks]
        if not known:
            return pieces
        best, i = merges[min(known)], 0
        while i < len(pieces) - 1:
            if (pieces[i], pieces[i + 1]) == best:
                pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i += 1
"""
RIGHT = [
    *programs(HIDDEN),
    *programs("""
def candidate(word, merges):
    def cut(pieces, start):
        for rank in range(start, len(merges)):
            for i in range(len(pieces) - 1):
                if (pieces[i], pieces[i + 1]) == tuple(merges[rank]):
                    return cut(pieces[:i] + (pieces[i] + pieces[i + 1],) + pieces[i + 2 :], 0)
        return pieces

    return list(cut(tuple(word[:-1]) + (word[-1] + "</w>",), 0))
"""),
    *programs("""
def candidate(word, merges):
    letters, ends = list(word), list(range(1, len(word) + 1))
    letters[-1] += "</w>"
    while True:
        starts = [0, *ends[:-1]]
        texts = ["".join(letters[i:j]) for i, j in zip(starts, ends)]
        ranks = [merges.index(pair) if pair in merges else len(merges) for pair in zip(texts, texts[1:])]
        if not ranks or min(ranks) == len(merges):
            return texts
        del ends[ranks.index(min(ranks))]
"""),
    *programs("""
def candidate(word, merges):
    pieces = np.array([*word[:-1], word[-1] + "</w>"], dtype=object)
    for first, second in merges:
        i = 0
        while i + 1 < len(pieces):
            if pieces[i] == first and pieces[i + 1] == second:
                pieces[i] += second
                pieces = np.delete(pieces, i + 1)
            i += 1
    return pieces.tolist()
"""),
]
PLAIN = [
    *variants(
        HIDDEN,
        [
            ("min(known)", "max(known)"),
            ('word[-1] + "</w>"]', "word[-1]]"),
            ('word[-1] + "</w>"]', 'word[-1], "</w>"]'),
        ],
    ),
    *variants(HIDDEN, [("if not known:", "if True:"), ("if not known:", "if not known or len(pieces) < len(word):")]),
    *variants(HIDDEN, [("return pieces\n", "return len(pieces)\n"), ("return pieces\n", "return [''.join(pieces)]\n")]),
    *variants(
        HIDDEN,
        [
            ("return pieces\n", "return pieces[::-1]\n"),
            ("return pieces\n", "return [p.replace('</w>', '') for p in pieces]\n"),
        ],
    ),
    *variants(
        HIDDEN, [("[*word[:-1], ", "['<w>' + word[0], *word[1:-1], "), ("merges[min(known)]", "merges[known[0]]")]
    ),
]
EDGE = [
    *variants(HIDDEN, [("*word[:-1]", "*word[:-1].lower()"), ("*word[:-1]", "*(c for c in word[:-1] if c.isascii())")]),
    *variants(
        HIDDEN,
        [
            ("        if not known:", "        if len(pieces) < 3 or not known:"),
            ("[*word[:-1], ", "[word[0], *word[1:-1], "),
        ],
    ),
    *variants(
        HIDDEN,
        [
            (
                "merges[min(known)], 0",
                "merges[min(known)], 0\n        merges.remove(best)\n        ranks = dict(zip(merges, range(99)))",
            )
        ],
    ),
    *variants(
        HIDDEN, [("            i += 1\n", "            i += 1\n            if i > 6:\n                return pieces\n")]
    ),
    *variants(HIDDEN, [('word[-1] + "</w>"]', 'word[-1] + "</w>"] * (len(merges) > 0)')]),
    *programs("""
def candidate(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        pairs = list(zip(pieces, pieces[1:]))
        ranks = [merges.index(p) if p in merges else 999 for p in pairs]
        if not ranks or min(ranks) == 999:
            return pieces
        i = len(ranks) - 1 - ranks[::-1].index(min(ranks))
        pieces = pieces[:i] + [pieces[i] + pieces[i + 1]] + pieces[i + 2 :]
"""),
    *programs("""
def candidate(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    for pair in merges:
        if pair in zip(pieces, pieces[1:]):
            i = list(zip(pieces, pieces[1:])).index(pair)
            pieces[i : i + 2] = ["".join(pair)]
    return pieces
"""),
]


def true_pieces(word, merges):
    pieces = [*word[:-1], word[-1] + "</w>"]
    while True:
        found = [(merges.index(pair), i) for i, pair in enumerate(pairwise(pieces)) if pair in merges]
        if not found:
            return pieces
        i = min(found)[1]
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]


def word_cases(edges):
    merges = [("e", "s"), ("es", "t</w>"), ("l", "o"), ("lo", "w"), ("n", "e"), ("ne", "w"), ("o", "w"), ("e", "r</w>")]
    for word in ("lowest", "newer", "lower", "now", "nest"):
        yield word, merges
    if edges:
        yield from (("low", []), ("a", merges), ("a", []), ("es", [("e", "s</w>")]), ("Est", merges), ("LOwer", merges))
        yield from ((word, [("a", "a"), ("aa", "a")]) for word in ("aaab", "aaaaaab", "aab"))
        yield from ((word, [("a", "b"), ("ab", "ab")]) for word in ("ababab", "ababc" * 3, "c" * 9 + "abab" * 3))
        yield "小猫été", [("小", "猫"), ("é", "t")]
        yield "lesson", merges


def passes(candidate, edges=True):
    for word, merges in word_cases(edges):
        mine = list(merges)
        try:
            found = candidate(word, mine)
        except Exception:
            return False
        if not isinstance(found, list | tuple) or list(found) != true_pieces(word, merges):
            return False
        if edges and mine != merges:
            return False
    return True


def check_pieces(candidate):
    return passes(candidate)


CHECK = Question(
    "12.5",
    "check_pieces",
    3,
    None,
    check_pieces,
    (
        Wrong(lambda candidate: bool(GIVEN), LETS_ALL_PASS),
        Wrong(lambda candidate: not GIVEN, LETS_NONE_PASS),
        Wrong(lambda candidate: passes(candidate, edges=False), NO_EDGES),
    ),
    n_cases=9,
    seconds=10,
    draw=panel(GIVEN, RIGHT, PLAIN, EDGE),
)

QUESTIONS += (CHECK,)
