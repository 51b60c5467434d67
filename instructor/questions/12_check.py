"""Question 12.5: a check of programs that cut words into pieces."""

from itertools import pairwise

from minigpt.grading.kinds import check_question, programs, variants

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


QUESTIONS = (check_question("12.5", "check_pieces", passes, GIVEN, RIGHT, PLAIN, EDGE),)
