"""A corpus as ids on disk: read-only, a few at a time, so that memory does not grow with it.

    tokens.bin    the ids of all documents, `<e>` behind each; 2 bytes an id where |V| <= 65,536, else 4
    borders.bin   where each document begins, and the end of the last; 8 bytes a document
    card.json     what it was made of: files and their hashes, the tokenizer, counts

`fast/encode.py` writes it. `Sequences` cuts it as `train.documents` cuts a list of texts, so training does not see
which of the two it reads.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minigpt.support.errors import InputError, require
from minigpt.support.files import read_json

BORDER = np.dtype("<i8")
KEPT_BACK = 20  # one document of so many is not trained on, where a part is asked for
PARTS = ("all", "train", "fresh")
BLOCK = 500_000  # documents whose borders are looked at together


def dtype_for(vocab_size):
    """The smaller of the two types that holds every id.

    >>> dtype_for(65_536), dtype_for(65_537)
    (dtype('uint16'), dtype('uint32'))
    """
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def places(borders, n_ctx):
    """Where sequences begin and end in documents with these borders, by the rule of `train.documents`.

    Returns:
        starts, ends, and for each document how many sequences it has.

    >>> places(np.array([0, 4, 6]), n_ctx=3)
    (array([0, 2, 4]), array([2, 4, 6]), array([2, 1]))
    """
    n = np.diff(borders)  # ids, `<e>` included
    counts = -(-n // n_ctx)
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    starts = np.repeat(borders[:-1] - n_ctx * first, counts) + n_ctx * np.arange(counts.sum())
    if n_ctx > 1:  # `<e>` never stands alone: it takes a token with it
        starts[last[(counts > 1) & (n % n_ctx == 1)]] -= 1
    return starts, np.append(starts[1:], borders[-1:]), counts


class Sequences(Sequence):
    """The sequences `<s> x_1 .. x_T <e>` of a token file, each read from disk when it is asked for.

    Args:
        folder: a token file. n_ctx: as in `train.documents`.
        part: "all" documents; or those to "train" on, and the "fresh" ones, which are every 20th.
    Raises:
        InputError: if files are missing, cut short or damaged.
    """

    def __init__(self, folder, n_ctx, part="all"):
        require(part in PARTS, "part", part, f"one of {', '.join(PARTS)}")
        self.folder, self.n_ctx, self.part = Path(folder), n_ctx, part
        self.card = read_card(folder)
        self.vocab_size = self.card["vocab_size"]
        self.dtype = dtype_for(self.vocab_size)
        found = [*zip(*self._blocks(), strict=True)]
        self.starts, self.lengths = map(np.concatenate, found)

    def _blocks(self):
        """The starts and lengths of the part's sequences, for some documents at a time."""
        n = self.card["documents"]
        for at in range(0, max(n, 1), BLOCK):
            count = min(BLOCK, n - at)
            borders = np.fromfile(self.folder / "borders.bin", BORDER, count + 1, offset=at * BORDER.itemsize)
            starts, ends, counts = places(borders, self.n_ctx)
            fresh = np.repeat((at + np.arange(count)) % KEPT_BACK == KEPT_BACK - 1, counts)
            chosen = {"all": ..., "train": ~fresh, "fresh": fresh}[self.part]
            yield starts[chosen], (ends - starts + 1)[chosen].astype(np.int32)  # <s> is one more

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        # Mapped anew each time: pages of a map that stays open count as this process's memory.
        offset, n = int(self.starts[i]) * self.dtype.itemsize, int(self.lengths[i]) - 1
        ids = np.memmap(self.folder / "tokens.bin", self.dtype, "r", offset, (n,))
        return [self.vocab_size - 3, *ids.tolist()]  # <s> is the first of the three markers, see `Tokenizer`

    def check(self, vocab_size):
        """Refuse a model whose vocabulary is smaller: each id on disk was below this one's when it was written."""
        if self.vocab_size > vocab_size:
            raise InputError(
                f"{self.folder} was written for a vocabulary of {self.vocab_size}, the model has {vocab_size}; take "
                "the tokenizer.json beside the tokens, and a model made for it"
            )

    def digest(self):
        """What tells these sequences from others, without reading them."""
        told = [self.card["sha256"], self.vocab_size, self.n_ctx, self.part]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def read_card(folder):
    """`card.json`, if the files beside it are as long as it says.

    Raises:
        InputError: if it is missing, or the files are not those that it describes.
    """
    folder = Path(folder)
    card = read_json(folder / "card.json")
    sizes = {"tokens.bin": dtype_for(card["vocab_size"]).itemsize * card["tokens"]}
    sizes["borders.bin"] = BORDER.itemsize * (card["documents"] + 1)
    for name, size in sizes.items():
        path = folder / name
        there = path.stat().st_size if path.exists() else "none"
        if there != size:
            raise InputError(f"{path} should have {size:,} bytes and has {there}; delete {folder}, and start again")
    return card
