"""GPT-1's words as OpenAI cut them: its published behaviour on its own pieces, both ways, and what stays of a text."""

import difflib
import json
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.data import gpt1_words
from minigpt.pretrained import load_openai_tokenizer
from minigpt.studies import gpt1_words as study
from minigpt.support.errors import InputError
from minigpt.tokenizer import Tokenizer

GPT1_FILES = Path(__file__).resolve().parents[2] / "shared" / "gpt1"  # OpenAI's two vocabulary files, where present


@pytest.fixture(scope="module")
def vocabulary():
    if not GPT1_FILES.is_dir():
        pytest.skip(f"no {GPT1_FILES}: OpenAI's vocabulary is not part of this project")
    return GPT1_FILES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't", "do n't"),
        ("Anna's café", "anna 's café"),
        ("wait—what…", "wait - what ..."),
        ("“Why?!” she asked", '" why ? ! " she asked'),
        ("no!!! (really)", "no ! ! ! ( really )"),
        ("Mr. Brown paid $3.50 in the U.S.", "mr. brown paid $ 3.50 in the u.s."),
        ("sheâ€™s", "she 's"),  # read in a wrong encoding
        ("a\t b", "a b"),
    ],
)
def test_words(text, words):
    assert gpt1_words.split(text) == words.split(" ")


def test_a_line_end_is_a_word():
    assert gpt1_words.split("One.\n\n Two.\n") == ["one", ".", "\n", "two", "."]


@given(st.text(st.sampled_from(string.ascii_letters + string.digits + " .,!?'\n-éü中"), max_size=60))
def test_nothing_is_lost_but_space_and_capitals(text):
    kept = "".join(gpt1_words.split(text)).replace("\n", "")
    assert kept == "".join(text.split()).lower()


def test_openais_pieces(vocabulary):
    """What its own vocabulary was learnt from: clitics, accents and a line's end are pieces of their own."""
    tok = load_openai_tokenizer(vocabulary)
    ids = json.loads((vocabulary / "encoder_bpe_40000.json").read_text(encoding="utf-8"))
    assert (ids["n't</w>"], ids["'s</w>"], ids["é"]) == (538, 535, 62)
    assert tok.encode("don't") == [ids["do</w>"], 538]
    assert tok.encode("Anna's café") == [*tok.encode("Anna"), 535, ids["café</w>"]]
    assert tok.encode("a\n\nb") == [ids["a</w>"], ids["\n</w>"], ids["b</w>"]]
    theirs = load_openai_tokenizer(vocabulary, words="hugging-face")
    assert theirs.split("Don't, café") == ["don", "'", "t", ",", "cafe"]
    assert theirs.encode("a cat sat .") == tok.encode("a cat sat .")


def test_both_survive_saving(vocabulary, tmp_path):
    for words in ("openai", "hugging-face"):
        tok = load_openai_tokenizer(vocabulary, words)
        tok.save(tmp_path / words)
        again = Tokenizer.load(tmp_path / words)
        assert again.words == words and again.encode("Don't go, Zoë!") == tok.encode("Don't go, Zoë!")


def test_files_from_before_there_were_two_ways_read_as_they_did(vocabulary, tmp_path):
    tok = load_openai_tokenizer(vocabulary, "hugging-face")
    tok.save(tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    del saved["words"]
    (tmp_path / "tokenizer.json").write_text(json.dumps(saved), encoding="utf-8")
    assert Tokenizer.load(tmp_path).encode("Don't go") == tok.encode("Don't go")


@pytest.mark.parametrize("name", ["ftfy", "spacy.lang.en"])
def test_what_is_not_installed_is_named(monkeypatch, name):
    gpt1_words.libraries.cache_clear()
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=f"{name}.*pip install spacy ftfy"):
        gpt1_words.split("a")
    gpt1_words.libraries.cache_clear()


NO_NETWORK = """
import socket, sys

def refuse(*given, **named):
    raise SystemExit("asked the network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from minigpt.data import gpt1_words
assert "spacy" not in sys.modules and "ftfy" not in sys.modules  # at import nobody waits for them
print(" ".join(gpt1_words.split("Mr. Brown doesn't know")))
"""


def test_spacys_rules_are_no_download(tmp_path):
    """In a process without network, and in a folder of its own, so that no model can lie beside."""
    done = subprocess.run([sys.executable, "-c", NO_NETWORK], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "mr. brown does n't know\n", done.stderr


@pytest.mark.parametrize("words", ["spaCy", "", 3])
def test_a_file_with_an_unknown_way_is_refused(tmp_path, words):
    (tmp_path / "a.json").write_text(json.dumps({"<unk>": 0, "a": 1, "a</w>": 2}))
    (tmp_path / "a.bpe").write_text("#version: 0.2\n")
    Tokenizer.gpt1(tmp_path / "a.json", tmp_path / "a.bpe").save(tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps(saved | {"words": words}), encoding="utf-8")
    with pytest.raises(InputError, match="no tokenizer of minigpt"):
        Tokenizer.load(tmp_path)


def test_an_unknown_way_is_refused(tmp_path):
    with pytest.raises(InputError, match="openai, hugging-face"):
        Tokenizer.gpt1(tmp_path / "a", tmp_path / "b", words="spacy")


@pytest.mark.parametrize("kind", study.EXAMPLES)
def test_each_kind_of_difference_has_its_example(kind):
    found = [study.kind_of(*pair) for pair in study.differences(study.EXAMPLES[kind])]
    assert found and set(found) == {kind}


def test_differences_are_all_there_is():
    """Between them the words are the same, both ways."""
    text = "\n".join(study.EXAMPLES.values())
    ours, theirs = gpt1_words.split(text), study.hugging_face(text)
    for words, side in ((ours, 0), (theirs, 1)):
        apart = [word for pair in study.differences(text) for word in pair[side]]
        assert sorted(words) == sorted([*apart, *common(ours, theirs)])
    assert study.differences("a cat sat .") == []


def common(ours, theirs):
    blocks = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return [word for block in blocks for word in ours[block.a : block.a + block.size]]


def test_the_table_of_differences(vocabulary, real_data, tmp_path):
    """On real sentences: most with a clitic in dialogues, and no sentence of others is printed."""
    for i in range(2):
        (tmp_path / f"{i}.txt").write_text(
            "He said that it was so. She didn't think that it was. " * 9, encoding="utf-8"
        )
    ways = [load_openai_tokenizer(vocabulary, words) for words in ("openai", "hugging-face")]
    sources = study.sentences(tmp_path)
    assert {name: len(found) for name, found in sources.items()} == {"TREC": 250, "SICK": 250, "DREAM": 250, "books": 2}
    found = {name: study.rows(texts, *ways) for name, texts in sources.items()}
    assert found["books"]["clitic"] == 1 and found["books"]["of these with other pieces"] == 1
    assert found["DREAM"]["clitic"] > found["SICK"]["clitic"]
    printed = "\n".join(study.table(sources, *ways))
    assert len(printed.splitlines()) == 2 + 4 + len(study.EXAMPLES)
    assert not any(text in printed for texts in sources.values() for text in texts if len(text) > 20)
