"""The vocabulary: round trips, markers outside of it, unseen words, saving, refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.support import words
from minigpt.support.errors import InputError
from minigpt.tokenizer import LEVELS, Tokenizer

TEXTS = [
    "The cat saw <s> and $ 5 in the garden.",
    "小猫看见了花园。它说：“好！”",
    "isn't it?  two  spaces\nand a line",
]
TRAINED = {level: Tokenizer.train(TEXTS, 600, level) for level in LEVELS}


@given(st.text())
def test_bpe_keeps_every_text(text):
    tok = TRAINED["bpe"]
    assert tok.decode(tok.encode(text)) == text


@given(st.text(alphabet="".join(TEXTS)))
def test_char_keeps_every_seen_character(text):
    tok = TRAINED["char"]
    assert tok.decode(tok.encode(text)) == text


@given(st.text())
def test_word_keeps_the_words(text):
    """White space is not kept; the words are: cutting, joining and cutting again changes nothing."""
    assert words.split(words.join(words.split(text))) == words.split(text)


@pytest.mark.parametrize("text", ["The cat saw the garden.", "小猫看见了花园。", "isn't it?"])
def test_word_writes_normal_text(text):
    tok = TRAINED["word"]
    assert tok.decode(tok.encode(text)) == text


@pytest.mark.parametrize("level", LEVELS)
@given(text=st.text() | st.sampled_from(["<s>", "$", "<e>", "<s> a $ b <e>", "<unk>", "[CLS]", "<|endoftext|>"]))
def test_no_text_is_a_marker(level, text):
    tok = TRAINED[level]
    assert all(0 <= i < tok.start_id for i in tok.encode(text))


@pytest.mark.parametrize("level", LEVELS)
def test_no_text_is_a_marker_after_loading(level, tmp_path):
    """The setting of the BPE library that would guard typed markers does not survive saving; ours needs none."""
    TRAINED[level].save(tmp_path)
    tok = Tokenizer.load(tmp_path)
    for text in [*TEXTS, "<s> a $ b <e>"]:
        assert tok.encode(text) == TRAINED[level].encode(text)
        assert all(i < tok.start_id for i in tok.encode(text))
    assert tok.vocab_size == TRAINED[level].vocab_size


@pytest.mark.parametrize("level", LEVELS)
def test_markers_follow_the_vocabulary(level):
    tok = TRAINED[level]
    n = len(tok.pieces)
    assert (tok.start_id, tok.delimiter_id, tok.end_id, tok.vocab_size) == (n, n + 1, n + 2, n + 3)
    assert tok.vocab_size <= 600
    assert tok.decode([tok.start_id, *tok.encode("it"), tok.end_id]) == "<s> it <e>"


def test_unseen_words_become_unk():
    tok = TRAINED["word"]
    assert tok.split("the zebra saw") == ["the", "<unk>", "saw"]
    assert tok.encode("斑") == [0]


def test_vocabulary_is_the_most_frequent_words():
    tok = Tokenizer.train(["a a a b b c"], 6, "word")
    assert tok.pieces == ["<unk>", "a", "b"]


@pytest.mark.parametrize("level", LEVELS)
def test_training_is_deterministic(level):
    assert Tokenizer.train(TEXTS, 600, level).pieces == TRAINED[level].pieces


@settings(max_examples=20)
@given(st.integers(), st.sampled_from(LEVELS))
def test_decode_refuses_other_ids(i, level):
    tok = TRAINED[level]
    if 0 <= i < tok.vocab_size:
        tok.decode([i])
    else:
        with pytest.raises(InputError, match=f"token id {i} at position 0"):
            tok.decode([i])


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((["a"], 100, "byte"), "level 'byte'"),
        (("a text", 100, "word"), r"write \[text\]"),
        (([], 100, "word"), "no text"),
        (([" "], 100, "char"), "no text"),
        ((["a"], 200, "bpe"), "at least 259"),
        (([1], 100, "word"), "must be a str"),
        ((["\ud800"], 300, "bpe"), "surrogate"),
    ],
)
def test_training_refuses(arguments, names):
    with pytest.raises(InputError, match=names):
        Tokenizer.train(*arguments)


@pytest.mark.parametrize("saved", ["{}", '{"level": "bpe", "bpe": "{}"}', '{"level": "syllable"}', "["])
def test_load_refuses(tmp_path, saved):
    (tmp_path / "tokenizer.json").write_text(saved)
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        Tokenizer.load(tmp_path)
