"""Text in a stream: the same documents as from a list, of every kind of file, and refusals that name the place."""

import gzip
import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigpt.commands import pretrain_corpus
from minigpt.data import corpus
from minigpt.data.own import read_documents
from minigpt.support.errors import InputError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

LETTERS = "ab é小\n\n\r\t\u3000"
FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def read(*paths, column="text"):
    return [*corpus.documents(corpus.files(paths), column)]


def assert_streams_correctly(path, text, block, monkeypatch):
    """Blocks of any size give the documents that the whole file gives."""
    path.write_bytes(text.encode())
    with monkeypatch.context() as patch:
        patch.setattr(corpus, "BLOCK", block)
        assert read(path) == read_documents(path)


@FIXTURE
@given(st.text(LETTERS, max_size=60), st.integers(1, 9))
def test_a_stream_has_the_documents_of_the_file(tmp_path, monkeypatch, text, block):
    assert_streams_correctly(tmp_path / "a.txt", text + "\n\nend", block, monkeypatch)


def block_by_block(texts, path):
    for text in texts:
        yield from corpus.SEPARATOR.split(text)


def lost_end(texts, path):
    rest = ""
    for text in texts:
        *whole, rest = corpus.SEPARATOR.split(rest + text)
        yield from whole


@pytest.mark.parametrize("wrong", [block_by_block, lost_end])
def test_the_stream_check_catches(tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(corpus, "paragraphs", wrong)
    with pytest.raises(AssertionError):
        assert_streams_correctly(tmp_path / "a.txt", "one\ntwo\n\nthree", 2, monkeypatch)


def test_a_mark_and_a_character_in_two_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "BLOCK", 2)
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + "小安\r\n\r\n在家".encode())
    assert read(tmp_path / "a.txt") == ["小安", "在家"]
    (tmp_path / "b.txt").write_bytes(b"a\r\nb")  # the line's end too
    assert read(tmp_path / "b.txt") == ["a\nb"]


def written(folder):
    """A folder with a file of every kind, and others; returns its documents in order."""
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("one\n\ntwo")
    (folder / "b.txt.gz").write_bytes(gzip.compress(b"three"))
    rows = "".join(json.dumps({"text": text, "n": 1}) + "\n" for text in (" four\n\nstill ", None, " ", "five"))
    (folder / "c.jsonl").write_text(rows)
    for name, data in (("d.jsonl.zst", b'{"text": "six"}\n'), ("e.TXT.zst", b"seven")):
        with pa.CompressedOutputStream(str(folder / name), "zstd") as file:
            file.write(data)
    table = pa.table({"text": ["eight", None, "nine"], "n": [1, 2, 3]})
    pq.write_table(table, folder / "inner" / "f.parquet", row_group_size=1)
    (folder / "notes.md").write_text("no part of it")
    (folder / ".hidden.txt").write_text("no part of it")
    return ["one", "two", "three", "four\n\nstill", "five", "six", "seven", "eight", "nine"]


def test_a_folder_with_files_of_every_kind(tmp_path):
    expected = written(tmp_path / "all")
    assert read(tmp_path / "all") == expected
    assert read(tmp_path / "all/c.jsonl", tmp_path / "all/a.txt") == ["four\n\nstill", "five", "one", "two"]


def test_packed_in_two_runs(tmp_path):
    """`cat a.zst b.zst`, and the same of gzip, is how people join such files."""
    parts = []
    for text in (b"one\n", b"two"):
        with pa.CompressedOutputStream(str(tmp_path / "part"), "zstd") as file:
            file.write(text)
        parts.append((tmp_path / "part").read_bytes())
    (tmp_path / "a.zst").write_bytes(b"".join(parts))
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two"))
    assert read(tmp_path / "a.zst") == read(tmp_path / "a.gz") == ["one\ntwo"]


def test_a_document_without_end_is_cut(tmp_path, monkeypatch, capsys):
    """Nothing is lost, no word is cut where there is a space, memory is bounded, and it is said once."""
    monkeypatch.setattr(corpus, "LONGEST", 50)
    monkeypatch.setattr(corpus, "BLOCK", 16)
    words = [f"word{i}" for i in range(100)]
    (tmp_path / "long.txt").write_text(" ".join(words) + "\n" + "x" * 120)
    found = read(tmp_path / "long.txt")
    assert all(len(text) <= 50 for text in found) and " ".join(found[:-3]).split() == words
    assert "".join(found[-3:]) == "x" * 120
    (tmp_path / "long.jsonl").write_text(json.dumps({"text": " ".join(words)}))
    assert " ".join(read(tmp_path / "long.jsonl")).split() == words
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2 and all("a document of more than 50 characters was cut" in line for line in told)


def test_text_without_end_is_not_held(monkeypatch):
    monkeypatch.setattr(corpus, "LONGEST", 50)

    def blocks():
        yield from ["x" * 20] * 10
        raise AssertionError("read on, and gave nothing")

    assert next(corpus.paragraphs(blocks(), "a.txt")) == "x" * 50


REFUSED = {
    "latin.txt": ("café au lait".encode("latin-1"), r"latin.txt is not UTF-8 \(.*at byte 3\); save it as UTF-8"),
    "cut.txt": ("ab小".encode()[:-1], r"cut.txt is not UTF-8 \(unexpected end of data at byte 2\)"),
    "nul.txt": (b"a\0b", "nul.txt holds a NUL character"),
    "cut.txt.gz": (gzip.compress(b"some text" * 100)[:-9], "cut.txt.gz is damaged"),
    "no.gz": (b"some text", "no.gz is damaged"),
    "no.txt.zst": (b"some text, not packed", "no.txt.zst is damaged"),
    "no.parquet": (b"some text", "no.parquet is damaged or no parquet file"),
    "other.jsonl": (b'{"text": "a"}\n{"content": "b"}', "other.jsonl, line 2 has no column 'text'; it has content;"),
    "number.jsonl": (b'{"text": 5}', "number.jsonl, line 1: text is 5; it must be text"),
    "half.jsonl": (b'{"text": "\\ud800"}', "half.jsonl, line 1: text holds half a character"),
    "broken.jsonl": (b'{"text": "a"}\n\n{"text', "broken.jsonl, line 3 is not JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_where(tmp_path, monkeypatch, name):
    monkeypatch.setattr(corpus, "BLOCK", 5)
    data, said = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        read(tmp_path / name)


def test_a_cut_zst_is_refused(tmp_path):
    with pa.CompressedOutputStream(str(tmp_path / "a.zst"), "zstd") as file:
        file.write(b"some text " * 100)
    (tmp_path / "a.zst").write_bytes((tmp_path / "a.zst").read_bytes()[:-5])
    with pytest.raises(InputError, match=r"a.zst is damaged"):
        read(tmp_path / "a.zst")


def test_parquet_without_the_column(tmp_path):
    pq.write_table(pa.table({"content": ["a", "b"], "n": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"row 1 has no column 'text'; it has content, n; name the one .* --column"):
        read(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="row 1: n is 1; it must be text"):
        read(tmp_path / "a.parquet", column="n")
    assert read(tmp_path / "a.parquet", column="content") == ["a", "b"]


def test_missing_files_and_libraries(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"nowhere.txt does not exist"):
        read(tmp_path / "nowhere.txt")
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"none holds no file that ends in .txt, .jsonl, .parquet"):
        read(tmp_path / "none")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.zst").write_bytes(b"")
    with pytest.raises(InputError, match="need pyarrow: pip install pyarrow"):
        read(tmp_path / "a.zst")


@given(st.lists(st.text("abc", max_size=9), max_size=40), st.integers(1, 60))
def test_a_sample_is_every_nth_text(texts, most):
    found, every = corpus.sample(iter(texts), most)
    assert found == texts[::every] and (len(found) <= 1 or sum(map(len, found)) <= most)
    assert every == 1 or sum(map(len, texts[:: every // 2])) > most  # no smaller n would do


def test_which_road(tmp_path, monkeypatch):
    """Small text files, packed or not, are held as a list, as the lessons do; all else is encoded first."""
    monkeypatch.setattr(pretrain_corpus, "LARGE", 1000)
    for name, size, large in (("a.txt", 900, False), ("b.txt", 1100, True), ("c.gz", 240, False), ("d.gz", 260, True)):
        (tmp_path / name).write_bytes(b"x" * size)
        assert pretrain_corpus.is_large([str(tmp_path / name)]) is large, name
    assert pretrain_corpus.is_large([str(tmp_path / "a.txt")] * 2)
    assert all(pretrain_corpus.is_large([name]) for name in ("a.jsonl", "b.parquet", "c.txt.zst", str(tmp_path)))
    assert not pretrain_corpus.is_large(["nowhere.txt"])


def test_what_parquet_cannot_do_is_named(tmp_path, monkeypatch):
    """An error of pyarrow that is neither an OSError nor a ValueError, such as a codec that it lacks."""

    def lacking(path):
        raise pa.ArrowKeyError("codec")

    monkeypatch.setattr(pq, "ParquetFile", lacking)
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"a.parquet is damaged or no parquet file \(.*codec"):
        read(tmp_path / "a.parquet")
