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
FIRST_LEARNT = "another pair than the one learnt first · 合并的不是最早学到的一对"
END = "the mark of the end · 词尾标记"
STOPS = "stops too early · 停得太早"
RESULT = "other pieces are returned · 返回的片段不对"
SIDE = "from right to left, where pieces overlap · 有重叠时从右向左"
AGAIN = "a pair that occurs several times · 同一对出现多次"
CASE = "upper case, or other scripts · 大写字母或其他文字"
SHORT = "a short word, or no merges · 很短的词，或没有合并"
LONG = "a long word · 很长的词"
SIGNS = "digits and punctuation · 数字和标点"
MANY = "hundreds of merges · 几百个合并"
HUNDREDS = "hundreds of characters · 几百个字符"
CHANGES = "an argument is changed · 改动了参数"
FIRST = """
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
SECOND = """
def candidate(word, merges):
    def cut(pieces, start):
        for rank in range(start, len(merges)):
            for i in range(len(pieces) - 1):
                if (pieces[i], pieces[i + 1]) == tuple(merges[rank]):
                    return cut(pieces[:i] + (pieces[i] + pieces[i + 1],) + pieces[i + 2 :], 0)
        return pieces

    return list(cut(tuple(word[:-1]) + (word[-1] + "</w>",), 0))
"""
THIRD = """
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
"""
FOURTH = """
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
"""
RIGHT = [program for text in (FIRST, SECOND, THIRD, FOURTH) for program in programs(text)]
PLAIN = [
    *variants(FIRST, {FIRST_LEARNT: [("min(known)", "max(known)"), ("merges[min(known)]", "merges[known[0]]")]}),
    *variants(FIRST, {END: [('word[-1] + "</w>"]', "word[-1]]"), ('word[-1] + "</w>"]', 'word[-1], "</w>"]')]}),
    *variants(FIRST, {STOPS: [("if not known:", "if len(pieces) < len(word):")]}),
    *variants(
        FIRST,
        {RESULT: [("return pieces\n", "return [''.join(pieces)]\n"), ("return pieces\n", "return pieces[::-1]\n")]},
    ),
    *variants(
        SECOND,
        {STOPS: [("return cut(pieces[:i]", "return (pieces[:i]")], END: [('(word[-1] + "</w>",)', "(word[-1],)")]},
    ),
    *variants(SECOND, {FIRST_LEARNT: [("range(start, len(merges))", "reversed(range(start, len(merges)))")]}),
    *variants(THIRD, {FIRST_LEARNT: [("ranks.index(min(ranks))]", "0]")], STOPS: [("if not ranks or", "if True or")]}),
    *variants(THIRD, {END: [('letters[-1] += "</w>"', 'letters[0] = "<w>" + letters[0]')]}),
    *variants(THIRD, {RESULT: [("return texts", "return len(texts)")]}),
    *variants(FOURTH, {RESULT: [("return pieces.tolist()", "return [p.replace('</w>', '') for p in pieces]")]}),
    *variants(FOURTH, {STOPS: [("in merges:", "in merges[:2]:")], FIRST_LEARNT: [("in merges:", "in merges[::-1]:")]}),
]
EDGE = [
    *variants(
        FIRST, {CASE: [("*word[:-1]", "*word[:-1].lower()"), ("*word[:-1]", "*(c for c in word[:-1] if c.isascii())")]}
    ),
    *variants(
        FIRST,
        {SHORT: [("if not known:", "if len(pieces) < 3 or not known:"), ("[*word[:-1], ", "[word[0], *word[1:-1], ")]},
    ),
    *variants(FIRST, {LONG: [("    i += 1\n", "    i += 1\n            if i > 6:\n                return pieces\n")]}),
    *variants(FIRST, {CHANGES: [("if not known:\n", "if not known:\n            merges.sort()\n")]}),
    *variants(SECOND, {SIDE: [("range(len(pieces) - 1)", "reversed(range(len(pieces) - 1))")]}),
    *variants(SECOND, {AGAIN: [("pieces[i + 2 :], 0)", "pieces[i + 2 :], rank + 1)")]}),
    *variants(SECOND, {CASE: [("tuple(word[:-1])", "tuple(word[:-1].lower())")]}),
    *variants(
        THIRD, {SHORT: [("if not ranks or", "if len(ranks) < 2 or"), ("if not ranks or", "if not ranks[0] + 1 or")]}
    ),
    *variants(THIRD, {CASE: [("= list(word),", "= list(word.lower()),")]}),
    *variants(THIRD, {SIDE: [("ranks.index(min(ranks))]", "len(ranks) - 1 - ranks[::-1].index(min(ranks))]")]}),
    *variants(FOURTH, {LONG: [("while i + 1 < len(pieces):", "while i + 1 < len(pieces) < 16:")]}),
    *variants(FOURTH, {AGAIN: [("np.delete(pieces, i + 1)\n", "np.delete(pieces, i + 1)\n                break\n")]}),
    *variants(
        FOURTH,
        {
            CHANGES: [
                ("    for first, second in merges:\n", "    while merges:\n        first, second = merges.pop(0)\n")
            ]
        },
    ),
]
RARE = [
    *variants(FIRST, {SIGNS: [("*word[:-1]", "*filter(str.isalpha, word[:-1])")]}),
    *variants(FIRST, {MANY: [("enumerate(merges)", "enumerate(merges[:100])")]}),
    *variants(SECOND, {SIGNS: [("tuple(word[:-1])", 'tuple(word[:-1].split("-")[-1])')]}),
    *variants(SECOND, {MANY: [("len(merges)", "len(merges[:64])")]}),
    *variants(THIRD, {HUNDREDS: [("zip(starts, ends)]", "zip(starts[:128], ends)]")]}),
    *variants(FOURTH, {HUNDREDS: [("while i + 1 < len(pieces):", "while i + 1 < min(len(pieces), 100):")]}),
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
        yield from (("小猫été", [("小", "猫"), ("é", "t")]), ("lesson", merges), ("3-d", [("3", "-"), ("3-", "d</w>")]))
        yield from (("abab", [(chr(500 + i), "x") for i in range(300)] + [("a", "b")]), ("ab" * 150, [("a", "b")]))


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


QUESTIONS = (check_question("12.5", "check_pieces", passes, GIVEN, RIGHT, PLAIN, EDGE, RARE),)
