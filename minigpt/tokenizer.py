"""The vocabulary V and the three markers: text to ids and back.

    text -> pieces -> ids 0 .. n-1,   and outside of the n trained pieces:   <s> = n,  $ = n+1,  <e> = n+2

No text, whatever it holds, encodes to a marker: a typed `$` is an ordinary piece. Code puts markers in by their ids,
`start_id`, `delimiter_id` and `end_id`. So `vocab_size`, the |V| of the equations, is n + 3.
Lecture page "One-hot vectors and the vocabulary"; markers: Radford et al. 2018, section 3.3; BPE: Sennrich et al. 2016.
"""

import re
from collections import Counter
from pathlib import Path

import tokenizers

from minigpt.data import gpt1_pieces, gpt1_words
from minigpt.data.gpt1_pieces import UNKNOWN
from minigpt.support import words
from minigpt.support.errors import InputError, require_whole
from minigpt.support.files import read_json, write_json

LEVELS = ("word", "char", "bpe")
MARKERS = ("<s>", "$", "<e>")
MOST = 1_000_000  # ids; the BPE library ends the whole process where its memory does
LONG = re.compile(r"(\w{500})(?=\w)")


class Tokenizer:
    """Text to ids, at one of four levels; the first three are trained, the last is read.

    - "word": words and punctuation marks, each Chinese character a word. White space is not kept.
    - "char": characters, white space too.
    - "bpe": byte-pair encoding over UTF-8 bytes: frequent words whole, rare ones in parts, any text without loss.
    - "gpt1": GPT-1's own pieces, see `Tokenizer.gpt1`.

    What was not seen becomes `<unk>`: a word or character, in GPT-1's pieces a character. At level "bpe" nothing does.

    >>> tok = Tokenizer.train(["the cat saw the dog"], vocab_size=20, level="word")
    >>> ids = tok.encode("the bird saw the cat")
    >>> ids, tok.decode(ids)
    ([1, 0, 4, 1, 2], 'the <unk> saw the cat')
    """

    def __init__(self, level, pieces, bpe=None, words=None):
        self.level = level
        self.pieces = pieces
        self._bpe = bpe  # of the tokenizers library, at levels "bpe" and "gpt1"
        self.words = words  # one of `gpt1_pieces.WORDS` at level "gpt1"
        self._id_of = {piece: i for i, piece in enumerate(pieces)}
        self.start_id, self.delimiter_id, self.end_id = range(len(pieces), len(pieces) + 3)
        self.vocab_size = len(pieces) + 3
        self.unknown_id = None if level == "bpe" else self._id_of[UNKNOWN]

    @classmethod
    def train(cls, texts, vocab_size, level="bpe"):
        """Learn the pieces from `texts`: the most frequent ones, at most `vocab_size` ids with the markers.

        Raises:
            InputError: for an unknown level, no text, or a vocabulary too small for the level.
        """
        if level not in LEVELS:
            raise InputError(f"level {level!r} is not one of {', '.join(LEVELS)}")
        if isinstance(texts, str):
            raise InputError("texts must be a list of texts, got one text; write [text]")
        texts = [check_text(text) for text in texts]
        require_whole("vocab_size", vocab_size, least=2, most=MOST)
        n_pieces = vocab_size - len(MARKERS)
        least = 256 if level == "bpe" else 2
        if n_pieces < least:
            raise InputError(
                f"vocab_size {vocab_size} is too small for level {level!r}: it needs at least {least + len(MARKERS)}"
            )
        if not any(text.strip() for text in texts):
            raise InputError("there is no text to learn a vocabulary from; check the file")
        if level == "bpe":
            bpe = train_bpe(texts, n_pieces)
            return cls(level, pieces_of(bpe), bpe)
        split = words.split if level == "word" else list
        counts = Counter(piece for text in texts for piece in split(text))
        by_count = sorted(counts, key=lambda piece: (-counts[piece], piece))  # ties by code point, so no chance
        return cls(level, [UNKNOWN, *by_count[: n_pieces - 1]])

    @classmethod
    def gpt1(cls, vocabulary, merges, words="openai"):
        """GPT-1's byte-pair encoding: text in lower case, `</w>` at the end of a word.

        Args:
            vocabulary, merges: the paths of the two files, see `data/gpt1_pieces.py`.
            words: "openai", those that GPT-1 was trained on (`gpt1_words`); or "hugging-face", those of transformers'
                `OpenAIGPTTokenizer`, which cuts "don't" into "don", "'", "t" and takes accents away.
        Raises:
            InputError: if a file is missing or not of this kind, or what "openai" needs is not installed.
        """
        bpe = gpt1_pieces.read(vocabulary, merges, words)
        return cls("gpt1", pieces_of(bpe), bpe, words)

    def split(self, text):
        """The pieces of `text`, as text; `<unk>` where a piece is not in the vocabulary."""
        return [self.pieces[i] for i in self.encode(text)]

    def encode(self, text):
        """Text to ids below `start_id`: never a marker."""
        check_text(text)
        if self.words == "openai":
            return self._bpe.encode(gpt1_words.split(text), is_pretokenized=True).ids
        if self._bpe:
            return self._bpe.encode(text).ids
        pieces = words.split(text) if self.level == "word" else text
        return [self._id_of.get(piece, 0) for piece in pieces]

    def unknown_share(self, texts):
        """The share of the tokens of `texts` that are `<unk>`, from 0 to 1."""
        ids = [i for text in texts for i in self.encode(text)]
        return ids.count(self.unknown_id) / max(1, len(ids))

    def decode(self, ids):
        """Ids to text; markers are shown as `<s>`, `$`, `<e>`.

        Raises:
            InputError: for an id outside the vocabulary.
        """
        runs, shown = [], []  # shown: the pieces since the last marker
        for position, i in enumerate(ids):
            if not 0 <= i < self.vocab_size:
                raise InputError(
                    f"token id {i} at position {position} is outside the vocabulary of {self.vocab_size} "
                    f"(ids 0 to {self.vocab_size - 1}); decode with the tokenizer that encoded"
                )
            if i < self.start_id:
                shown.append(i)
                continue
            runs += [self._text(shown), MARKERS[i - self.start_id]]
            shown = []
        runs.append(self._text(shown))
        return (" " if len(runs) > 1 else "").join(run for run in runs if run)

    def _text(self, ids):
        if self._bpe:
            return self._bpe.decode(list(ids), skip_special_tokens=False)
        pieces = [self.pieces[i] for i in ids]
        return words.join(pieces) if self.level == "word" else "".join(pieces)

    def save(self, folder):
        """Write `tokenizer.json`."""
        what = {"pieces": self.pieces} if self._bpe is None else {"bpe": self._bpe.to_str()}
        what |= {"words": self.words} if self.words else {}
        write_json(Path(folder) / "tokenizer.json", {"level": self.level, **what})

    @classmethod
    def load(cls, folder):
        """Read what `save` wrote.

        Raises:
            InputError: if the file is missing or not a tokenizer of this package.
        """
        path = Path(folder) / "tokenizer.json"
        saved = read_json(path)
        try:
            if saved["level"] in ("bpe", "gpt1"):
                bpe, way = tokenizers.Tokenizer.from_str(saved["bpe"]), saved.get("words")
                if way not in (None, *gpt1_pieces.WORDS):
                    raise ValueError(f"words {way!r}")
                return cls(saved["level"], pieces_of(bpe), bpe, way)
            if saved["level"] in LEVELS and all(isinstance(piece, str) for piece in saved["pieces"]):
                return cls(saved["level"], saved["pieces"])
        except Exception as error:  # the BPE library raises bare exceptions
            raise InputError(f"{path} is no tokenizer of minigpt ({error!r}); restore it, or train again") from None
        raise InputError(f"{path}: level {saved['level']!r} is not one of {', '.join(LEVELS)}")


def check_text(text):
    if not isinstance(text, str):
        raise InputError(f"a text must be a str, got {type(text).__name__} {text!r}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"the text {text!r} holds half a character (a surrogate); read the file as UTF-8") from None
    return text


def train_bpe(texts, n_pieces):
    """Byte-level BPE: start from the 256 bytes, merge the most frequent pair of neighbours until n_pieces."""
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        (LONG.sub(r"\1 ", text) for text in texts),  # its time grows with the square of a word's length
        tokenizers.trainers.BpeTrainer(vocab_size=n_pieces, initial_alphabet=alphabet, show_progress=False),
    )
    return bpe


def pieces_of(bpe):
    """All pieces by id, as text; a piece that is part of a character shows as its replacement sign."""
    return [bpe.decode([i], skip_special_tokens=False) for i in range(bpe.get_vocab_size())]
