"""A corpus as ids on disk: the sequences of `train.documents`, the same training, nothing twice, no stale file."""

import contextlib
import itertools
import os
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_documents import commands as commands_of
from test_packaging import text as page

from minigpt import batch, commands
from minigpt.commands.pretrain_corpus import prepare
from minigpt.data import corpus, token_file, world
from minigpt.data.token_file import Sequences
from minigpt.fast import encode
from minigpt.model import GPT, GPTConfig
from minigpt.support.errors import InputError
from minigpt.support.files import read_json
from minigpt.support.identity import digest
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

TEXTS = world.stories(120, 0)
TOK = Tokenizer.train(TEXTS, 300)
N_CTX = 24
SMALL = ["--vocab-size", "300", "--steps", "4", "--batch-size", "4", "--n-layer", "1", "--n-head", "2"]
SMALL += ["--d-model", "16", "--n-ctx", "24", "--device", "cpu"]


def stored(folder, texts=TEXTS, tok=TOK):
    tok.save(folder)
    encode.pieces_of.cache_clear()
    encode.encode(texts, folder, {})
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("tokens"))


# --- the sequences --------------------------------------------------------------------------------------------------


def assert_cuts_as_documents(places):
    """Documents of 1 to 9 tokens, `<e>` among them, at every n_ctx: the borders are those of `train.documents`."""
    tok = Tokenizer.train(["ab"], 10, "char")
    texts = ["a" * n for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 3, 6, 0)]
    ids = [i for text in texts for i in [*tok.encode(text), tok.end_id]]
    borders = np.cumsum([0, *(len(text) + 1 for text in texts)])
    for n_ctx in range(1, 11):
        starts, ends, counts = places(borders, n_ctx)
        found = [[tok.start_id, *ids[a:b]] for a, b in zip(starts, ends, strict=True)]
        assert found == documents(texts, tok, n_ctx)
        assert counts.tolist() == [len(documents([text], tok, n_ctx)) for text in texts]


def test_sequences_are_those_of_documents():
    assert_cuts_as_documents(token_file.places)


def one_later(borders, n_ctx):
    starts, ends, counts = token_file.places(borders, n_ctx)
    return starts + 1, ends + 1, counts


def end_alone(borders, n_ctx):
    counts = -(-np.diff(borders) // n_ctx)
    starts = [at for a, b in itertools.pairwise(borders) for at in range(a, b, n_ctx)]
    return np.array(starts), np.array([*starts[1:], borders[-1]]), counts


def through_borders(borders, n_ctx):
    starts = np.arange(0, borders[-1], n_ctx)
    return starts, np.append(starts[1:], borders[-1]), -(-np.diff(borders) // n_ctx)


@pytest.mark.parametrize("wrong", [one_later, end_alone, through_borders])
def test_the_cut_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_cuts_as_documents(wrong)


@pytest.mark.parametrize("block", [7, 500_000])
def test_parts_lengths_and_slices(folder, monkeypatch, block):
    monkeypatch.setattr(token_file, "BLOCK", block)
    for part, texts in (
        ("all", TEXTS),
        ("train", [text for i, text in enumerate(TEXTS, start=1) if i % 20]),
        ("fresh", TEXTS[19::20]),
    ):
        sequences, expected = Sequences(folder, N_CTX, part), documents(texts, TOK, N_CTX)
        assert [*sequences] == sequences[:] == expected and len(sequences) == len(expected)
        assert sequences.lengths.tolist() == [*map(len, expected)] and sequences[-1] == expected[-1]
        assert sequences[3:11:2] == expected[3:11:2]
    with pytest.raises(InputError, match="part is 'test'; it must be one of all, train, fresh"):
        Sequences(folder, N_CTX, "test")


def test_large_ids_need_four_bytes(tmp_path):
    letters = [chr(i) for i in range(0x20000, 0x20000 + 70_000)]
    text = letters[0] + letters[69_000]
    for n, size in ((65_532, 2), (70_000, 4)):
        tok = Tokenizer("char", ["<unk>", *letters[:n]])
        assert token_file.dtype_for(tok.vocab_size).itemsize == size
        sequences = Sequences(stored(tmp_path / str(n), [text], tok), N_CTX)
        assert [*sequences] == documents([text], tok, N_CTX)
    assert sequences[0][2] == 69_001 > 1 << 16


def test_digest_tells_texts_apart(tmp_path, folder):
    others = [[*TEXTS[:-1], TEXTS[-1][::-1]], [TEXTS[0] + TEXTS[1], *TEXTS[2:]]]
    told = {Sequences(stored(tmp_path / str(i), texts), N_CTX).digest() for i, texts in enumerate(others)}
    told |= {Sequences(folder, N_CTX, part).digest() for part in token_file.PARTS}
    assert len(told | {Sequences(folder, 25).digest()}) == 6
    assert digest(Sequences(folder, N_CTX)) == Sequences(stored(tmp_path / "again"), N_CTX).digest()


def test_damaged_and_foreign_files_are_refused(tmp_path):
    stored(tmp_path / "a")
    with pytest.raises(InputError, match=rf"written for a vocabulary of {TOK.vocab_size}, the model has 50"):
        batch.check_sequences(Sequences(tmp_path / "a", N_CTX), 50)
    tokens = tmp_path / "a/tokens.bin"
    tokens.write_bytes(tokens.read_bytes()[:-2])
    with pytest.raises(InputError, match=r"tokens.bin should have [\d,]+ bytes and has \d+; delete"):
        Sequences(tmp_path / "a", N_CTX)
    tokens.unlink()
    with pytest.raises(InputError, match=r"tokens.bin should have .* has none"):
        Sequences(tmp_path / "a", N_CTX)
    with pytest.raises(InputError, match=r"card.json does not exist"):
        Sequences(tmp_path / "b", N_CTX)


READ_ALL = """
import re, sys
from minigpt.data.token_file import Sequences
def peak():  # in kB; getrusage would count the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
sequences = Sequences(sys.argv[1], 50_000)
sequences[0]
before = peak()
for sequence in sequences:
    pass
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc, which says how much memory was used")
def test_what_was_read_is_not_kept(tmp_path):
    """100 MB of ids pass by and leave less than 30 MB."""
    n = 50_000_000
    with open(tmp_path / "tokens.bin", "wb") as file:
        file.truncate(2 * n)
    np.arange(0, n + 1, 50_000, dtype=token_file.BORDER).tofile(tmp_path / "borders.bin")
    card = {"vocab_size": 300, "tokens": n, "documents": n // 50_000, "sha256": ""}
    (tmp_path / "card.json").write_text(str(card).replace("'", '"'))
    done = subprocess.run([sys.executable, "-c", READ_ALL, tmp_path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 30_000


# --- training -------------------------------------------------------------------------------------------------------


def small():
    return GPT(GPTConfig(TOK.vocab_size, N_CTX, n_layer=1, n_head=2, d_model=16), 0)


def same_bits(one, other):
    return all((a == b).all() for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_training_reads_the_same_from_disk(tmp_path, folder, monkeypatch):
    """The list and the token file: the same losses and weights to the bit, also after it was stopped."""
    config = TrainConfig(steps=14, batch_size=8, seed=1)
    held, mapped, cut = small(), small(), small()
    sequences = Sequences(folder, N_CTX)
    expected = pretrain(held, documents(TEXTS, TOK, N_CTX), config, progress=False)
    assert pretrain(mapped, sequences, config, progress=False) == expected and same_bits(held, mapped)
    assert evaluate(mapped, sequences[:20]) == evaluate(held, documents(TEXTS, TOK, N_CTX)[:20])

    def stop(log):
        if len(log) == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain(cut, sequences, config, tmp_path, 4, progress=False, watch=stop)
    again = Sequences(folder, N_CTX)
    assert pretrain(small(), again, config, tmp_path, 4, resume=True, progress=False) == expected
    with pytest.raises(InputError, match="another run: documents"):
        pretrain(small(), Sequences(folder, N_CTX, "train"), config, tmp_path, 4, resume=True, progress=False)


# --- encoding -------------------------------------------------------------------------------------------------------


def encoded(text, tok=TOK):
    pieces = encode.Pieces(tok)
    twice = [np.frombuffer(pieces.encode(text), pieces.dtype).tolist() for _ in range(2)]  # the second from memory
    assert twice[0] == twice[1] and twice[0][-1] == tok.end_id
    return twice[0][:-1]


AWKWARD = "ab's .,!?\n\r\t 12é“”’\u3000\x1c\x1d\x85²中。ß\u0301\x01\x7f\xa0_'tll"


@settings(max_examples=200, deadline=None)
@given(st.text(AWKWARD, max_size=20) | st.text(max_size=20))
@example("word " * 30 + "y" * 50)
def test_pieces_have_the_ids_of_the_text(text):
    assert encoded(text) == TOK.encode(text)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (r"\S+|\s+", "a b"),  # the space belongs to the word
        (r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+", "a  b"),  # of two spaces only one does
        (r" ?[A-Za-z]+|\s*\S+|\s+", "the caféé"),  # é is a letter
        (r"\s*\S+|\s+", "!\x1c!\x1c!\x1c!"),  # white space for Python, not for the library
    ],
)
def test_the_pieces_check_catches(monkeypatch, wrong, text):
    tok = Tokenizer.train(["a b  the café !\x1c! éé caféé\x1c " * 9], 340)
    assert encoded(text, tok) == tok.encode(text)
    monkeypatch.setattr(encode, "PIECE", encode.re.compile(wrong))
    assert encoded(text, tok) != tok.encode(text)


@pytest.mark.parametrize("level", ["word", "char"])
def test_other_levels(tmp_path, level):
    tok = Tokenizer.train(TEXTS, 100, level)
    assert [*Sequences(stored(tmp_path, tok=tok), N_CTX)] == documents(TEXTS, tok, N_CTX)


def test_few_pieces_are_remembered(monkeypatch):
    monkeypatch.setattr(encode, "MOST", 5)
    pieces = encode.Pieces(TOK)
    for text in TEXTS:
        pieces.encode(text)
        assert len(pieces) <= 5
    pieces.encode("y" * 99)
    assert "y" * 99 not in pieces


def test_the_order_is_that_of_the_text_whatever_the_shards(tmp_path, folder, monkeypatch):
    for size in (1, 300, 5_000):
        monkeypatch.setattr(encode, "SHARD", size)
        again = stored(tmp_path / str(size))
        assert (again / "tokens.bin").read_bytes() == (folder / "tokens.bin").read_bytes()
        assert read_json(again / "card.json") == read_json(folder / "card.json")


def test_a_shard_is_whole_or_not_there(tmp_path, monkeypatch):
    def half(path, **arrays):
        Path(path).write_bytes(b"half of it")
        raise KeyboardInterrupt

    TOK.save(tmp_path)
    monkeypatch.setattr(encode.np, "savez", half)
    with pytest.raises(KeyboardInterrupt):
        encode.encode_shard(tmp_path, tmp_path / "shards/000000.npz", TEXTS)
    assert [*(tmp_path / "shards").iterdir()] == []


def test_a_process_that_died_is_said():
    class Job:
        def result(self):
            raise BrokenProcessPool

    with pytest.raises(InputError, match=r"has ended early, .* start again: it goes on"):
        encode.finish(Job())


# --- a corpus made once ---------------------------------------------------------------------------------------------


@pytest.fixture
def books(tmp_path):
    (tmp_path / "books").mkdir()
    for name, texts in (("a", TEXTS[:50]), ("b", TEXTS[50:])):
        (tmp_path / f"books/{name}.txt").write_text("\n\n".join(texts))
    return tmp_path / "books"


PREPARE = """
import sys
from pathlib import Path
from minigpt.commands.pretrain_corpus import prepare
from minigpt.fast import encode
if __name__ == "__main__":
    encode.SHARD = 2_000
    prepare(sys.argv[1:2], Path(sys.argv[2]), 300)
"""


def shards_in(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("shards/[0-9]*.npz")}


class Here:
    """A pool that works at once, in this process, and keeps the names of what was done."""

    def __init__(self):
        self.done = []

    def submit(self, does, folder, path, texts):
        self.done.append(path.name)
        does(folder, path, texts)
        return self

    def result(self):
        return None


def test_killed_while_it_encodes_and_started_again(tmp_path, books, monkeypatch):
    """kill -9 in the middle, several processes: what was done is not done again, and the files are the same."""
    (books / "c.txt").write_text("\n\n".join(world.stories(3_000, 1)))
    (tmp_path / "go.py").write_text(PREPARE)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    child = subprocess.Popen([sys.executable, tmp_path / "go.py", books, tmp_path / "cut"], env=env)
    deadline = time.monotonic() + 120
    while len(shards_in(tmp_path / "cut")) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    time.sleep(0.5)  # its processes end with it
    kept = shards_in(tmp_path / "cut")
    assert len(kept) >= 3 and not (tmp_path / "cut/card.json").exists()
    (tmp_path / "cut/shards/.000900.npz.abcdefgh.npz").write_bytes(b"what a killed process left")

    pool = Here()
    monkeypatch.setattr(encode, "SHARD", 2_000)
    monkeypatch.setattr(encode, "processes_for", lambda n: contextlib.nullcontext(pool))
    encode.pieces_of.cache_clear()
    prepare([books], tmp_path / "cut", 300)
    total = len(pool.done) + len(kept)
    assert not kept.keys() & {*pool.done} and {*pool.done, *kept} == {f"{i:06}.npz" for i in range(total)}
    texts = [*corpus.documents(corpus.files([books]))]
    whole = stored(tmp_path / "whole", texts, Tokenizer.load(tmp_path / "cut"))
    for name in ("tokens.bin", "borders.bin"):
        assert (tmp_path / "cut" / name).read_bytes() == (whole / name).read_bytes()
    left = {"borders.bin", "card.json", "tokenizer.json", "tokens.bin"}
    assert {path.name for path in (tmp_path / "cut").iterdir()} == left


def card_of(folder):
    return (folder / "card.json").stat().st_mtime_ns


def test_made_once_and_a_change_is_noticed(tmp_path, books, capsys):
    made, path = tmp_path / "made", books / "a.txt"
    prepare([books], made, 300)
    card, written = read_json(made / "card.json"), card_of(made)
    assert card["sample"]["every"] == 1 and card["sample"]["documents"] == 114 and card["documents"] == 120
    assert [Path(row["path"]).name for row in card["files"]] == ["a.txt", "b.txt"]
    assert card["characters"] == sum(map(len, TEXTS)) and "learnt from" in capsys.readouterr().out
    (made / "shards").mkdir()  # killed while it tidied up
    (made / "shards/000000.npz").write_bytes(b"")
    prepare([books], made, 300)
    assert not (made / "shards").exists()
    os.utime(path, ns=(1, 1))  # copied, say, or moved: the hash is the same
    prepare([books], made, 300)
    prepare([books.rename(tmp_path / "moved")], made, 300)
    (tmp_path / "moved").rename(books)
    assert card_of(made) == written and "learnt from" not in capsys.readouterr().out
    text = path.read_text()
    path.write_text(text[:-3] + "x" + text[-2:])  # of the same length
    with pytest.raises(InputError, match=r"a.txt is not what .*made was made of: it has changed since; take another"):
        prepare([books], made, 300)
    path.write_text(text)
    prepare([books], made, 300)
    (books / "c.txt").write_text("another")
    with pytest.raises(InputError, match="made of 2 files, now there are 3"):
        prepare([books], made, 300)
    (books / "c.txt").unlink()
    for wrong, said in (({"vocab_size": 301}, "vocab_size 300, now it is 301"), ({"level": "char"}, "level bpe")):
        with pytest.raises(InputError, match=f"was made with {said}"):
            prepare([books], made, **{"vocab_size": 300, **wrong})


def test_a_changed_text_is_noticed_before_it_is_whole(tmp_path, books, monkeypatch):
    monkeypatch.setattr(encode, "assemble", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepare([books], tmp_path / "made", 300)
    (books / "b.txt").write_text("another text")
    with pytest.raises(InputError, match=r"b.txt is not what"):
        prepare([books], tmp_path / "made", 300)


def test_the_vocabulary_is_learnt_from_a_sample(tmp_path, books, monkeypatch, capsys):
    monkeypatch.setattr(corpus.sample, "__defaults__", (4_000,))
    prepare([books], tmp_path / "made", 300)
    kept = [text for i, text in enumerate(TEXTS, start=1) if i % 20]
    sampled, every = corpus.sample(kept, 4_000)
    assert every > 1 and Tokenizer.load(tmp_path / "made").pieces == Tokenizer.train(sampled, 300).pieces
    n, total = sum(map(len, sampled)), sum(map(len, TEXTS))
    said = f"learnt from {n:,} of {total:,} characters, {len(sampled)} documents, one of every {every}"
    assert said in capsys.readouterr().out
    assert read_json(tmp_path / "made/card.json")["sample"] == {
        "documents": len(sampled),
        "characters": n,
        "every": every,
    }


# --- the command ----------------------------------------------------------------------------------------------------


def test_both_roads_are_one(tmp_path, books, capsys):
    """A folder and a file with the same text: the same tokenizer, losses and weights to the bit."""
    (tmp_path / "one.txt").write_text("\n\n".join(TEXTS))
    told = {}
    for name, text in (("list", tmp_path / "one.txt"), ("disk", books)):
        assert commands.main(["pretrain", "--text", str(text), "--out", str(tmp_path / name), *SMALL]) == 0
        told[name] = [line for line in capsys.readouterr().out.splitlines() if "nats per token" in line]
    assert told["list"] == told["disk"] and len(told["list"]) == 2
    for name in ("tokenizer.json", "loss.csv", "model.safetensors", "config.json"):
        assert (tmp_path / "list" / name).read_bytes() == (tmp_path / "disk" / name).read_bytes()
    assert {path.name for path in (tmp_path / "disk").iterdir()} - {
        path.name for path in (tmp_path / "list").iterdir()
    } == {"corpus"}
    again = ["pretrain", "--text", str(books), "--out", str(tmp_path / "disk"), *SMALL]
    assert commands.main([*again, "--resume"]) == 0
    assert commands.main(again) == 2
    (books / "a.txt").write_text("another text")
    assert commands.main([*again, "--resume"]) == 2
    assert "a.txt is not what" in capsys.readouterr().err


def test_readmes_folder(tmp_path, books, monkeypatch):
    (line,) = (line for block in commands_of(page("README.md")) for line in block if "--text books" in line)
    monkeypatch.chdir(tmp_path)
    assert commands.main([*shlex.split(line)[1:], *SMALL]) == 0
    assert (tmp_path / "runs/books/model.safetensors").exists() and (tmp_path / "runs/books/corpus/tokens.bin").exists()


def test_rows_and_other_text_to_measure_on(tmp_path, capsys):
    lines = "".join(f'{{"story": "{text}"}}\n' for text in TEXTS)
    for name in ("train.jsonl", "valid.jsonl"):
        (tmp_path / name).write_text(lines)
    given = ["pretrain", "--text", str(tmp_path / "train.jsonl"), "--valid", str(tmp_path / "valid.jsonl")]
    assert commands.main([*given, "--out", str(tmp_path / "out"), *SMALL]) == 2
    assert "has no column 'text'; it has story;" in capsys.readouterr().err
    assert commands.main([*given, "--out", str(tmp_path / "out"), *SMALL, "--column", "story"]) == 0
    assert "valid: 120 documents of" in capsys.readouterr().out
    assert read_json(tmp_path / "out/corpus/card.json")["asked"]["kept_back"] is False
    assert [*Sequences(tmp_path / "out/corpus", 24)] == documents(TEXTS, Tokenizer.load(tmp_path / "out"), 24)
    (tmp_path / "one.txt").write_text("\n\n".join(TEXTS))
    held = ["--text", str(tmp_path / "one.txt"), "--valid", str(tmp_path / "one.txt"), "--out", str(tmp_path / "held")]
    assert commands.main(["pretrain", *held, *SMALL]) == 0
    assert (tmp_path / "held/loss.csv").read_bytes() == (tmp_path / "out/loss.csv").read_bytes()
