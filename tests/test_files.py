"""People's own files: what a table, a text or a folder can be like: it is read right, or refused in one line."""

import csv
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError

from minigpt import commands
from minigpt.data.own import read_documents, read_examples
from minigpt.data.table import read_rows
from minigpt.support import tensors, words
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.tokenizer import Tokenizer

ROW = '"the cat sat, ""there""",good\n'
NAMES = {"premise": "p", "hypothesis": "h", "label": "yes"}


def refusal(read, *given):
    """The one line of an InputError."""
    with pytest.raises(InputError) as error:
        read(*given)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- tables ------------------------------------------------------------------------------------------------------


def test_a_quote_that_is_not_closed_loses_no_rows(tmp_path):
    """Behind an open quotation mark 500 rows would be one text; the line where it opens is named."""
    path = tmp_path / "a.csv"
    path.write_text("label,text\n" + "good,fine\n" * 250 + 'bad,"never closed\n' + "good,fine\n" * 250)
    assert "line 252: a quotation mark opens in this row and is never closed" in refusal(
        read_examples, path, "single_text"
    )
    path.write_text("label,text\n" + 'bad,"never closed\n' + 'good,"closed" here\n')
    assert "line 2: a quotation mark closes in this row before" in refusal(read_examples, path, "single_text")
    path.write_text("label,text\n" + 'bad,"two\nlines, ""quoted"""\n' * 3)
    assert [e["text"] for e in read_examples(path, "single_text")] == ['two\nlines, "quoted"'] * 3


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(TEXT, st.sampled_from(["x", "y"])), min_size=1, max_size=8), st.sampled_from([",", "\t"]))
def test_what_is_written_as_a_table_comes_back(tmp_path_factory, rows, separator):
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter=separator)
    table.writerows([("text", "label"), *rows])
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))
    assert [(e["text"], e["label"]) for e in read_examples(path, "single_text")] == rows


@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl", "csv.gz"]), st.booleans())
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, data, ending, with_header):
    path = tmp_path_factory.mktemp("bytes") / f"a.{ending}"
    path.write_bytes(b"text,label\n" * with_header + data)
    try:
        rows = read_examples(path, "single_text")
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(row["text"].strip() and row["label"] for row in rows)


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "CSV"])
def test_endings_and_separators(tmp_path, ending):
    separator = "\t" if ending == "tsv" else ","
    text = f'text{separator}label\r\n"a, b"{separator}good\r\n\r\nc{separator}bad\r\n'
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    assert [(e["text"], e["label"]) for e in read_examples(path, "single_text")] == [("a, b", "good"), ("c", "bad")]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "utf-8-sig"])
def test_what_excel_saves_in_china(tmp_path, encoding, capsys):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\n这家店的菜很好吃,好\n送餐太慢了，不会再来,差\n".encode(encoding))
    assert [e["label"] for e in read_examples(path, "single_text")] == ["好", "差"]
    assert ("read as GBK it holds '这家店的菜" in capsys.readouterr().err) == encoding.startswith("gb")


def test_a_western_encoding_is_not_taken_for_chinese(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\nun café très cher à côté,bon\nla fête était géniale,bon\n".encode("cp1252"))
    assert "not UTF-8" in refusal(read_examples, path, "single_text")


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"PK\x03\x04", "zip"),
        (b"PK\x03\x04xl/workbook", "Excel workbook; in Excel"),
        (b"\xd0\xcf\x11\xe0", "Excel"),
        (b"%PDF-1.4", "PDF"),
    ],
)
def test_what_is_no_table_is_named_with_the_way_out(tmp_path, start, says):
    path = tmp_path / "a.csv"
    path.write_bytes(start + bytes(100))
    assert says in refusal(read_rows, path)


@pytest.mark.parametrize("data", [b"\x1f\x8b" + bytes(20), gzip.compress(b"text,label\na,b\n", mtime=0)[:-6]])
def test_a_damaged_gzip(tmp_path, data):
    (tmp_path / "a.csv.gz").write_bytes(data)
    assert "damaged gzip" in refusal(read_rows, tmp_path / "a.csv.gz")


# --- labels, scores, options -------------------------------------------------------------------------------------


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_labels_are_compared_as_people_see_them(tmp_path, capsys):
    """Spaces around and decomposed letters are no other class; case and width might be, and are said."""
    labels = ["café", "cafe\u0301", " café ", "Café", "ＯＫ", "OK"]
    path = write(tmp_path / "a.jsonl", [{"text": "t", "label": label} for label in labels])
    assert [e["label"] for e in read_examples(path, "single_text")] == ["café"] * 3 + ["Café", "ＯＫ", "OK"]
    err = capsys.readouterr().err
    assert (
        "'Café' (1 rows) and 'café' (3 rows) are different" in err
        and "'OK' (1 rows) and 'ＯＫ'" in err
        and err.count("\n") == 2
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (True, "label is true"),
        (1.0, "label is 1.0"),
        (None, "label is None"),
        ("  ", "label is '  '"),
        ("\ud800", "half a"),
    ],
)
def test_labels_that_a_table_would_write_otherwise(tmp_path, value, says):
    path = write(tmp_path / "a.jsonl", [{"text": "t", "label": value}])
    assert says in refusal(read_examples, path, "single_text")


def test_numbers_as_labels_are_alike_in_both_formats(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": "t", "label": label} for label in (0, 1)])
    (tmp_path / "a.csv").write_text("text,label\nt,0\nt,1\n")
    assert read_examples(path, "single_text") == read_examples(tmp_path / "a.csv", "single_text")


@pytest.mark.parametrize("value", [True, "３.５", "1_000", "1,5", "nan", "inf", "1e400", 10**400, [1], None, "0x10"])
def test_scores_are_numbers_as_people_write_them(tmp_path, value):
    path = write(tmp_path / "a.jsonl", [{"a": "a", "b": "b", "score": value}])
    assert "score is" in refusal(read_examples, path, "similarity")


@pytest.mark.parametrize("value", [3, 3.5, "3.5", " -2 ", "1e3", "+.5"])
def test_scores_that_are(tmp_path, value):
    path = write(tmp_path / "a.jsonl", [{"a": "a", "b": "b", "score": value}])
    assert read_examples(path, "similarity")[0]["score"] == float(value)


def test_a_label_and_a_score(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"a": "a", "b": "b", "score": 1, "label": "x"}])
    assert "both a 'label' and a 'score'" in refusal(read_examples, path, "similarity")
    path = write(tmp_path / "b.jsonl", [{"text": "a", "score": 1, "label": "x"}])
    assert read_examples(path, "single_text") == [{"text": "a", "label": "x"}]


# --- texts and JSON ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u3000", "\xa0 ", "\u2003"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_of_white_space_separates_documents(tmp_path, blank, end):
    path = tmp_path / "a.txt"
    path.write_bytes(f"one{end}still one{end}{blank}{end}two".encode())
    assert read_documents(path) == ["one\nstill one", "two"]


def test_json_that_is_too_deep_too_long_or_not_finite(tmp_path):
    for i, text in enumerate(("[" * 100_000, '{"text": ' + "9" * 5_000 + "}")):
        (tmp_path / f"{i}.jsonl").write_text(text)
        assert "is not JSON" in refusal(read_rows, tmp_path / f"{i}.jsonl")
        assert "is not JSON" in refusal(read_json, tmp_path / f"{i}.jsonl")
    assert "not finite" in refusal(write_json, tmp_path / "a.json", {"score": float("nan")})
    assert not (tmp_path / "a.json").exists()


# --- the command line --------------------------------------------------------------------------------------------

SMALL = ["--level", "word", "--n-layer", "1", "--n-head", "1", "--d-model", "8", "--n-ctx", "48"]
SMALL += ["--steps", "3", "--batch-size", "4", "--device", "cpu"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pre-trained model, a fine-tuned one, and what they were trained on."""
    home = tmp_path_factory.mktemp("road")
    (home / "text.txt").write_text("\n\n".join(["the cat sat there", "the dog ran home"] * 20))
    write(home / "a.jsonl", [{"text": f"the {x}", "label": x} for x in ("cat", "dog") * 4])
    run = [["pretrain", "--text", home / "text.txt", "--out", home / "lm", *SMALL]]
    run.append(
        ["finetune", "single_text", "--model", home / "lm", "--train", home / "a.jsonl", "--test", home / "a.jsonl"]
    )
    run[1] += ["--out", home / "tuned", "--epochs", "1"]
    for command in run:
        assert commands.main([*map(str, command)]) == 0
    return home


def told(capsys, *arguments):
    """What a command that ends well prints."""
    capsys.readouterr()
    assert commands.main([*map(str, arguments)]) == 0
    return capsys.readouterr()


def one_line(capsys, *arguments):
    """The line of a command that refuses."""
    capsys.readouterr()
    assert commands.main([*map(str, arguments)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("minigpt: "), err
    return err


def test_rows_are_counted_and_unknown_words_said(folder, capsys, tmp_path):
    path = write(tmp_path / "b.jsonl", [{"text": "ein Hund lief heim", "label": x} for x in ("cat", "dog")])
    out = told(capsys, "evaluate", "--model", folder / "tuned", "--test", path)
    assert f"test: 2 examples of {path}" in out.out
    assert "does not know 100% of the words of test" in out.err and "--level bpe" in out.err
    out = told(capsys, "evaluate", "--model", folder / "tuned", "--test", folder / "a.jsonl")
    assert "unknown" not in out.out + out.err


def test_pretraining_tells_the_loss_on_fresh_text(folder, capsys, tmp_path):
    out = told(capsys, "pretrain", "--text", folder / "text.txt", "--out", tmp_path / "lm", *SMALL).out
    assert "valid: 2 of them, every 20th" in out and "the mean of the last 3 steps" in out and "fresh text: " in out
    short = tmp_path / "short.txt"
    short.write_text("one\n\ntwo three")
    out = told(capsys, "pretrain", "--text", short, "--out", tmp_path / "lm2", *SMALL).out
    assert "none kept back of fewer than 20" in out and "fresh" not in out.replace("on fresh text", "")
    out = told(capsys, "pretrain", "--text", short, "--valid", short, "--out", tmp_path / "lm3", *SMALL).out
    assert f"valid: 2 documents of {short}" in out and "fresh text: " in out


def test_the_number_of_tokens_that_fit_a_prompt(folder, capsys):
    fit = " ".join(["cat"] * 47)
    told(capsys, "generate", "--model", folder / "lm", "--prompt", fit, "--max-new-tokens", 1)
    assert "48 tokens, and 47 fit" in one_line(capsys, "generate", "--model", folder / "lm", "--prompt", f"{fit} cat")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("generate --model {}/lm --seed 18446744073709551616", "seed is 18446744073709551616"),
        ("generate --model {}/lm --seed -1", "seed is -1"),
        ("generate --model {}/lm --max-new-tokens 1000000000000", "from 1 to 1000000"),
        ("pretrain --text {}/text.txt --out {}/x --vocab-size 1000000000", "from 2 to 1000000"),
        ("pretrain --text {}/text.txt --out {}/x --dropout 1", "dropout is 1.0"),
        ("data world --n 1000000000000", "n is 1000000000000"),
        ("run --seed 99999999999999999999 --out {}/x", "seed is 99999999999999999999"),
        ("ablate --seeds 0 -1 --out {}/x", "seed is -1"),
    ],
)
def test_numbers_at_the_edge(folder, capsys, arguments, says):
    assert says in one_line(capsys, *arguments.replace("{}", str(folder)).split())
    assert not (folder / "x").exists()


NUMBERS = {  # every option that is a number, by command
    "pretrain": ["--vocab-size", "--n-ctx", "--n-layer", "--n-head", "--d-model", "--dropout", "--steps",
                 "--batch-size", "--lr", "--checkpoint-every", "--seed"],
    "finetune": ["--epochs", "--batch-size", "--lr", "--aux", "--accumulate", "--seed"],
    "generate": ["--max-new-tokens", "--temperature", "--top-k", "--top-p", "--seed"],
}  # fmt: skip
EDGES = ["0", "-1", "1e-300", "nan", "inf", "-inf", "1e309", str(2**63), str(10**30), "٣", "1_0", "0.5", "1e400"]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_of_the_command_line(folder, capsys, tmp_path, name):
    """Whatever is given, the command ends well, or with its one line, or with argparse's; never with a traceback."""
    given = {
        "pretrain": ["--text", folder / "text.txt", *SMALL],
        "finetune": ["single_text", "--train", folder / "a.jsonl", "--test", folder / "a.jsonl", "--epochs", 1],
        "generate": ["--model", folder / "lm", "--prompt", "the", "--max-new-tokens", 3],
    }[name]
    for number, (option, value) in enumerate((o, v) for o in NUMBERS[name] for v in EDGES):
        out = [] if name == "generate" else ["--out", tmp_path / str(number)]
        model = ["--model", folder / "lm"] if name == "finetune" else []
        capsys.readouterr()
        try:
            code = commands.main([*map(str, [name, *given, *model, *out, option, value])])
        except SystemExit as stop:
            code = stop.code
            assert "error: argument" in capsys.readouterr().err
        assert code in (0, 2), (option, value)
        if code == 2 and out and not (tmp_path / str(number)).exists():
            continue
        assert code == 0 or not out or not (tmp_path / str(number) / "config.json").exists(), (option, value)


def damaged(data, rng):
    """Bytes as they come from a bad disk, a bad merge or a bad editor."""
    yield b""
    yield data[: len(data) // 2]
    yield bytes(rng.randrange(256) for _ in range(64))
    yield b"[]"
    yield b'{"task": 1}'
    yield data.replace(b"1", b"-7").replace(b'"', b"'", 1)


def test_each_file_of_a_folder_damaged_or_deleted(folder, capsys, tmp_path):
    """Every command that reads the folder ends with one line, or as if nothing were amiss, for each file in turn."""
    rng, tried = random.Random(0), 0
    for kind, command in {
        "tuned": ["evaluate", "--test", folder / "a.jsonl"],
        "lm": ["evaluate", "--text", folder / "text.txt"],
    }.items():
        files = {path.name: path.read_bytes() for path in (folder / kind).iterdir() if path.is_file()}
        for name in files:
            for wrong in (None, *damaged(files[name], rng)):
                home = tmp_path / f"{kind}{tried}"
                home.mkdir()
                for other, data in files.items():
                    if other != name or wrong is not None:
                        (home / other).write_bytes(wrong if other == name else data)
                capsys.readouterr()
                code = commands.main([*map(str, [*command, "--model", home])])
                err = capsys.readouterr().err
                assert code == 0 or (code == 2 and err.count("\n") == 1), (kind, name, wrong, err)
                tried += 1
    assert tried >= 50


def child(arguments, home, env=None, **given):
    """A command in a process of its own, as a shell starts it."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)} | (env or {})
    command = [sys.executable, "-m", "minigpt", *map(str, arguments)]
    return subprocess.run(command, cwd=home, env=env, stderr=subprocess.PIPE, timeout=300, **given)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full is Linux's")
def test_a_full_disk(folder, tmp_path):
    """Also what was to be printed is said not to be, in a line."""
    with open("/dev/full", "w") as full:
        done = child(["data", "world", "--n", 2000], tmp_path, stdout=full)
    assert done.returncode == 2 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


def no_room():
    """In a child: every file ends at 1,000 bytes, as on a disk with no more room."""
    import resource  # not on Windows

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="Windows has no limit of a file's size")
@pytest.mark.parametrize("name", ["pretrain", "finetune"])
def test_a_disk_that_fills_up(folder, tmp_path, name):
    """One line, and nothing left that could be taken for a model: neither a half file nor a hidden one."""
    own = ["--train", folder / "a.jsonl", "--test", folder / "a.jsonl", "--model", folder / "lm", "--epochs", 1]
    more = ["--text", folder / "text.txt", *SMALL] if name == "pretrain" else ["single_text", *own]
    done = child([name, *more, "--out", tmp_path / "out"], tmp_path, stdout=subprocess.PIPE, preexec_fn=no_room)
    lines = [line for line in done.stderr.decode().splitlines() if not re.match("pre-training|fine-tuning", line)]
    lines = [line for line in lines if not line.startswith("minigpt: note: ")]
    assert done.returncode == 2 and len(lines) == 1 and "check the path, the space and the rights" in lines[0], lines
    assert not {"config.json", "model.safetensors"} & {path.name for path in (tmp_path / "out").iterdir()}
    assert not list((tmp_path / "out").glob(".*"))


def test_weights_on_a_full_disk(tmp_path, monkeypatch):
    def fails(*given):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(tensors, "save_file", fails)
    with pytest.raises(OSError, match="cannot be written"):  # which a command says in one line
        tensors.save_tensors(tmp_path / "a.safetensors", {})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}, {"HOME": "/nowhere", "XDG_CACHE_HOME": ""}],
)
def test_another_terminal_or_no_home(folder, tmp_path, env):
    done = child(
        ["data", "world", "--task", "entailment", "--n", 2, "--language", "zh"], tmp_path, env, stdout=subprocess.PIPE
    )
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert [*json.loads(done.stdout.splitlines()[0])] == ["premise", "hypothesis", "label"]  # \u5c0f is JSON too


def test_stdout_is_closed(folder, tmp_path):
    done = child(["generate", "--model", folder / "lm"], tmp_path, preexec_fn=lambda: os.close(1))
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["run", "ablate", "evaluate", "generate", "finetune"])
def test_only_pretraining_runs_in_processes(folder, capsys, monkeypatch, name):
    monkeypatch.setenv("WORLD_SIZE", "2")
    more = {"evaluate": ["--model", folder, "--text", "x"], "generate": ["--model", folder]}.get(name, [])
    more = ["single_text", "--train", "x", "--test", "x", "--out", "y"] if name == "finetune" else more
    assert "without torchrun" in one_line(capsys, name, *more)


def test_a_rank_without_an_address(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RANK", "0")
    for name in ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    line = one_line(capsys, "pretrain", "--text", folder / "text.txt", "--out", tmp_path / "lm", *SMALL)
    assert "MASTER_ADDR" in line and "torchrun" in line


def test_what_a_killed_process_left_is_removed(folder, tmp_path, capsys):
    out = tmp_path / "lm"
    told(capsys, "pretrain", "--text", folder / "text.txt", "--out", out, *SMALL)
    (out / ".checkpoint.safetensors.abcd1234.safetensors").write_bytes(b"half")
    (out / ".loss.csv.abcd1234.csv").write_bytes(b"half")
    (out / ".mine.csv").write_bytes(b"whole")
    told(capsys, "pretrain", "--text", folder / "text.txt", "--out", out, "--resume", *SMALL)
    assert [path.name for path in out.glob(".*")] == [".mine.csv"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a folder that nobody may write to is Linux's")
@pytest.mark.parametrize("name", ["pretrain", "finetune", "run", "ablate"])
def test_a_folder_that_cannot_be_written(folder, capsys, name, monkeypatch):
    """Refused before anything is computed."""
    from minigpt.studies import settings

    monkeypatch.setattr(settings, "toy", lambda *given: pytest.fail("it computes before it looks"))
    own = ["--train", folder / "a.jsonl", "--test", folder / "a.jsonl", "--model", folder / "lm"]
    more = {"pretrain": ["--text", folder / "text.txt", *SMALL], "finetune": ["single_text", *own]}.get(name, [])
    assert "/proc/minigpt" in one_line(capsys, name, *more, "--out", "/proc/minigpt")


@pytest.mark.parametrize(
    "text", ["[]", '{"tasks": 3, "pretraining": 1}', '{"seed": 1, "tasks": {"a": 1}, "pretraining": {}}']
)
def test_metrics_of_another_shape(tmp_path, capsys, text):
    (tmp_path / "metrics.json").write_text(text)
    assert "minigpt" in one_line(capsys, "spread", tmp_path, tmp_path)


def test_another_number_of_processes_is_said(tmp_path, capsys, folder, monkeypatch):
    from minigpt import checkpoint

    run = ["pretrain", "--text", folder / "text.txt", "--out", tmp_path / "lm", *SMALL]
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "n_processes", lambda: 2)
        told(capsys, *run)
    assert "is of 2 processes, now there are 1" in told(capsys, *run, "--resume").err


def test_a_text_with_nothing_to_predict(tmp_path):
    """GPT-1's texts have no markers: one token has no loss, and a mean over none is no number."""
    from minigpt.model import GPT, GPTConfig
    from minigpt.train import evaluate

    with pytest.raises(InputError, match="nothing to predict"):
        evaluate(GPT(GPTConfig(5, 4, 1, 1, 4)), [[1]])


# --- what nine hundred odd inputs found ------------------------------------------------------------------------------


def test_tsv_without_quoting_keeps_its_rows(tmp_path):
    """Most programs that write tabs quote nothing: a quotation mark at both ends of four lines joins none of them."""
    path = tmp_path / "a.tsv"
    path.write_text(
        'text\tlabel\n"I saw a cat .\tgood\na dog, he sat .\tbad\nthe cat ran ."\tbad\n"Hi" he said\tgood\n'
    )
    rows = read_examples(path, "single_text")
    assert [row["label"] for row in rows] == ["good", "bad", "bad", "good"] and rows[0]["text"] == '"I saw a cat .'
    path.write_text("text, or more\tlabel\na, b\tgood\n")
    assert read_rows(path)[0][1] == {"text, or more": "a, b", "label": "good"}


def test_a_cell_that_swallowed_rows_is_said(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text('text,label\n"first,good\nsecond,bad\nthird",good\n')
    read_examples(path, "single_text")
    assert "a cell holds 1 lines that look like rows" in capsys.readouterr().err


def test_excels_empty_columns_and_its_capitals(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Text,Label,,\nthe cat,good,,\nthe dog,bad\n")
    assert [row["label"] for row in read_examples(path, "single_text")] == ["good", "bad"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", '[{"text": "a", "label": "x"},\n{"text": "b", "label": "y"}]', "one JSON array"),
        ("a.jsonl", '{"text": "a", "text": "b", "label": "x"}', "a key stands twice"),
        ("a.jsonl", '{"text": "a", "label": NaN}', "label is nan: it is missing"),
        ("a.csv", '{"text": "a", "label": "x"}', "end in .jsonl"),
        ("a.csv", "text,label\na\n", "is a cell missing?"),
        ("a.csv", "text,label\na\0b,x\n", "NUL"),
    ],
)
def test_rows_of_another_shape(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    assert says in refusal(read_examples, tmp_path / name, "single_text")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("shift_jis", "これはとても良い店です。また来たい。"), ("euc_kr", "음식이 정말 맛있어요 다시 올게요 최고의 식당")],
)
def test_japanese_and_korean_are_not_read_as_chinese(tmp_path, encoding, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert "not UTF-8" in refusal(read_documents, path)


def test_numbers_under_label_belong_under_score(tmp_path):
    (tmp_path / "a.csv").write_text("a,b,label\nx,y,0.3\nx,z,0.7\n")
    assert "belong in a column `score`" in refusal(read_examples, tmp_path / "a.csv", "similarity")


def test_options_of_other_data_are_refused(capsys):
    assert "--split test is not for the toy world" in one_line(capsys, "data", "world", "--split", "test")
    assert "--n 3 is not for wikitext-2" in one_line(capsys, "data", "wikitext-2", "--n", 3)


def test_an_empty_value_is_no_folder(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for option in ("--model", "--out", "--train"):
        given = {"--train": folder / "a.jsonl", "--test": folder / "a.jsonl", "--out": "x", "--model": folder / "lm"}
        flat = [str(x) for pair in (given | {option: ""}).items() for x in pair]
        assert f"{option} is empty" in one_line(capsys, "finetune", "single_text", *flat)
    assert [*tmp_path.iterdir()] == []


def test_nobodys_files_are_written_over(folder, capsys, tmp_path):
    for name in ("loss.csv", "tokenizer.json", "model.safetensors", "loss.png", "head.safetensors"):
        out = tmp_path / name.replace(".", "_")
        out.mkdir()
        (out / name).write_text("mine")
        assert name in one_line(capsys, "pretrain", "--text", folder / "text.txt", "--out", out, *SMALL)
        assert [(file.name, file.read_text()) for file in out.iterdir()] == [(name, "mine")]


def test_what_was_cut_and_what_is_trained_on_too_are_said(folder, capsys, tmp_path):
    long = write(tmp_path / "long.jsonl", [{"text": "the cat " * 100, "label": x} for x in ("cat", "dog")])
    out = told(capsys, "evaluate", "--model", folder / "tuned", "--test", long)
    assert "2 of the 2 test examples were longer than n_ctx 48 and were cut" in out.out
    text = folder / "text.txt"
    out = told(capsys, "pretrain", "--text", text, "--text", text, "--valid", text, "--out", tmp_path / "x", *SMALL)
    assert "text: 80 documents" in out.out and "are trained on too" in out.err


def test_a_last_step_that_diverged_is_no_model(folder, capsys, tmp_path):
    """The loss of the only step is fine; the weights behind it are not."""
    one = [*SMALL, "--steps", 1, "--lr", "1e38"]
    capsys.readouterr()
    assert commands.main([*map(str, ["pretrain", "--text", folder / "text.txt", "--out", tmp_path / "x", *one])]) == 2
    assert "diverged" in capsys.readouterr().err and not (tmp_path / "x" / "config.json").exists()


@pytest.mark.parametrize(
    "changed", [{"n_layer": 10**9}, {"n_ctx": 10**9}, {"d_model": 10**6}, {"vocab_size": 10**12}, None, []]
)
def test_a_configuration_of_silly_sizes(folder, capsys, tmp_path, changed):
    """Compared with the file of weights before a model of those sizes is made."""
    shutil.copytree(folder / "lm", tmp_path / "lm")
    config = json.loads((tmp_path / "lm" / "config.json").read_text())
    wrong = config | changed if isinstance(changed, dict) and changed else changed
    (tmp_path / "lm" / "config.json").write_text(json.dumps(wrong))
    assert str(tmp_path / "lm") in one_line(capsys, "generate", "--model", tmp_path / "lm")


@pytest.mark.parametrize(("name", "value"), [("WORLD_SIZE", "two"), ("RANK", "x"), ("MASTER_PORT", "x"), ("RANK", "3")])
def test_an_environment_that_does_not_fit(folder, capsys, tmp_path, monkeypatch, name, value):
    for key, usual in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(key, value if key == name else usual)
    one_line(capsys, "pretrain", "--text", folder / "text.txt", "--out", tmp_path / "x", *SMALL)
    assert not (tmp_path / "x").exists()


def test_an_old_profiles_backend_loses_no_model(folder, tmp_path):
    run = ["pretrain", "--text", folder / "text.txt", "--out", tmp_path / "lm", *SMALL]
    done = child(run, tmp_path, {"MPLBACKEND": "Qt4Agg"}, stdout=subprocess.PIPE)
    assert done.returncode == 0 and (tmp_path / "lm" / "loss.png").exists()


def test_stderr_is_closed_or_full(folder, tmp_path):
    for number, close in enumerate((lambda: os.close(2), lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 2))):
        run = ["pretrain", "--text", folder / "text.txt", "--out", tmp_path / str(number), *SMALL]
        assert child(run, tmp_path, stdout=subprocess.PIPE, preexec_fn=close).returncode == 0
        assert (tmp_path / str(number) / "config.json").exists()


def test_one_class_in_the_test_set(folder, capsys, tmp_path, recwarn):
    path = write(tmp_path / "b.jsonl", [{"text": "the cat", "label": "cat"}] * 2)
    told(capsys, "evaluate", "--model", folder / "tuned", "--test", path)
    assert not [w for w in recwarn if "confusion" in str(w.message) or "single label" in str(w.message)]


def test_a_long_run_of_letters_is_learnt_in_its_length(tmp_path):
    """BPE's time grows with the square of a word's length; DNA, or a file of one letter, has words of any length."""
    tok = Tokenizer.train(["acgt" * 50_000], 300)
    assert tok.decode(tok.encode("acgt" * 300)) == "acgt" * 300


def test_vowel_signs_belong_to_their_letter():
    for text in ("हिन्दी में", "café", "สวัสดี", "naïve"):
        assert words.join(words.split(text)) == unicodedata.normalize("NFC", text) and len(words.split(text)) <= 2
    assert words.split("cafe\u0301") == words.split("café") == ["café"]


def test_a_vocabulary_without_its_merges(tmp_path):
    (tmp_path / "vocab.json").write_text(json.dumps({"<unk>": 0, "a": 1, "b</w>": 2, "ab</w>": 3}))
    for text, good in (("#version\na b</w>\n", True), ("#version\n", False), ("#version\nx y\na b</w>\n", False)):
        (tmp_path / "merges.txt").write_text(text)
        if good:
            assert Tokenizer.gpt1(tmp_path / "vocab.json", tmp_path / "merges.txt").encode("ab") == [3]
        else:
            assert "no vocabulary of GPT-1" in refusal(Tokenizer.gpt1, tmp_path / "vocab.json", tmp_path / "merges.txt")


def test_a_bad_line_among_good_ones_is_only_that(tmp_path):
    good = '{"text": "a", "label": "x"}\n'
    (tmp_path / "a.jsonl").write_text(good * 3 + '{"text": "a", "label": }\n' + good)
    line = refusal(read_rows, tmp_path / "a.jsonl")
    assert "line 4 is not JSON" in line and "array" not in line
    (tmp_path / "b.jsonl").write_text('{\n "text": "a"\n}\n')
    assert "line 1 is not JSON" in refusal(read_rows, tmp_path / "b.jsonl")
