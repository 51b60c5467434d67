"""GPT-1 itself: what OpenAI published in 2018, read into `GPT` and `Tokenizer` from either of its two formats.

    OpenAI's own     params_shapes.json, params_0.npy .. params_9.npy    encoder_bpe_40000.json, vocab_40000.bpe
    Hugging Face     config.json, model.safetensors                      vocab.json, merges.txt

117 M parameters: 12 layers, d_model 768, 12 heads, 512 positions, 40,478 pieces. The three markers are not among them:
`add_markers` appends them when fine-tuning begins. Both formats keep a matrix as (in, out), where `torch.nn.Linear`
keeps (out, in), and W^L is W^e transposed. Nothing is fetched: name a folder that you have.
Source: Radford et al. 2018, section 4.1; the order of the tensors is that of OpenAI's finetune-transformer-lm.
"""

import dataclasses
import math
from pathlib import Path

import numpy as np
import torch

from minigpt.model import GPT, GPTConfig
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import check_tensors, read_tensors, save_tensors
from minigpt.tokenizer import Tokenizer

GPT1 = GPTConfig(vocab_size=40_478, n_ctx=512, n_layer=12, n_head=12, d_model=768, tie_weights=True)
HEAD_WIDTH = 64  # OpenAI's files do not say the number of heads; each of GPT-1's is 64 wide
N_SHARDS = 10
BLOCK = {  # in OpenAI's order, each a weight and a bias; our name: their name
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "ln_1": "ln_1",
    "mlp.0": "mlp.c_fc",
    "mlp.2": "mlp.c_proj",
    "ln_2": "ln_2",
}


def tensor_names(n_layer):
    """Our name and Hugging Face's for each tensor, in OpenAI's order: positions, tokens, then the blocks.

    >>> list(tensor_names(12).items())[1:3]
    [('token_embedding.weight', 'tokens_embed.weight'), ('blocks.0.attention.qkv.weight', 'h.0.attn.c_attn.weight')]
    """
    names = {"position_embedding.weight": "positions_embed.weight", "token_embedding.weight": "tokens_embed.weight"}
    for layer in range(n_layer):
        for ours, theirs in BLOCK.items():
            for part in ("weight", "bias"):
                names[f"blocks.{layer}.{ours}.{part}"] = f"h.{layer}.{theirs}.{part}"
    return names


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
    elif (folder / "model.safetensors").exists():
        config, tensors = read_hugging_face(folder)
    elif (folder / "pytorch_model.bin").exists():
        raise InputError(
            f"{folder / 'pytorch_model.bin'} is a pickle, which can run any code when it is read; get the folder's "
            "model.safetensors, or convert it where you trust it: OpenAIGPTLMHeadModel.from_pretrained(folder)"
            ".save_pretrained(new_folder)"
        )
    else:
        raise InputError(f"{folder} holds neither model.safetensors nor params_shapes.json; name a folder of GPT-1")
    check_tensors(tensors, their_shapes(config), folder)
    with torch.device("meta"):  # the weights come from the files: nothing to draw
        model = GPT(config)
    ours = {name: tensors[theirs] for name, theirs in tensor_names(config.n_layer).items()}
    ours = {name: tensor.T.contiguous() if is_transposed(name) else tensor for name, tensor in ours.items()}
    ours["lm_head.weight"] = ours["token_embedding.weight"]
    model.load_state_dict(ours, assign=True)
    model.lm_head.weight = model.token_embedding.weight
    return model.eval()


def read_hugging_face(folder):
    """`config.json` and `model.safetensors` to a config and {their name: tensor}."""
    values = read_json(folder / "config.json")
    fixed = {"model_type": "openai-gpt", "afn": "gelu", "layer_norm_epsilon": 1e-5}
    for name, value in fixed.items():
        if values.get(name, value) != value:
            raise InputError(f"{folder / 'config.json'}: {name} is {values[name]!r}, GPT-1's is {value!r}")
    theirs = {"vocab_size": "vocab_size", "n_ctx": "n_positions", "n_layer": "n_layer", "n_head": "n_head"}
    theirs |= {"d_model": "n_embd"}
    missing = [name for name in theirs.values() if name not in values]
    if missing:
        raise InputError(f"{folder / 'config.json'} does not say {', '.join(missing)}; take the one of a GPT-1 folder")
    sizes = {ours: values[name] for ours, name in theirs.items()}
    config = GPTConfig(**sizes, dropout=values.get("resid_pdrop", 0.1), tie_weights=True)
    tensors = {}
    for name, tensor in read_tensors(folder / "model.safetensors").items():
        name = name.removeprefix("transformer.")
        if not name.endswith(".attn.bias"):  # the mask, which is no weight
            tensors[name] = tensor
    head = tensors.pop("lm_head.weight", None)
    if head is not None and not torch.equal(head, tensors.get("tokens_embed.weight", head)):
        raise InputError(f"{folder}: lm_head.weight is not tokens_embed.weight; GPT-1 ties them")
    return config, tensors


def read_openai(folder):
    """The ten shards to a config and {Hugging Face's name: tensor}; the files are mapped, not read as a whole."""
    shapes = [tuple(shape) for shape in read_json(folder / "params_shapes.json")]
    (n_ctx, d_model), (vocab_size, _), n_layer = shapes[0], shapes[1], (len(shapes) - 2) // (2 * len(BLOCK))
    config = GPTConfig(vocab_size, n_ctx, n_layer, max(1, d_model // HEAD_WIDTH), d_model, tie_weights=True)
    shards = [read_shard(folder / f"params_{i}.npy") for i in range(N_SHARDS)]
    total = sum(math.prod(shape) for shape in shapes)
    if sum(map(len, shards)) != total:
        raise InputError(
            f"{folder}: params_0.npy to params_{N_SHARDS - 1}.npy hold {sum(map(len, shards)):,} numbers, "
            f"params_shapes.json asks for {total:,}; one of them is not of this release"
        )
    names, tensors = iter(tensor_names(n_layer).values()), {}
    for shape, numbers in zip(shapes, in_pieces(shards, map(math.prod, shapes)), strict=True):
        shape = shape[1:] if shape[0] == 1 else shape  # a convolution of width 1 is a matrix
        tensors[next(names, f"tensor {len(tensors)}")] = torch.from_numpy(numbers.reshape(shape))
    return config, tensors


def read_shard(path):
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; the release has params_0.npy to params_{N_SHARDS - 1}.npy") from None
    except ValueError as error:
        raise InputError(f"{path} is damaged or no array of numbers ({error}); fetch it again") from None


def in_pieces(shards, sizes):
    """Cut the shards, read one after another, into pieces of `sizes` numbers."""
    shards = iter(shards)
    rest = next(shards)
    for size in sizes:
        parts = []
        while size > len(rest):
            parts.append(rest)
            size -= len(rest)
            rest = next(shards)
        parts.append(rest[:size])
        rest = rest[size:]
        yield np.concatenate(parts).astype(np.float32)  # a copy, so that nothing depends on the files


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


def load_openai_tokenizer(folder):
    """GPT-1's vocabulary from a folder with either pair of files."""
    folder = Path(folder)
    pairs = [("encoder_bpe_40000.json", "vocab_40000.bpe"), ("vocab.json", "merges.txt")]
    for vocabulary, merges in pairs:
        if (folder / vocabulary).exists():
            return Tokenizer.gpt1(folder / vocabulary, folder / merges)
    raise InputError(f"{folder} has no vocabulary of GPT-1: {' or '.join(' with '.join(pair) for pair in pairs)}")


def is_openai_gpt(folder):
    """Does the folder hold GPT-1, rather than a model that minigpt saved?"""
    folder = Path(folder)
    if (folder / "params_shapes.json").exists() or (folder / "pytorch_model.bin").exists():
        return True
    return (folder / "config.json").exists() and "n_embd" in read_json(folder / "config.json")


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


def load_body(folder):
    """Tokenizer and model from a folder of minigpt, or of GPT-1, to which the markers are added."""
    if is_openai_gpt(folder):
        tok = load_openai_tokenizer(folder)
        return tok, add_markers(load_openai_gpt(folder))
    if (Path(folder) / "checkpoint.safetensors").exists() and not (Path(folder) / "config.json").exists():
        raise InputError(f"{folder} holds an unfinished run: repeat its `minigpt pretrain` command with --resume")
    tok, gpt = Tokenizer.load(folder), GPT.load(folder)
    if tok.vocab_size != gpt.config.vocab_size:
        raise InputError(
            f"{folder}: the tokenizer has {tok.vocab_size} ids, the model {gpt.config.vocab_size}: "
            "take both from the folder of one run"
        )
    return tok, gpt
