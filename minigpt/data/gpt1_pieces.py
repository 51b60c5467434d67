"""GPT-1's byte-pair encoding, out of its two files: words in lower case to pieces, `</w>` at the end of a word.

    encoder_bpe_40000.json or vocab.json     {piece: id}
    vocab_40000.bpe or merges.txt            a merge a line, the most frequent first; the first line is a version

Which words there are is asked elsewhere: in `gpt1_words`, as OpenAI cut them, or in the library's own cutter.
"""

from pathlib import Path

import tokenizers

from minigpt.data import gpt1_words
from minigpt.support.errors import InputError
from minigpt.support.files import read_json

WORDS = ("openai", "hugging-face")
UNKNOWN = "<unk>"  # one piece for every word or character that training did not see


def read(vocabulary, merges, words):
    """The two files as a model of the tokenizers library; `words` and errors as of `Tokenizer.gpt1`."""
    if words not in WORDS:
        raise InputError(f"words {words!r} is not one of {', '.join(WORDS)}")
    ids, merges = read_json(vocabulary), Path(merges)
    try:
        pairs = [tuple(line.split()) for line in merges.read_text(encoding="utf-8").split("\n")[1:] if line]
        check(ids, pairs)
        bpe = tokenizers.Tokenizer(
            tokenizers.models.BPE(ids, pairs, unk_token=UNKNOWN, end_of_word_suffix="</w>", fuse_unk=False)
        )
    except Exception as error:  # the library raises bare exceptions
        raise InputError(f"{merges} and {vocabulary} are no vocabulary of GPT-1 ({error!r}); get both again") from None
    if words == "hugging-face":
        bpe.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
        bpe.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    else:
        gpt1_words.libraries()  # what is missing is said now, not at the first text
    bpe.decoder = tokenizers.decoders.BPEDecoder(suffix="</w>")
    return bpe


def check(ids, pairs):
    """Raise ValueError unless vocabulary and merges are of each other: every longer piece is made by a merge."""
    if UNKNOWN not in ids or sorted(ids.values()) != list(range(len(ids))):
        raise ValueError(f"the vocabulary lacks {UNKNOWN}, or its ids are not 0 to {len(ids) - 1}")
    made = {a + b for a, b in pairs}
    lost = [p for p in ids if p not in made and p != UNKNOWN and len(p.removesuffix("</w>")) > 1]
    strange = [piece for piece in made if piece not in ids]
    if lost or strange:
        raise ValueError(f"no merge makes {lost[:3]}, and the vocabulary lacks {strange[:3]}")
