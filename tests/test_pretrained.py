"""GPT-1: both formats in, Hugging Face's format out, numbers equal to transformers', and files that are refused.

The weights are random in the true formats; the published ones are not needed. transformers is the peer.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from minigpt import pretrained
from minigpt.data import gpt1_files, real
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.model import GPT, GPTConfig
from minigpt.pretrained import GPT1, add_markers, load_openai_gpt, load_openai_tokenizer, save_openai_gpt
from minigpt.support.errors import InputError
from minigpt.task_model import TaskModel
from minigpt.train import documents

transformers = pytest.importorskip("transformers", reason="transformers is the peer: pip install '.[test]'")

SMALL = {"vocab_size": 50, "n_positions": 20, "n_embd": 128, "n_layer": 2, "n_head": 2}
GPT1_FILES = Path(__file__).resolve().parents[2] / "shared" / "gpt1"  # OpenAI's two vocabulary files, where present


@pytest.fixture
def peer():
    torch.manual_seed(0)
    model = transformers.OpenAIGPTLMHeadModel(transformers.OpenAIGPTConfig(**SMALL)).eval()
    for name, p in model.named_parameters():  # biases and layer norms too, so that a mix-up shows
        p.data.normal_(std=0.3).add_("ln" in name and "weight" in name)
    return model


@pytest.fixture
def folder(peer, tmp_path):
    peer.save_pretrained(tmp_path / "hf")
    return tmp_path / "hf"


def openai_release(peer, folder):
    """The peer's weights as OpenAI's ten shards and list of shapes."""
    folder.mkdir()
    weights = peer.transformer.state_dict()
    flat, shapes = [], []
    for name in pretrained.tensor_names(SMALL["n_layer"]).values():
        array = weights[name].numpy()
        matrix = array.ndim == 2 and "embed" not in name
        shapes.append([1, *array.shape] if matrix else list(array.shape))
        flat.append(array.ravel())
    for i, shard in enumerate(np.array_split(np.concatenate(flat), 10)):
        np.save(folder / f"params_{i}.npy", shard)
    (folder / "params_shapes.json").write_text(json.dumps(shapes))
    return folder


def assert_equals_peer(model, peer, dtype, tolerance):
    ids = torch.randint(SMALL["vocab_size"], (3, 20), generator=torch.Generator().manual_seed(1))
    model, peer = model.to(dtype), peer.to(dtype)
    with torch.no_grad():
        theirs = peer(ids, output_hidden_states=True)
        torch.testing.assert_close(model.hidden(ids), theirs.hidden_states[-1], rtol=0, atol=tolerance)
        spread = theirs.logits.std()  # 3.7 with these weights, so that a mix-up shows
        torch.testing.assert_close(model(ids) / spread, theirs.logits / spread, rtol=0, atol=tolerance)
    assert theirs.logits.std() > 1


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-11)])
def test_hugging_face_folder(folder, peer, dtype, tolerance):
    assert_equals_peer(load_openai_gpt(folder), peer, dtype, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-11)])
def test_openai_release(peer, tmp_path, dtype, tolerance):
    assert_equals_peer(load_openai_gpt(openai_release(peer, tmp_path / "openai")), peer, dtype, tolerance)


def test_the_base_model_without_prefix_too(peer, tmp_path):
    peer.transformer.save_pretrained(tmp_path)
    assert not any(name.startswith("transformer.") for name in load_file(tmp_path / "model.safetensors"))
    assert_equals_peer(load_openai_gpt(tmp_path), peer, torch.float64, 1e-11)


@pytest.mark.parametrize("wrong", ["not turned", "heads", "layer norms exchanged", "exact gelu"])
def test_the_check_catches(folder, peer, monkeypatch, wrong):
    model = load_openai_gpt(folder)
    block = model.blocks[1]
    if wrong == "not turned":
        block.attention.out.weight.data = block.attention.out.weight.data.T.contiguous()
    elif wrong == "heads":
        block.attention.n_head = 4
    elif wrong == "layer norms exchanged":
        block.ln_1, block.ln_2 = block.ln_2, block.ln_1
    else:
        block.mlp[1] = torch.nn.GELU()
    with pytest.raises(AssertionError):
        assert_equals_peer(model, peer, torch.float64, 1e-11)


def test_the_real_shapes():
    """117 M parameters, in the order and shapes of OpenAI's list where that lies beside the project."""
    shapes = pretrained.their_shapes(GPT1)
    assert sum(map(math.prod, shapes.values())) == 116_534_784
    with torch.device("meta"):
        theirs = transformers.OpenAIGPTModel(transformers.OpenAIGPTConfig()).state_dict()
    assert shapes == {name: tuple(tensor.shape) for name, tensor in theirs.items() if not name.endswith(".attn.bias")}


def test_the_list_of_shapes():
    if not GPT1_FILES.is_dir():
        pytest.skip(f"no {GPT1_FILES}: OpenAI's list of shapes is not part of this project")
    listed = [tuple(shape) for shape in json.loads((GPT1_FILES / "params_shapes.json").read_text())]
    assert [s[1:] if s[0] == 1 else s for s in listed] == list(pretrained.their_shapes(GPT1).values())


# --- out again ------------------------------------------------------------------------------------------------


def test_transformers_opens_what_we_save(tmp_path):
    model = GPT(GPTConfig(50, n_ctx=20, n_layer=2, n_head=2, d_model=128, tie_weights=True), seed=3).eval()
    save_openai_gpt(model, tmp_path)
    peer, info = transformers.OpenAIGPTLMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    ids = torch.arange(20)[None]
    with torch.no_grad():
        torch.testing.assert_close(peer.eval().double()(ids).logits, model.double()(ids), rtol=0, atol=1e-10)


def test_round_trips_are_exact(folder, peer, tmp_path):
    model = load_openai_gpt(folder)
    save_openai_gpt(model, tmp_path / "again")
    model.save(tmp_path / "ours")
    for other in (load_openai_gpt(tmp_path / "again"), GPT.load(tmp_path / "ours")):
        for name, tensor in other.state_dict().items():
            assert torch.equal(tensor, model.state_dict()[name]), name
    ours, theirs = load_file(tmp_path / "again" / "model.safetensors"), peer.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_untied_weights_have_no_place():
    with pytest.raises(InputError, match="tie_weights=True"):
        save_openai_gpt(GPT(GPTConfig(50, 20, 1, 2, 16)), "nowhere")


# --- markers and fine-tuning ------------------------------------------------------------------------------------


def test_markers_are_appended(folder):
    model = load_openai_gpt(folder)
    grown = add_markers(model, seed=1)
    assert grown.config.vocab_size == 53 and grown.lm_head.weight is grown.token_embedding.weight
    ids = torch.arange(20)[None]
    with torch.no_grad():
        assert torch.equal(grown(ids)[..., :50], model(ids))
    many = add_markers(model, n=4000).token_embedding.weight[50:]
    std = 0.02 * (768 / model.config.d_model) ** 0.5  # 0.02 at GPT-1's width
    assert abs(many.std().item() / std - 1) < 0.05 and abs(many.mean().item()) < 0.05 * std


def test_accumulation_and_recomputation_change_no_gradient():
    """Two plain options that save memory: the losses, and the weights after training, stay the same to rounding."""
    from test_finetune import TOK, body, rows_of

    rows, weights = rows_of("multiple_choice", 24), []
    for options in ({}, {"accumulate": 4}, {"recompute": True}):
        tuned = TaskModel.for_examples("multiple_choice", TOK, body().double(), rows)
        tuned.double()
        finetune(tuned, rows, FinetuneConfig(epochs=2, batch_size=8, **options), progress=False)
        weights.append(torch.cat([p.detach().flatten() for p in tuned.parameters()]))
    torch.testing.assert_close(weights[1], weights[0], rtol=0, atol=1e-10)
    torch.testing.assert_close(weights[2], weights[0], rtol=0, atol=1e-10)


# --- files that are refused --------------------------------------------------------------------------------------


def change(folder, how):
    tensors = load_file(folder / "model.safetensors")
    how(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("how", "names"),
    [
        (lambda t: t.pop("transformer.h.1.ln_2.bias"), ["'h.1.ln_2.bias'", r"\(128,\)", "nothing"]),
        (lambda t: t.update(more=torch.zeros(2)), ["'more'", "nothing", r"\(2,\)"]),
        (
            lambda t: t.update({"transformer.h.0.mlp.c_fc.weight": torch.zeros(128, 511)}),
            ["h.0.mlp.c_fc.weight", r"\(128, 512\)", r"\(128, 511\)"],
        ),
        (lambda t: t["transformer.h.0.attn.c_proj.bias"].fill_(math.nan), ["h.0.attn.c_proj.bias", "not finite"]),
        (lambda t: t.update({"lm_head.weight": torch.zeros(50, 128)}), ["lm_head.weight", "ties"]),
    ],
)
def test_wrong_tensors(folder, how, names):
    change(folder, how)
    for name in names:
        with pytest.raises(InputError, match=name):
            load_openai_gpt(folder)


def test_truncated_file(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        load_openai_gpt(folder)


def test_a_pickle_is_refused_with_the_cure(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pickle.*model\.safetensors"):
        load_openai_gpt(folder)


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="neither"):
        load_openai_gpt(tmp_path)
    with pytest.raises(InputError, match="encoder_bpe_40000"):
        load_openai_tokenizer(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("afn", "relu"), ("layer_norm_epsilon", 1e-6), ("model_type", "gpt2")])
def test_another_architecture(folder, name, value):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {name: value}))
    with pytest.raises(InputError, match=f"{name} is {value!r}"):
        load_openai_gpt(folder)


def cut_a_shard(folder):
    np.save(folder / "params_3.npy", np.load(folder / "params_3.npy")[:-1])


def pickle_a_shard(folder):
    np.save(folder / "params_3.npy", np.array([{}], dtype=object), allow_pickle=True)


def change_a_shape(folder):
    shapes = json.loads((folder / "params_shapes.json").read_text())
    shapes[4] = [1, 64, 256]  # as many numbers
    (folder / "params_shapes.json").write_text(json.dumps(shapes))


@pytest.mark.parametrize(
    ("how", "names"),
    [
        (cut_a_shard, "asks for"),
        (pickle_a_shard, "params_3.npy is damaged"),
        (lambda folder: os.remove(folder / "params_9.npy"), "params_9.npy does not exist"),
        (change_a_shape, r"h.0.attn.c_proj.weight.*\(128, 128\).*\(64, 256\)"),
    ],
)
def test_wrong_shards(peer, tmp_path, how, names):
    release = openai_release(peer, tmp_path / "openai")
    how(release)
    with pytest.raises(InputError, match=names):
        load_openai_gpt(release)


# --- the vocabulary -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vocabulary():
    if not GPT1_FILES.is_dir():
        pytest.skip(f"no {GPT1_FILES}: OpenAI's vocabulary is not part of this project")
    return GPT1_FILES


def test_ids_equal_the_peers(vocabulary, real_data):
    """1,000 sentences of three data sets, in the same ids as transformers'; and no text is a marker."""
    ours = load_openai_tokenizer(vocabulary, words="hugging-face")
    ids = json.loads((vocabulary / "encoder_bpe_40000.json").read_text(encoding="utf-8"))
    lines = (vocabulary / "vocab_40000.bpe").read_text(encoding="utf-8").split("\n")[1:]
    theirs = transformers.OpenAIGPTTokenizer(vocab=ids, merges=[tuple(line.split()) for line in lines if line])
    assert ours.vocab_size == 40_478 + 3
    texts = [row["text"] for row in real.read_task("trec", "train")[:400]]
    texts += [row["passage"] for row in real.read_task("dream", "train")[:300]]
    texts += [row["text"] for row in real.read_task("waimai", "train")[:100]]
    texts += [row["premise"] for row in real.read_task("sick-entailment", "train")[:200]]
    assert len(texts) == 1000
    for text in [*texts, "<s> a $ b <e>", "Café"]:
        assert ours.encode(text) == theirs(text)["input_ids"]
        assert max(ours.encode(text)) < ours.start_id
    assert ours.encode("<unk>") == ours.encode("< unk >") != theirs("<unk>")["input_ids"]  # typed, it is a text


def test_vocabulary_survives_saving(vocabulary, tmp_path):
    ours = load_openai_tokenizer(vocabulary)
    ours.save(tmp_path)
    again = type(ours).load(tmp_path)
    text = "Why did the cafe <e> close?"
    assert again.encode(text) == ours.encode(text) and again.level == "gpt1"
    assert again.unknown_id == ours.unknown_id == 0


def test_a_small_vocabulary_without_the_files(tmp_path):
    """The format, with a vocabulary made here: `</w>` ends a word, capitals go."""
    pieces = ["<unk>", *"abcé", *(f"{c}</w>" for c in "abc"), "ab", "ab</w>"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b\na b</w>\n")
    tok = load_openai_tokenizer(tmp_path)
    assert [pieces[i] for i in tok.encode("AB abc x")] == ["ab</w>", "ab", "c</w>", "<unk>"]
    assert tok.decode(tok.encode("AB abc")) == "ab abc"
    assert documents(["AB abc x", "a"], tok, n_ctx=2) == [[9, 8, 7], [7, 0]]  # no markers: GPT-1 never read one
    (tmp_path / "merges.txt").write_text("#version: 0.2\nq z\n")
    with pytest.raises(InputError, match=r"merges\.txt"):
        load_openai_tokenizer(tmp_path)


def test_fine_tuning_leaves_the_markers_as_drawn(tmp_path):
    """GPT-1's recipe; models of minigpt's own vocabularies start their markers from punctuation."""
    pieces = ["<unk>", "a</w>", ".</w>", "?</w>"]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    tok = load_openai_tokenizer(tmp_path)
    gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=8, n_layer=1, n_head=1, d_model=4))
    before = gpt.token_embedding.weight.detach().clone()
    TaskModel.for_examples("single_text", tok, gpt, [{"text": "a", "label": label} for label in "xy"])
    assert torch.equal(gpt.token_embedding.weight, before)


def test_shards_are_read_in_order():
    """Pieces that lie across the border of two shards."""
    shards = [np.arange(5.0), np.arange(5.0, 7.0), np.arange(7.0, 12.0)]
    found = [piece.tolist() for piece in gpt1_files.in_pieces(shards, [3, 5, 4])]
    assert found == [[0, 1, 2], [3, 4, 5, 6, 7], [8, 9, 10, 11]]


# --- folders as other tools write them -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_and_said(folder, dtype, capsys):
    whole = load_openai_gpt(folder)
    change(folder, lambda tensors: tensors.update({name: t.to(dtype) for name, t in tensors.items()}))
    half = load_openai_gpt(folder)
    assert f"holds weights in {str(dtype).removeprefix('torch.')}" in capsys.readouterr().err
    for one, other in zip(whole.parameters(), half.parameters(), strict=True):
        assert other.dtype == torch.float32 and torch.equal(other, one.to(dtype).float())


def test_position_ids_and_masks_are_no_weights(folder):
    extra = {"transformer.position_ids": torch.arange(20)[None], "transformer.h.0.attn.bias": torch.ones(1, 1, 20, 20)}
    whole = load_openai_gpt(folder)
    change(folder, lambda tensors: tensors.update(extra))
    assert torch.equal(load_openai_gpt(folder).lm_head.weight, whole.lm_head.weight)


def in_shards(folder, n=3):
    """As Hugging Face writes a large model: several files and an index."""
    tensors, weight_map = load_file(folder / "model.safetensors"), {}
    for shard in range(n):
        name = f"model-{shard + 1:05}-of-{n:05}.safetensors"
        part = {key: tensors[key] for key in sorted(tensors)[shard::n]}
        save_file(part, folder / name)
        weight_map |= dict.fromkeys(part, name)
    (folder / "model.safetensors").unlink()
    return folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map}


def test_a_sharded_model(folder):
    whole = load_openai_gpt(folder)
    index, content = in_shards(folder)
    index.write_text(json.dumps(content))
    for one, other in zip(whole.parameters(), load_openai_gpt(folder).parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("wrong", ["a list", "elsewhere", "missing"])
def test_a_wrong_index(folder, wrong):
    index, content = in_shards(folder)
    if wrong == "elsewhere":
        content["weight_map"] = dict.fromkeys(content["weight_map"], "../model.safetensors")
    elif wrong == "missing":
        (folder / "model-00002-of-00003.safetensors").unlink()
    index.write_text(json.dumps([] if wrong == "a list" else content))
    with pytest.raises(InputError, match=r"no index|outside its folder|does not exist"):
        load_openai_gpt(folder)


def test_a_vocabulary_of_another_size(folder):
    (folder / "vocab.json").write_text(json.dumps({"<unk>": 0, "a</w>": 1}))
    (folder / "merges.txt").write_text("#version\n")
    with pytest.raises(InputError, match="the tokenizer has 5 ids, the model 53"):
        pretrained.load_body(folder)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", "matrix", "text"])
def test_a_shard_that_holds_no_row_of_numbers(tmp_path, data):
    path = tmp_path / "params_0.npy"
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        np.save(path, np.ones((2, 2)) if data == "matrix" else np.array(["a"]))
    with pytest.raises(InputError, match="damaged or no array of numbers"):
        gpt1_files.read_shard(path)
