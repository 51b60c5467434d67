"""The explorer's page, without a browser: what it carries, for which models it is made; it asks for nothing."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
import torch

from minigpt.commands import main
from minigpt.data import world
from minigpt.data.world_words import LANGUAGES
from minigpt.model import GPT, GPTConfig
from minigpt.pictures.explorer import page, payload, world_table
from minigpt.support.errors import InputError
from minigpt.tokenizer import Tokenizer

TEXTS = {"en": world.stories(200, 0), "zh": world.stories(200, 0, "zh")}


def saved(folder, level="word", language="en", d_model=8, vocab_size=300):
    tok = Tokenizer.train(TEXTS[language], vocab_size, level)
    gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=16, n_layer=1, n_head=2, d_model=d_model, dropout=0.0))
    tok.save(folder), gpt.save(folder)
    return tok, gpt


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["word", "char", "bpe"])
def test_explore_writes_a_page(tmp_path, capsys, level, language):
    saved(tmp_path, level, language)
    assert main(["explore", "--model", str(tmp_path)]) == 0
    text = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert "explorer.html in a browser" in capsys.readouterr().out
    assert not re.search(r"""(?:src|href)=["'](?!data:)|https?://(?!www\.w3\.org/2000/svg)|import\(""", text)


@pytest.mark.parametrize("answer", ["label", "score"])
def test_a_folder_of_finetune(tmp_path, answer):
    """It has a metrics.json without pre-training, and one task's model."""
    saved(tmp_path / "body")
    answers = [float(i % 3) if answer == "score" else f"l{i % 3}" for i in range(9)]
    rows = [{"a": text, "b": text[::-1], answer: one} for text, one in zip(TEXTS["en"], answers, strict=False)]
    data = tmp_path / "a.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    flags = ["--train", str(data), "--test", str(data), "--out", str(tmp_path / "tuned"), "--epochs", "1"]
    assert main(["finetune", "similarity", "--model", str(tmp_path / "body"), *flags]) == 0
    assert main(["explore", "--model", str(tmp_path / "tuned")]) == 0
    carried = payload.of_folder(tmp_path / "tuned")
    assert list(carried["tasks"]) == ["similarity"] and carried["floor"] is None
    one = carried["tasks"]["similarity"]["pretrained"]
    assert (one["labels"], one["scale"] is None) == ((None, False) if answer == "score" else (["l0", "l1", "l2"], True))


@pytest.mark.parametrize("flags", [["--model", "nowhere"], ["--model", "model", "--out", "file/page.html"]])
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, flags):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "model")
    (tmp_path / "file").write_text("")
    assert main(["explore", *flags]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and (flags[-1].split("/")[0] in told)


def test_a_model_that_no_page_can_carry(tmp_path, monkeypatch):
    saved(tmp_path)
    monkeypatch.setattr(payload, "MOST", 100)
    with pytest.raises(InputError, match=r"parameters; a page carries at most 100"):
        page.write(tmp_path, tmp_path / "explorer.html")
    assert not (tmp_path / "explorer.html").exists()
    with pytest.raises(InputError, match="holds no model"):
        payload.of_folder(tmp_path / "nothing")


def test_the_weights_are_there_and_back(tmp_path):
    """Unpacked by hand they are the model's, rounded to float16; a matrix is named by the equation."""
    _, gpt = saved(tmp_path)
    packed = payload.weights(gpt)
    raw = np.frombuffer(gzip.decompress(base64.b64decode(packed["weights"])), np.uint8).reshape(2, -1)
    numbers = torch.from_numpy(np.ascontiguousarray(raw[::-1].T).view(np.float16).ravel().astype(np.float32))
    sizes = {name: rows * cols for name, rows, cols in packed["shapes"]}
    assert list(sizes)[:3] == ["W_e", "W_p", "0.W_qkv"] and sum(sizes.values()) == len(numbers)
    first = gpt.token_embedding.weight.flatten()
    torch.testing.assert_close(numbers[: len(first)], first, atol=0, rtol=2**-11)
    payload.rounded(gpt)
    assert torch.equal(numbers[: len(first)], gpt.token_embedding.weight.flatten())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_of_the_toy_world_is_known_by_its_words(language):
    tok = Tokenizer.train(TEXTS[language], 100, "word")
    assert world_table.language_of(tok) == language
    assert world_table.language_of(Tokenizer.train([*TEXTS[language], "a zebra"], 100, "word")) is None
    assert world_table.language_of(Tokenizer.train(TEXTS[language], 300, "bpe")) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_holds_the_whole_grammar(language):
    """In each state the probabilities add up to 1; from the empty state all 256 are reached."""
    table = world_table.table(language)
    assert len(table["states"]) == len(table["options"]) == 256 and table["states"][0] == [None] * 4
    for options in table["options"]:
        assert sum(table["probabilities"][p] for _, p, _ in options) == pytest.approx(1)
        assert all(0 <= after < 256 for _, _, after in options)


def test_nothing_in_the_data_ends_its_element():
    """A vocabulary learnt from a page of HTML does not break the page."""
    assert "<" not in page.inert({"pieces": ["</script>", "<!--"]})


def test_each_name_of_the_scripts_is_used_once():
    """They are put into one file."""
    names = re.findall(r"(?m)^(?:async )?(?:function|const|class) (\w+)", page.script())
    assert len(names) == len(set(names)) > 60
    assert "export " not in page.script() and not re.search(r"(?m)^import ", page.script())
