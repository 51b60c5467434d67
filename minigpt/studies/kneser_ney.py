"""N-grams with interpolated Kneser-Ney smoothing: the language model before neural ones, by counting alone.

    P(w | v u) = max(c(v u w) - D, 0) / c(v u)  +  D n(v u) / c(v u)  P(w | u)          c(v u) = sum over w of c(v u w)

c counts how often words stand together. Below the highest order it counts instead how many different words they have
stood behind: "Francisco" is frequent, but stands behind one word only. n(v u) is the number of different words behind
v u. Below the single word stands 1 / |V|. Source: Kneser and Ney 1995; Chen and Goodman 1999, section 2.7.
Own code: nltk.lm takes 3 to 6 ms a word after one short book; for all of BLiMP's pairs that is an hour or two.
"""

from collections import Counter

import numpy as np

from minigpt.support.errors import require_whole

START, END, UNKNOWN = "<s>", "<e>", "<unk>"


class KneserNey:
    """An n-gram model of sentences, each a list of words.

    Args:
        order: 1, 2 or 3; at 1 only words count, not where they stand.
        least: a word seen less often is unknown, so that unknown words have a probability.
    """

    def __init__(self, sentences, order, discount=0.75, least=2):
        require_whole("order", order, most=3)  # three ids of words fit into one whole number
        self.order, self.discount = order, discount
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = sorted(word for word, n in counts.items() if n >= least)
        self.ids = {word: i for i, word in enumerate([START, END, UNKNOWN, *kept])}
        whole, times = np.unique(self.pack(self.windows(sentences)[0]), return_counts=True)
        self.levels = [self.level(whole, times)]
        for k in range(order - 1, 0, -1):  # a shorter gram counts once for each word before it
            shorter, times = np.unique(self.levels[0]["grams"] % len(self.ids) ** k, return_counts=True)
            self.levels.insert(0, self.level(shorter, times))

    def windows(self, sentences):
        """Each word and each sentence's end with the words before it: (N, order) ids, and (N) the sentence's number."""
        before = [0] * (self.order - 1)
        rows = [[*before, *(self.ids.get(word, 2) for word in sentence), 1] for sentence in sentences]
        ids = np.array([i for row in rows for i in row], dtype=np.int64)
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        grams, owner = np.lib.stride_tricks.sliding_window_view(ids, self.order), owner[self.order - 1 :]
        return grams[grams[:, -1] != 0], owner[grams[:, -1] != 0]

    def pack(self, grams):
        """Rows of ids (N, k) as whole numbers (N), which sort like the rows."""
        return grams @ len(self.ids) ** np.arange(grams.shape[1] - 1, -1, -1, dtype=np.int64)

    def level(self, grams, times):
        """c of each gram; of each context, what is in front of the last word, c and n."""
        contexts, first, n = np.unique(grams // len(self.ids), return_index=True, return_counts=True)
        return {"grams": grams, "c": times, "contexts": contexts, "sums": np.add.reduceat(times, first), "n": n}

    def probabilities(self, grams):
        """P of the last word of each row (N, order) of ids, given the others."""
        p = np.full(len(grams), 1 / (len(self.ids) - 1))  # no sentence holds another start
        for k, level in enumerate(self.levels, start=1):
            keys = self.pack(grams[:, -k:])
            c = found(keys, level["grams"], level["c"])
            total, n = (found(keys // len(self.ids), level["contexts"], level[name]) for name in ("sums", "n"))
            share = np.maximum(c - self.discount, 0) + self.discount * n * p
            p = np.where(total > 0, share / np.maximum(total, 1), p)
        return p

    def log_probabilities(self, sentences):
        """log P of each sentence, its end included: (N) nats."""
        grams, owner = self.windows(sentences)
        return np.bincount(owner, np.log(self.probabilities(grams)), len(sentences))


def found(keys, among, values):
    """`values` where `among`, which is sorted, holds the keys; 0 elsewhere."""
    place = np.searchsorted(among, keys).clip(max=len(among) - 1)
    return np.where(among[place] == keys, values[place], 0)
