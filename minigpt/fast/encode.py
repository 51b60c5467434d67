"""Texts to a token file, sooner: by several processes, and no shard twice.

A shard is so many characters of text, wherever they come from, and one file of ids; a run that was killed goes on
behind the last whole one. Within a process a piece of text is encoded once: words come again and again.
"""

import collections
import hashlib
import os
import re
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

import numpy as np

from minigpt.data.token_file import BORDER, dtype_for
from minigpt.support.errors import InputError
from minigpt.support.files import remove_leftovers, replacing, write_json
from minigpt.support.progress import progress
from minigpt.support.workers import processes_for
from minigpt.tokenizer import Tokenizer

SHARD = 4_000_000  # characters
LONG, MOST = 40, 300_000  # characters of a piece that is remembered, and how many are
SPACE, OTHER = r"[^\S\x1c-\x1f]", r"[\S\x1c-\x1f]"  # white space as the BPE library knows it, and all else
# Where the BPE library cuts a text before it merges: its rule for ASCII, elsewhere no more than the white space.
PIECE = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?(?:[A-Za-z]++|[0-9]++|[!-/:-@\[-`{-~]++)(?![^\t-\r -~])"
    rf"|{SPACE}*{OTHER}+|{SPACE}+"
)


class Pieces(dict):
    """Each piece's ids, as the bytes that go into the file; a piece is encoded when it is first asked for.

    No merge crosses a border that PIECE finds, so the ids of the pieces, one after the other, are those of the text.
    """

    def __init__(self, tok):
        self.tok, self.dtype = tok, dtype_for(tok.vocab_size)

    def __missing__(self, piece):
        ids = np.array(self.tok.encode(piece), self.dtype).tobytes()
        if len(piece) <= LONG:
            if len(self) >= MOST:
                self.clear()
            self[piece] = ids
        return ids

    def encode(self, text):
        """The bytes of the ids of `text`, `<e>` behind them."""
        pieces = PIECE.findall(text) if self.tok.level == "bpe" else [text]
        return b"".join(map(self.__getitem__, pieces)) + self.dtype.type(self.tok.end_id).tobytes()


def encode(texts, folder, about, n_shards=1):
    """Write the token file `folder` with the tokenizer that is saved there; an unfinished one is gone on with.

    Args:
        texts: documents, any iterable; a call that goes on must give the same ones.
        about: what the card says beside the counts, JSON values.
        n_shards: about how many there will be: no more processes are started; one is made without any.
    Raises:
        InputError: if one of the processes has ended early.
    """
    folder, paths, waiting = Path(folder), [], collections.deque()
    with processes_for(n_shards) as pool:
        for shard in progress(shards(texts), "encoding", n_shards > 1, total=n_shards, unit="shard"):
            path = folder / "shards" / f"{len(paths):06}.npz"
            paths.append(path)
            if path.exists():
                continue
            if n_shards > 1:
                waiting.append(pool.submit(encode_shard, folder, path, shard))
            else:
                encode_shard(folder, path, shard)
            if len(waiting) > (os.cpu_count() or 1) + 1:
                finish(waiting.popleft())
        while waiting:
            finish(waiting.popleft())
    assemble(folder, paths, about)


def finish(job):
    try:
        job.result()
    except BrokenProcessPool:
        raise InputError(
            "a process that encodes has ended early, perhaps for want of memory; start again: it goes on"
        ) from None


def shards(texts):
    """Lists of texts, of SHARD characters or the few more that end a text: the same ones whoever encodes them."""
    shard, size = [], 0
    for text in texts:
        shard.append(text)
        size += len(text)
        if size >= SHARD:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


@cache
def pieces_of(folder):
    return Pieces(Tokenizer.load(folder))


def encode_shard(folder, path, texts):
    """Write one shard, whole or not at all: ids, and how many each text has."""
    pieces = pieces_of(folder)
    encoded = [pieces.encode(text) for text in texts]
    lengths = np.array([len(ids) // pieces.dtype.itemsize for ids in encoded], BORDER)
    with replacing(path) as temporary:
        np.savez(temporary, ids=np.frombuffer(b"".join(encoded), pieces.dtype), lengths=lengths)


def assemble(folder, paths, about):
    """Put the shards one behind the other, write the card, and delete the shards."""
    tok, digest, borders = Tokenizer.load(folder), hashlib.sha256(), np.zeros(1, BORDER)
    for name in ("tokens.bin", "borders.bin"):
        remove_leftovers(folder / name)
    with (
        replacing(folder / "tokens.bin") as tokens_path,
        replacing(folder / "borders.bin") as borders_path,
        open(tokens_path, "wb") as tokens_file,
        open(borders_path, "wb") as borders_file,
    ):
        borders_file.write(borders)
        for path in paths:
            with np.load(path) as shard:
                ids, borders = shard["ids"], borders[-1] + np.cumsum(shard["lengths"])
            tokens_file.write(ids)
            borders_file.write(borders)
            digest.update(ids)  # each document ends with `<e>`: the borders follow
        documents, tokens = borders_file.tell() // BORDER.itemsize - 1, int(borders[-1])
    counts = {"documents": documents, "tokens": tokens, "vocab_size": tok.vocab_size, "sha256": digest.hexdigest()}
    write_json(folder / "card.json", about | counts)
    tidy(folder)


def tidy(folder):
    """Delete what a token file that is whole needs no more, and what killed processes left of writing it."""
    shards = folder / "shards"
    for path in [*shards.glob("*.npz"), *shards.glob("card.json")]:
        path.unlink()
    if shards.exists():
        shards.rmdir()
