"""GPT-1's files, in the two formats that there are, to a config and {Hugging Face's name: tensor}.

    OpenAI's own     params_shapes.json, params_0.npy .. params_9.npy
    Hugging Face     config.json, model.safetensors, or several files and their index

Source: the order of the tensors is that of OpenAI's finetune-transformer-lm.
"""

import math
from pathlib import Path

import numpy as np
import torch

from minigpt.model import GPTConfig
from minigpt.support.errors import InputError, note
from minigpt.support.files import read_json
from minigpt.support.tensors import read_tensors

HEAD_WIDTH = 64  # OpenAI's files do not say the number of heads; each of GPT-1's is 64 wide
N_SHARDS = 10
INDEX = "model.safetensors.index.json"  # of a model in several files
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
    tensors, stored = {}, set()
    for file in safetensors_files(folder):
        for name, tensor in read_tensors(file).items():
            name = name.removeprefix("transformer.")
            if not name.endswith((".attn.bias", "position_ids")):  # masks and positions are no weights
                tensors[name] = tensor.float()
                stored.add(str(tensor.dtype).removeprefix("torch."))
    if stored != {"float32"}:
        note(f"{folder} holds weights in {' and '.join(sorted(stored))}; they are computed with in float32")
    head = tensors.pop("lm_head.weight", None)
    if head is not None and not torch.equal(head, tensors.get("tokens_embed.weight", head)):
        raise InputError(f"{folder}: lm_head.weight is not tokens_embed.weight; GPT-1 ties them")
    return config, tensors


def safetensors_files(folder):
    """The one file, or those that the index of a sharded model names."""
    if (folder / "model.safetensors").exists():
        return [folder / "model.safetensors"]
    try:
        names = sorted({str(name) for name in read_json(folder / INDEX)["weight_map"].values()})
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{folder / INDEX} is no index of safetensors files ({error!r}); fetch it again") from None
    if any(Path(name).name != name for name in names):
        raise InputError(f"{folder / INDEX} names a file outside its folder; fetch it again")
    return [folder / name for name in names]


def read_openai(folder):
    """The ten shards to a config and {Hugging Face's name: tensor}; the files are mapped, not read as a whole."""
    try:
        shapes = [tuple(map(int, shape)) for shape in read_json(folder / "params_shapes.json")]
        (n_ctx, d_model), (vocab_size, _), n_layer = shapes[0], shapes[1], (len(shapes) - 2) // (2 * len(BLOCK))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / 'params_shapes.json'} is no list of shapes ({error!r}); fetch it again") from None
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
        numbers = np.load(path, mmap_mode="r", allow_pickle=False)
        if numbers.ndim != 1 or numbers.dtype.kind != "f":
            raise ValueError(f"{numbers.dtype} {numbers.shape}, not a row of numbers")
        return numbers
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; the release has params_0.npy to params_{N_SHARDS - 1}.npy") from None
    except (EOFError, ValueError) as error:
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
