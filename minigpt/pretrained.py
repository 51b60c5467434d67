"""GPT-1 itself: what OpenAI published in 2018, read into `GPT` and `Tokenizer` from either of its two formats.

    OpenAI's own     params_shapes.json, params_0.npy .. params_9.npy    encoder_bpe_40000.json, vocab_40000.bpe
    Hugging Face     config.json, model.safetensors                      vocab.json, merges.txt

117 M parameters: 12 layers, d_model 768, 12 heads, 512 positions, 40,478 pieces. The three markers are not among them:
`add_markers` appends them when fine-tuning begins. Both formats keep a matrix as (in, out), where `torch.nn.Linear`
keeps (out, in), and W^L is W^e transposed. `data/gpt1_files.py` reads the files, and `data/hub.py` fetches them if a
command names them by the hub's name; nothing else does. Source: Radford et al. 2018, section 4.1.
"""

import dataclasses
from pathlib import Path

import torch

from minigpt.data import hub
from minigpt.data.gpt1_files import INDEX, read_hugging_face, read_openai, tensor_names
from minigpt.model import GPT, GPTConfig
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import check_tensors, save_tensors
from minigpt.tokenizer import Tokenizer

GPT1 = GPTConfig(vocab_size=40_478, n_ctx=512, n_layer=12, n_head=12, d_model=768, tie_weights=True)


def is_transposed(ours):
    """Is this one of the matrices that the files keep as (in, out)?"""
    return "blocks" in ours and "ln_" not in ours and ours.endswith("weight")


def their_shapes(config):
    """{Hugging Face's name: shape} of a model, in OpenAI's order."""
    with torch.device("meta"):  # shapes without memory
        ours = dict(GPT(config).named_parameters())
    names = tensor_names(config.n_layer)
    return {theirs: tuple(ours[name].shape)[:: -1 if is_transposed(name) else 1] for name, theirs in names.items()}


def load_openai_gpt(folder):
    """Read GPT-1, or a model of its kind in another size.

    Args:
        folder: with Hugging Face's files or with OpenAI's own.
    Returns:
        a `GPT` with tied weights, on the CPU; its dropout is that of GPT-1, but for attention's, see `attention.py`.
    Raises:
        InputError: if a file is missing, or a tensor is missing, not known, of another shape, or not finite.
    """
    folder = Path(folder)
    if (folder / "params_shapes.json").exists():
        config, tensors = read_openai(folder)
    elif (folder / "model.safetensors").exists() or (folder / INDEX).exists():
        config, tensors = read_hugging_face(folder)
    elif (folder / "pytorch_model.bin").exists():
        raise InputError(
            f"{folder / 'pytorch_model.bin'} is a pickle, which can run any code when it is read; get the folder's "
            "model.safetensors, or convert it where you trust it: OpenAIGPTLMHeadModel.from_pretrained(folder)"
            ".save_pretrained(new_folder)"
        )
    else:
        raise InputError(f"{folder} holds neither model.safetensors nor params_shapes.json; for GPT-1 {hub.ROADS}")
    n_layer = len({name.split(".")[1] for name in tensors if name.startswith("h.")})
    sizes = (tuple(tensors["tokens_embed.weight"].shape), n_layer) if "tokens_embed.weight" in tensors else None
    if sizes != ((config.vocab_size, config.d_model), config.n_layer):  # before a model of silly sizes is made
        raise InputError(f"{folder}: config.json and the weights have other sizes; take both of one release")
    check_tensors(tensors, their_shapes(config), folder)
    with torch.device("meta"):  # the weights come from the files: nothing to draw
        model = GPT(config)
    ours = {name: tensors[theirs] for name, theirs in tensor_names(config.n_layer).items()}
    ours = {name: tensor.T.contiguous() if is_transposed(name) else tensor for name, tensor in ours.items()}
    ours["lm_head.weight"] = ours["token_embedding.weight"]
    model.load_state_dict(ours, assign=True)
    model.lm_head.weight = model.token_embedding.weight
    return model.eval()


def save_openai_gpt(model, folder):
    """Write a tied model in Hugging Face's format: `OpenAIGPTLMHeadModel.from_pretrained(folder)` opens it.

    Raises:
        InputError: if W^L is a matrix of its own, for which the format has no place.
    """
    config, folder = model.config, Path(folder)
    if not config.tie_weights:
        raise InputError("Hugging Face's format ties W^L to W^e, this model does not; train with tie_weights=True")
    ours, names = model.state_dict(), tensor_names(config.n_layer)
    tensors = {f"transformer.{names[n]}": ours[n].T if is_transposed(n) else ours[n] for n in names}
    save_tensors(folder / "model.safetensors", tensors, {"format": "pt"})
    sizes = {"vocab_size": config.vocab_size, "n_positions": config.n_ctx, "n_embd": config.d_model}
    sizes |= {"n_layer": config.n_layer, "n_head": config.n_head, "layer_norm_epsilon": 1e-5, "afn": "gelu"}
    dropout = {"resid_pdrop": config.dropout, "embd_pdrop": config.dropout, "attn_pdrop": config.attention_dropout}
    kind = {"architectures": ["OpenAIGPTLMHeadModel"], "model_type": "openai-gpt", "tie_word_embeddings": True}
    write_json(folder / "config.json", kind | sizes | dropout)


def load_openai_tokenizer(folder, words="openai"):
    """GPT-1's vocabulary from a folder with either pair of files; `words` as in `Tokenizer.gpt1`."""
    folder = Path(folder)
    pairs = [("encoder_bpe_40000.json", "vocab_40000.bpe"), ("vocab.json", "merges.txt")]
    for vocabulary, merges in pairs:
        if (folder / vocabulary).exists():
            return Tokenizer.gpt1(folder / vocabulary, folder / merges, words)
    names = " or ".join(" with ".join(pair) for pair in pairs)
    raise InputError(f"{folder} has no vocabulary of GPT-1, which is {names}; put both beside the weights")


def is_openai_gpt(folder):
    """Does the folder hold GPT-1, rather than a model that minigpt saved?"""
    folder = Path(folder)
    if (folder / "params_shapes.json").exists() or (folder / "pytorch_model.bin").exists():
        return True
    if not (folder / "config.json").exists():
        return False
    values = read_json(folder / "config.json")
    if not isinstance(values, dict):
        raise InputError(f"{folder / 'config.json'} is {str(values)[:60]!r}, not a model's configuration; restore it")
    return "n_embd" in values


def add_markers(model, n=3, seed=0):
    """A copy of `model` whose vocabulary has `n` more ids: `<s>`, `$` and `<e>`.

    Their embeddings are drawn as a new model's are: from N(0, 0.02) at GPT-1's width.
    """
    grown = GPT(dataclasses.replace(model.config, vocab_size=model.config.vocab_size + n), seed)
    new = {name: tensor.clone() for name, tensor in grown.state_dict().items()}
    for name, tensor in model.state_dict().items():
        new[name][: len(tensor)] = tensor
    grown.load_state_dict(new)
    return grown.eval()


def load_body(model):
    """Tokenizer and model from a folder of minigpt, or of GPT-1, to which the markers are added.

    Args:
        model: a folder, or the hub's name of one, see `hub.folder_of`.
    """
    folder = hub.folder_of(model)
    if is_openai_gpt(folder):
        tok, gpt = load_openai_tokenizer(folder), add_markers(load_openai_gpt(folder))
        same_size(folder, tok, gpt)
        return tok, gpt
    if (Path(folder) / "checkpoint.safetensors").exists() and not (Path(folder) / "config.json").exists():
        raise InputError(f"{folder} holds an unfinished run: repeat its `minigpt pretrain` command with --resume")
    if not (Path(folder) / "config.json").exists():
        raise InputError(f"{folder} holds no model: name a folder of `minigpt pretrain`, or for GPT-1 {hub.ROADS}")
    tok, gpt = Tokenizer.load(folder), GPT.load(folder)
    same_size(folder, tok, gpt)
    return tok, gpt


def same_size(folder, tok, gpt):
    if tok.vocab_size != gpt.config.vocab_size:
        raise InputError(
            f"{folder}: the tokenizer has {tok.vocab_size} ids, the model {gpt.config.vocab_size}: "
            "take both from the folder of one run"
        )
