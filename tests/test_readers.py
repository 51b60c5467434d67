"""Real data sets: each parser on made-up text, each error, and the counts of the real files if they are at hand."""

import copy
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.data import blimp, gutenberg, next_sentence, real, real_rows, registry
from minigpt.support.errors import InputError

FIELDS = ["pair_ID", "sentence_A", "sentence_B", "entailment_label", "relatedness_score", "SemEval_set"]
quick = settings(max_examples=40, deadline=None)
COUNTS = {  # rows of train, dev, test
    "trec": (4906, 546, 500),
    "waimai": (8621, 957, 2395),
    "sick-entailment": (4439, 495, 4906),
    "sick-relatedness": (4439, 495, 4906),
    "ocnli": (8987, 998, 2950),
    "dream": (6116, 2040, 2041),
    "c3": (6012, 1991, 2002),
    "acceptability": (9_000, 1_800, 5_200),
    "next-sentence": (6_000, 1_200, 2_000),
}
TEST_LABELS = {
    "trec": {
        "description": 138,
        "entity": 94,
        "abbreviation": 9,
        "human": 65,
        "location": 81,
        "numeric": 113,
    },
    "waimai": {"good": 799, "bad": 1596},
    "sick-entailment": {"neutral": 2790, "entailment": 1404, "contradiction": 712},
    "ocnli": {"neutral": 1103, "entailment": 947, "contradiction": 900},
    "dream": {0: 626, 1: 704, 2: 711},
    "c3": {0: 470, 1: 557, 2: 498, 3: 477},
    "acceptability": {"good": 2_600, "bad": 2_600},
    "next-sentence": {0: 489, 1: 502, 2: 519, 3: 490},
}
TRAIN_LABELS = {  # train and dev together where dev is cut from train
    "trec": {
        "description": 1162,
        "entity": 1250,
        "abbreviation": 86,
        "human": 1223,
        "location": 835,
        "numeric": 896,
    },
    "waimai": {"good": 4000 - 7 - 799, "bad": 7987 - 7 - 1596},
    "sick-entailment": {"neutral": 2524, "entailment": 1274, "contradiction": 641},
    "ocnli": {"neutral": 3434, "entailment": 3309, "contradiction": 3242},
    "dream": {0: 1979, 1: 2067, 2: 2070},
    "c3": {0: 1470, 1: 1706, 2: 1509, 3: 1327},  # 6013 questions, less the one with two right options
    "acceptability": {"good": 4_500, "bad": 4_500},
    "next-sentence": {0: 1530, 1: 1462, 2: 1534, 3: 1474},
}
COLUMNS = {
    "trec": {"text", "label"},
    "waimai": {"text", "label"},
    "sick-entailment": {"premise", "hypothesis", "label"},
    "ocnli": {"premise", "hypothesis", "label"},
    "sick-relatedness": {"a", "b", "score"},
    "dream": {"passage", "question", "options", "label"},
    "c3": {"passage", "question", "options", "label"},
    "acceptability": {"text", "label"},
    "next-sentence": {"passage", "question", "options", "label"},
}


# Writers of each format, the parsers' opposites.


def sick_file(rows, columns=FIELDS):
    lines = ["\t".join(columns), *("\t".join(map(str, row)) for row in rows)]
    return "\r\n".join(lines).encode()


def sick_row(a="one cat", b="a cat", label="NEUTRAL", score=3.5, split="TRAIN"):
    return ["1", a, b, label, score, split]


def dream_file(*entries):
    return json.dumps(entries, indent=1).replace("\n", "\r\n").encode()


def asked(question="Who?", choice=("Ann", "Bo"), answer="Bo"):
    return {"question": question, "choice": list(choice), "answer": answer}


def waimai_file(rows, header=("label", "review")):
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    return file.getvalue().encode()


def ocnli_file(*rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def pair(premise="one cat", hypothesis="a cat", label="neutral"):
    return {"sentence1": premise, "sentence2": hypothesis, "label": label, "id": 7}


def texts(without="", **alphabet):
    """Any text, foreign and odd signs too, that has no white space around it."""
    signs = st.characters(exclude_characters=without, exclude_categories=["Cs"], **alphabet)
    return st.text(signs, min_size=1).map(str.strip).filter(bool)


# Each parser gives back what its format holds.


@quick
@given(st.lists(st.tuples(st.sampled_from("012345"), texts("\n", max_codepoint=255)), min_size=1))
def test_trec_comes_back(rows):
    data = "".join(f"{label} {text}\n" for label, text in rows).encode("latin-1")
    names = ["description", "entity", "abbreviation", "human", "location", "numeric"]
    assert real_rows.parse_trec(data) == [{"text": text, "label": names[int(label)]} for label, text in rows]


SENTENCE = texts("\t\r\n")
LABELS = st.sampled_from(["ENTAILMENT", "NEUTRAL", "CONTRADICTION"])
SCORES = st.floats(1, 5)


@quick
@given(st.lists(st.tuples(SENTENCE, SENTENCE, LABELS, SCORES, st.sampled_from(["TRAIN", "TRIAL", "TEST"]))))
def test_sick_comes_back(rows):
    split = {"TRAIN": "train", "TRIAL": "dev", "TEST": "test"}
    assert real_rows.parse_sick(sick_file(sick_row(*row) for row in rows)) == [
        {"a": a, "b": b, "label": label.lower(), "score": score, "split": split[part]}
        for a, b, label, score, part in rows
    ]


def test_sick_goes_by_column_name_and_keeps_quotation_marks():
    columns, row = FIELDS[::-1], sick_row(a='"a cat', b='a "cat"')[::-1]
    (found,) = real_rows.parse_sick(sick_file([row], columns))
    assert (found["a"], found["b"]) == ('"a cat', 'a "cat"')


@quick
@given(
    passage=st.lists(texts(), min_size=1),
    question=texts(),
    options=st.lists(texts(), min_size=2, max_size=4, unique=True),
    data=st.data(),
)
def test_dream_comes_back(passage, question, options, data):
    label = data.draw(st.integers(0, len(options) - 1))
    entry = [passage, [asked(question, options, options[label])], "id"]
    row = {"passage": "\n".join(passage), "question": question, "options": options, "label": label}
    assert real_rows.parse_dream(dream_file(entry, entry)) == [row, row]


def test_c3_drops_a_question_with_two_right_options_only():
    entry = [["a text"], [asked(choice="xyy", answer="y"), asked(choice="xxy", answer="y"), asked()], "id"]
    assert [row["options"] for row in real_rows.parse_c3(dream_file(entry))] == [["x", "x", "y"], ["Ann", "Bo"]]


@quick
@given(st.lists(st.tuples(st.sampled_from("01"), texts())))
def test_waimai_comes_back(rows):
    expected = [{"text": review, "label": {"1": "good", "0": "bad"}[label]} for label, review in rows]
    assert real_rows.parse_waimai(waimai_file(rows)) == expected


@quick
@given(
    st.lists(
        st.tuples(texts(), texts(), st.sampled_from(["entailment", "neutral", "contradiction", "-"])),
        min_size=1,
    )
)
def test_ocnli_comes_back_without_undecided_pairs(rows):
    expected = [{"premise": a, "hypothesis": b, "label": label} for a, b, label in rows if label != "-"]
    assert real_rows.parse_ocnli(ocnli_file(*(pair(*row) for row in rows))) == expected


def test_waimai_quotes_where_needed():
    rows = real_rows.parse_waimai(b'label,review\n1,so good\n0,"cold, ""fresh"" it is not"\n')
    assert rows == [{"text": "so good", "label": "good"}, {"text": 'cold, "fresh" it is not', "label": "bad"}]


def test_white_space_inside_a_text_stays():
    assert real_rows.parse_trec(b"3  Who  is\tit ? \r\n") == [{"text": "Who  is\tit ?", "label": "human"}]


# Damaged files.

DAMAGED = {
    "trec, unknown label": (real_rows.parse_trec, b"0 a b\n6 a b", ["row 2", "'6'", "0, 1, 2, 3, 4, 5"]),
    "trec, no space": (real_rows.parse_trec, b"3", ["row 1", "''", "a text"]),
    "trec, empty line": (real_rows.parse_trec, b"0 a\n\n0 b", ["row 2", "''"]),
    "sick, a cell short": (real_rows.parse_sick, sick_file([sick_row()[:-1]]), ["row 1", "None", "a text"]),
    "sick, a cell more": (
        real_rows.parse_sick,
        sick_file([[*sick_row(), "x"]]),
        ["row 1", "'x'", "last column"],
    ),
    "sick, column": (
        real_rows.parse_sick,
        sick_file([sick_row()], ["x", *FIELDS[1:-1], "y"]),
        ["row 1", "'SemEval_set'", "x"],
    ),
    "sick, label": (
        real_rows.parse_sick,
        sick_file([sick_row(), sick_row(label="MAYBE")]),
        ["row 2", "'maybe'", "neutral"],
    ),
    "sick, split": (
        real_rows.parse_sick,
        sick_file([sick_row(split="DEV")]),
        ["row 1", "'DEV'", "TRAIN, TRIAL, TEST"],
    ),
    "sick, high score": (
        real_rows.parse_sick,
        sick_file([sick_row(score=5.1)]),
        ["row 1", "5.1", "from 1 to 5"],
    ),
    "sick, low score": (
        real_rows.parse_sick,
        sick_file([sick_row(score=0.9)]),
        ["row 1", "0.9", "from 1 to 5"],
    ),
    "sick, nan": (real_rows.parse_sick, sick_file([sick_row(score="nan")]), ["row 1", "nan", "from 1 to 5"]),
    "sick, no score": (real_rows.parse_sick, sick_file([sick_row(score="high")]), ["row 1", "'high'", "float"]),
    "sick, empty": (real_rows.parse_sick, sick_file([sick_row(b=" ")]), ["row 1", "' '", "a text"]),
    "dream, no JSON": (real_rows.parse_dream, b'[[["a"', ["delimiter", "line 1"]),
    "dream, no list": (real_rows.parse_dream, b"3", ["int", "iterable"]),
    "dream, short entry": (real_rows.parse_dream, dream_file([["a"], []]), ["row 1", "expected 3"]),
    "dream, passage": (
        real_rows.parse_dream,
        dream_file(["a", [asked()], "id"]),
        ["row 1", "'a'", "a list of texts"],
    ),
    "dream, options": (
        real_rows.parse_dream,
        dream_file([["a"], [{**asked(), "choice": "Bo"}], "id"]),
        ["row 1", "a list"],
    ),
    "dream, answer": (
        real_rows.parse_dream,
        dream_file([["a"], [asked(answer="Cy")], "id"]),
        ["row 1", "'Cy'", "Ann, Bo"],
    ),
    "dream, column": (
        real_rows.parse_dream,
        dream_file([["a"], [{"question": "a"}], "id"]),
        ["row 1", "'choice'", "question"],
    ),
    "dream, no question": (
        real_rows.parse_dream,
        dream_file([["a"], [asked(" ")], "id"]),
        ["row 1", "' '", "a text"],
    ),
    "waimai, label": (real_rows.parse_waimai, waimai_file([(1, "a"), (2, "b")]), ["row 2", "'2'", "1, 0"]),
    "waimai, comma": (real_rows.parse_waimai, b"label,review\n1,a,b", ["row 1", "'b'", "last column"]),
    "waimai, column": (
        real_rows.parse_waimai,
        waimai_file([(1, "a")], ("label", "x")),
        ["row 1", "'review'", "label, x"],
    ),
    "waimai, no review": (real_rows.parse_waimai, b"label,review\n1", ["row 1", "None", "a text"]),
    "waimai, quote": (real_rows.parse_waimai, b'label,review\n1,"a', ["unexpected end"]),
    "ocnli, no JSON": (
        real_rows.parse_ocnli,
        ocnli_file(pair()) + b"\n{",
        ["row 2", "enclosed in double quotes"],
    ),
    "ocnli, no object": (real_rows.parse_ocnli, b"3", ["row 1", "int"]),
    "ocnli, column": (
        real_rows.parse_ocnli,
        ocnli_file({"sentence1": "a"}),
        ["row 1", "'sentence2'", "sentence1"],
    ),
    "ocnli, label": (
        real_rows.parse_ocnli,
        ocnli_file(pair(label="x")),
        ["row 1", "'x'", "entailment, neutral"],
    ),
    "ocnli, odd label": (real_rows.parse_ocnli, ocnli_file(pair(label=[])), ["row 1", "list"]),
    "ocnli, empty": (real_rows.parse_ocnli, ocnli_file(pair(hypothesis="")), ["row 1", "''", "a text"]),
    "ocnli, encoding": (real_rows.parse_ocnli, '{"a": "ä"}'.encode("latin-1"), ["utf-8", "0xe4"]),
    "waimai, encoding": (real_rows.parse_waimai, "label,review\n1,快".encode("gb18030"), ["utf-8"]),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_are_refused(case):
    parser, data, said = DAMAGED[case]
    with pytest.raises(InputError) as caught:
        parser(data, "folder/file.all")
    message = str(caught.value)
    assert message.startswith("folder/file.all") and "\n" not in message
    for part in [*said, "fetch it again"]:
        assert part in message


# Splits.


@quick
@given(st.lists(st.sampled_from("abc"), max_size=60), st.sampled_from([0.1, 0.2]))
def test_hold_out_takes_its_share_of_each_label(labels, share):
    rows = [{"text": i, "label": label} for i, label in enumerate(labels)]
    parts = real.hold_out(rows, share, "dev")
    assert sorted(row["text"] for part in parts.values() for row in part) == list(range(len(rows)))
    held = Counter(row["label"] for row in parts["dev"])
    assert held == {label: n for label in "abc" if (n := round(share * labels.count(label)))}
    assert parts == real.hold_out(rows, share, "dev")


def test_hold_out_is_the_same_everywhere():
    rows = [{"text": i, "label": i // 10} for i in range(20)]
    assert [row["text"] for row in real.hold_out(rows, 0.2, "dev")["dev"]] == [4, 19, 6, 13]


# Where files lie.


def book_file(name, path):
    """A hundred paragraphs of two sentences between the marks of Project Gutenberg."""
    told = "\r\n\r\n".join(f"He saw the cat number {i} come.\r\nThen it sat down on {name}." for i in range(100))
    mark = "*** {} OF THIS PROJECT GUTENBERG EBOOK ***"
    return f"Title\r\n{mark.format('START')}\r\n\r\n{told}\r\n\r\n{mark.format('END')}\r\nMore.".encode()


def blimp_file(paradigm, path):
    pairs = [{"sentence_good": f"Cats {i} sit.", "sentence_bad": f"Cats {i} sits."} for i in range(1_000)]
    return ocnli_file(*(pair | {"linguistics_term": "agreement", "UID": paradigm} for pair in pairs))


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """MINIGPT_DATA names a folder with a small made-up file in each file's place; the registry has their hashes."""
    made_up_files = copy.deepcopy(registry.REGISTRY)
    contents = {
        "tinyshakespeare/input.txt": b"\nANN:\nHark!\n\n",
        "wikitext-2/valid.txt": b" \n = Cats = \n",
        "wikitext-2/test.txt": b" \n = Dogs = \n",
        "trec/TREC.train.all": b"".join(b"%d Which one is %d ?\n" % (i % 2, i) for i in range(40)),
        "trec/TREC.test.all": b"4 Where is it ?\n",
        "sick/SICK.txt": sick_file(sick_row(a=split, split=split) for split in ("TRAIN", "TRIAL", "TEST", "TEST")),
        "waimai_10k/waimai_10k.csv": waimai_file(
            [
                *((1, f"good {i}") for i in range(20)),
                *((0, f"bad {i}") for i in range(40)),
                (1, "so so"),
                (0, "so so"),
            ]
        ),
        "ocnli/train.10k.json": ocnli_file(*(pair(str(i)) for i in range(40)), pair(label="-")),
        "ocnli/dev.json": ocnli_file(pair("official dev")),
    }
    by_set = {"books": book_file, "blimp": blimp_file}

    def dialogue(split, path):
        return dream_file([[path, f"M: {split}."], [asked()], "id"])

    for name, entry in made_up_files.items():
        for split, file in entry["files"].items():
            content = contents.get(file["path"]) or by_set.get(name, dialogue)(split, file["path"])
            file["sha256"] = hashlib.sha256(content).hexdigest()
            path = tmp_path / file["path"]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    monkeypatch.setattr(registry, "REGISTRY", made_up_files)
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path))
    registry.show_licence.cache_clear()
    return tmp_path


def read_all(name):
    return {split: real.read_task(name, split) for split in ("train", "dev", "test")}


def test_task_shapes(made_up):
    for name, columns in COLUMNS.items():
        assert all(set(row) == columns for rows in read_all(name).values() for row in rows)


def test_trec_and_ocnli_cut_dev_from_train(made_up):
    for name, column in (("trec", "text"), ("ocnli", "premise")):
        found = read_all(name)
        train, dev = ({row[column] for row in found[split]} for split in ("train", "dev"))
        assert (len(train), len(dev), len(found["test"])) == (36, 4, 1) and not train & dev
    assert real.read_task("ocnli", "test")[0]["premise"] == "official dev"


def test_waimai_is_cut_by_label_and_without_contradictions(made_up):
    found = read_all("waimai")
    count = {split: Counter(row["label"] for row in rows) for split, rows in found.items()}
    assert count == {
        "train": {"good": 14, "bad": 29},
        "dev": {"good": 2, "bad": 3},
        "test": {"good": 4, "bad": 8},
    }
    texts = {row["text"] for rows in found.values() for row in rows}
    assert len(texts) == 60 and "so so" not in texts


def test_sick_and_choices_go_to_their_splits(made_up):
    assert [row["premise"] for row in real.read_task("sick-entailment", "dev")] == ["TRIAL"]
    assert [row["hypothesis"] for row in real.read_task("sick-entailment", "dev")] == ["a cat"]
    assert [row["b"] for row in real.read_task("sick-relatedness", "dev")] == ["a cat"]
    assert [row["a"] for row in real.read_task("sick-relatedness", "test")] == ["TEST", "TEST"]
    for name in ("dream", "c3"):
        (row,) = real.read_task(name, "dev")
        assert row["passage"].startswith(f"{name}/") and row["passage"].endswith("dev.json\nM: dev.")


def test_pairs_go_to_their_paradigms_split(made_up):
    found = read_all("acceptability")
    assert {split: len(rows) for split, rows in found.items()} == {"train": 9_000, "dev": 1_800, "test": 5_200}
    assert found["dev"][:2] == [{"text": "Cats 0 sit.", "label": "good"}, {"text": "Cats 0 sits.", "label": "bad"}]
    parts = [set(blimp.paradigms(split)) for split in ("train", "dev", "test")]
    assert set.union(*parts) == set(blimp.paradigms()) and sum(map(len, parts)) == 67
    first = {"good": "Cats 0 sit.", "bad": "Cats 0 sits.", "phenomenon": "agreement", "paradigm": "wh_island"}
    assert blimp.read_blimp("wh_island")[0] == first


def test_the_next_sentence_is_the_next_and_the_others_are_near(made_up):
    rows = read_all("next-sentence")
    told = gutenberg.sentences(" ".join(gutenberg.read_book(gutenberg.names("dev")[0])))
    for row in rows["dev"][:50]:
        options = row["options"]
        at = [told.index(option) if option.startswith("He") else None for option in options]
        right = options[row["label"]]
        if right.startswith("He"):  # the other sentences stand a hundred times in this book
            assert told[told.index(right) - 1] == row["question"]
            others = [abs(i - told.index(right)) for i in at if i is not None and i != told.index(right)]
            assert all(next_sentence.NEAR <= distance <= next_sentence.FAR for distance in others)
    books = [set(gutenberg.names(part)) for part in ("text", "train", "dev", "test")]
    assert sum(map(len, books)) == len(set.union(*books)) == 59


def test_read_text(made_up):
    one, every = real.read_text("books", "Emma_158"), real.read_text("books")
    assert one.startswith("He saw the cat number 0 come. Then") and one in every and every.count("number 7 ") == 59
    assert real.read_text("tinyshakespeare") == "ANN:\nHark!"
    assert real.read_text("wikitext-2") == real.read_text("wikitext-2", "valid") == "= Cats ="
    assert real.read_text("wikitext-2", "test") == "= Dogs ="


def test_licence_is_shown_once_and_not_on_stdout(made_up, capsys):
    for name in ("sick-entailment", "sick-relatedness", "trec", "sick-entailment"):
        read_all(name)
    out, err = capsys.readouterr()
    sick, trec = err.splitlines()
    assert out == "" and sick.startswith("data: SICK, licence: ") and trec.startswith("data: TREC")
    assert "github.com/kkalouli/SICK-processing" in sick


@pytest.mark.parametrize(
    ("read", "allowed"),
    [
        (
            lambda: real.read_task("snli", "train"),
            "trec, waimai, sick-entailment, ocnli, sick-relatedness, dream, c3, acceptability, next-sentence",
        ),
        (lambda: real.read_task("tinyshakespeare", "train"), "trec"),
        (lambda: real.read_task("trec", "valid"), "train, dev, test"),
        (lambda: real.read_text("trec"), "tinyshakespeare, wikitext-2, books"),
        (lambda: real.read_text("trec", "test"), "tinyshakespeare, wikitext-2, books"),
        (lambda: real.read_text("books", "Ulysses"), "A-Tale-of-Two-Cities_98"),
        (lambda: blimp.read_blimp("commas"), "adjunct_island"),
        (lambda: gutenberg.names("rest"), "text, train, test, dev"),
        (lambda: real.read_text("wikitext-2", "train"), "valid, test"),
        (lambda: real.read_text("tinyshakespeare", "test"), "all"),
        (lambda: registry.path_of("trec/other"), "trec/TREC.train.all"),
    ],
)
def test_unknown_names_are_refused(made_up, read, allowed):
    with pytest.raises(InputError, match=f"is not one of .*{allowed}"):
        read()


def test_a_missing_file_is_named_with_its_folder_and_the_cure(made_up):
    (made_up / "trec/TREC.test.all").unlink()
    with pytest.raises(InputError) as caught:
        registry.path_of("trec/TREC.test.all")
    for part in (
        "trec/TREC.test.all",
        str(made_up),
        "https://raw.githubusercontent.com/",
        "unset MINIGPT_DATA",
    ):
        assert part in str(caught.value)


def test_a_wrong_hash_is_refused(made_up):
    path = made_up / "trec/TREC.test.all"
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"4 Where is she ?\n")
    with pytest.raises(InputError) as caught:
        real.read_task("trec", "test")
    for part in (str(path), expected, hashlib.sha256(path.read_bytes()).hexdigest(), "unset MINIGPT_DATA"):
        assert part in str(caught.value)


@pytest.fixture
def cache(made_up, monkeypatch):
    """MINIGPT_DATA unset; the made-up files lie in what pooch takes for its cache."""
    pooch = pytest.importorskip("pooch")
    monkeypatch.delenv("MINIGPT_DATA")
    monkeypatch.setattr(pooch, "os_cache", lambda project: made_up if project == "minigpt" else None)
    return made_up


def test_a_cached_file_is_not_fetched_again(cache):
    assert registry.path_of("trec/TREC.test.all") == (cache / "trec/TREC.test.all").resolve()
    assert real.read_task("trec", "test") == [{"text": "Where is it ?", "label": "location"}]


def test_a_file_is_fetched_from_its_address_and_its_hash_checked(cache, monkeypatch):
    calls = []

    def download(url, known_hash, fname, path, progressbar):
        calls.append((url, known_hash, progressbar))
        return str(path / fname)

    monkeypatch.setattr("pooch.retrieve", download)
    file = registry.REGISTRY["trec"]["files"]["test"]
    assert registry.path_of(file["path"]) == cache / file["path"]
    assert calls == [(file["url"], file["sha256"], True)]


@pytest.mark.parametrize(
    "error", [ConnectionError("no\nname"), ValueError("SHA256 hash differs"), OSError(28, "disk full")]
)
def test_a_failed_download_is_one_line_with_address_and_cure(cache, monkeypatch, error):
    def download(*_, **__):
        raise error

    monkeypatch.setattr("pooch.retrieve", download)
    with pytest.raises(InputError) as caught:
        real.read_task("trec", "test")
    message = str(caught.value)
    assert "\n" not in message and type(error).__name__ in message
    for part in (registry.REGISTRY["trec"]["files"]["test"]["url"], "trec/TREC.test.all", "MINIGPT_DATA"):
        assert part in message


def test_import_is_light_and_silent():
    code = "import sys, minigpt.data.real; assert not {'pooch', 'requests', 'torch'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_registry_is_complete():
    names = {name: task for entry in registry.REGISTRY.values() for name, task in entry["tasks"].items()}
    assert set(names) == {*real.TASKS, *real.TEXTS, "blimp"}
    for key, entry in registry.REGISTRY.items():
        assert entry["language"] in ("en", "zh") and entry["licence"]
        for file in entry["files"].values():
            assert file["path"].split("/")[0] == key
            assert re.fullmatch(
                r"https://raw\.githubusercontent\.com/[\w-]+/[\w.-]+/[0-9a-f]{40}/[\w./-]+", file["url"]
            )
            assert file["url"].startswith(entry["source"].replace("github.com", "raw.githubusercontent.com"))
            assert re.fullmatch("[0-9a-f]{64}", file["sha256"]) and file["bytes"] > 10_000
    for name, task in names.items():
        assert re.search(rf"^{name} +{task} ", real.catalogue(), re.MULTILINE)


# The real files, where they are at hand.


def need(folder, set_name):
    for file in registry.REGISTRY[set_name]["files"].values():
        if not (folder / file["path"]).is_file():
            pytest.skip(f"{file['path']} is not in {folder}")
        assert (folder / file["path"]).stat().st_size == file["bytes"]


@pytest.mark.parametrize("name", COUNTS)
def test_real_tasks_have_their_published_counts(real_data, name):
    need(real_data, next(key for key, entry in registry.REGISTRY.items() if name in entry["tasks"]))
    found = read_all(name)
    assert tuple(map(len, found.values())) == COUNTS[name]
    if name == "sick-relatedness":
        scores = [row["score"] for rows in found.values() for row in rows]
        assert (min(scores), max(scores)) == (1, 5)
        return
    cut = name in ("trec", "ocnli", "waimai")
    assert Counter(row["label"] for row in found["train"] + found["dev"] * cut) == TRAIN_LABELS[name]
    assert Counter(row["label"] for row in found["test"]) == TEST_LABELS[name]


def test_real_quirks(real_data):
    for name in ("trec", "waimai_10k", "c3"):
        need(real_data, name)
    trec = read_all("trec")
    train = {row["text"] for split in ("train", "dev") for row in trec[split]}
    assert sum(row["text"] in train for row in trec["test"]) == 10
    assert sum("\xf0" in text for text in train) == 1
    reviews = [row["text"] for rows in read_all("waimai").values() for row in rows]
    assert len(set(reviews)) == len(reviews) == 11_980 - 7
    options = Counter(len(row["options"]) for rows in read_all("c3").values() for row in rows)
    assert options == {2: 894, 3: 726, 4: 8386 - 1}


@pytest.mark.parametrize(
    ("name", "split", "lines", "words"),
    [
        ("tinyshakespeare", None, 40_000, 202_651),
        ("wikitext-2", "valid", 3_760, 213_886),
        ("wikitext-2", "test", 4_358, 241_211),
    ],
)
def test_real_texts_have_their_published_counts(real_data, name, split, lines, words):
    need(real_data, name)
    text = real.read_text(name, split)
    assert lines - 4 <= len(text.split("\n")) <= lines  # empty lines at either end are gone
    assert len(text.split()) == words
