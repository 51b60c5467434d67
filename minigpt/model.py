"""Equation (2): h^[0] = e_x' W^e + W^p,  h^[l] = Decoder(h^[l-1]),  P(x) = softmax(h_T^[L] W^L).

GPT-1's decoder: layer norm after each residual sum, learned positions, tanh GELU.
Read upwards from `GPT.forward`. Lecture page "Unsupervised pre-training"; Radford et al. 2018, section 3.1.
"""

import math
from pathlib import Path

import torch
from torch import nn

from minigpt.attention import CausalSelfAttention
from minigpt.config import GPTConfig
from minigpt.fast.dropout import Dropout
from minigpt.fast.gelu import GELU
from minigpt.fast.linear import Linear
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import fill, save_tensors, shapes_in

TIED = [("lm_head.weight", "token_embedding.weight")]  # W^L = W^e transposed: one tensor, stored once


class DecoderBlock(nn.Module):
    """One layer of eq. (2).

        n = LN1(x + attention(x)),   h = LN2(n + mlp(n)),   mlp(n) = gelu(n W_1 + b_1) W_2 + b_2

    Post-LN, as in GPT-1: a layer norm after each sum.
    """

    def __init__(self, config):
        super().__init__()
        d = config.d_model
        self.attention = CausalSelfAttention(d, config.n_head, config.dropout, config.attention_dropout)
        self.ln_1 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(Linear(d, 4 * d), GELU(), Linear(4 * d, d), Dropout(config.dropout))
        self.ln_2 = nn.LayerNorm(d)

    def forward(self, x, attend=None):
        n = self.ln_1(x + self.attention(x, attend))
        return self.ln_2(n + self.mlp(n))  # (B, T, d_model)


class GPT(nn.Module):
    """The model of eq. (2); its weights are drawn by `seed`, see `initialise`.

    >>> model = GPT(GPTConfig(vocab_size=40, n_ctx=64, n_layer=2, n_head=2, d_model=32))
    >>> model(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 40])
    """

    def __init__(self, config, seed=0):
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)  # W^e
        self.position_embedding = nn.Embedding(config.n_ctx, config.d_model)  # W^p
        self.dropout = Dropout(config.dropout)
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.n_layer))
        self.lm_head = Linear(config.d_model, config.vocab_size, bias=False)  # W^L
        initialise(self, config.d_model, seed)
        if config.tie_weights:
            self.lm_head.weight = self.token_embedding.weight

    def hidden(self, ids, cache=None):
        """h^[L], the state at each position: ids (B, T) -> (B, T, d_model).

            h^[0] = e_x W^e + W^p,   h^[l] = Decoder(h^[l-1]),  l = 1..L

        With a `fast.cache.KVCache`, `ids` go on where the cached text ends, and join it: the same states, sooner.
        """
        if cache is not None:
            return cache.hidden(self, ids)
        self.check(ids)
        h = self.embed(ids, torch.arange(ids.shape[1], device=ids.device))  # (B, T, d_model)
        for block in self.blocks:
            h = block(h)
        return h

    def embed(self, ids, positions):
        """h^[0] = e_x W^e + W^p: a one-hot row times W^e is a row of W^e, so the product is a look-up."""
        return self.dropout(self.token_embedding(ids) + self.position_embedding(positions))

    def forward(self, ids):
        """Logits of the next token at each position: ids (B, T) -> (B, T, |V|); softmax of them is P(x)."""
        return self.lm_head(self.hidden(ids))

    def check(self, ids, positions=None):
        config = self.config
        if ids.ndim != 2 or ids.dtype != torch.long or ids.numel() == 0:
            raise InputError(f"ids must be whole numbers (B, T), not empty, got {ids.dtype} {tuple(ids.shape)}")
        length = ids.shape[1] if positions is None else int(positions.max()) + 1
        if length > config.n_ctx:
            raise InputError(
                f"a text of {length} tokens is longer than n_ctx {config.n_ctx}; "
                "cut it (formats.py does), or train a model with a larger n_ctx"
            )
        if self.training and not ids.is_cpu:
            return  # a look would wait for the device; the ids come from a tokenizer that was checked on the CPU
        least, most = ids.aminmax()
        if least < 0 or most >= config.vocab_size:
            row, position = ((ids < 0) | (ids >= config.vocab_size)).nonzero()[0].tolist()
            raise InputError(
                f"token id {int(ids[row, position])} at position {position} is outside the vocabulary of "
                f"{config.vocab_size} (ids 0 to {config.vocab_size - 1}); encode the text with the tokenizer this "
                "model was trained with: GPT.load(folder) and Tokenizer.load(folder) of the same folder"
            )

    def save(self, folder):
        """Write `config.json` and `model.safetensors`; tied weights are stored once."""
        folder = Path(folder)
        tensors = self.state_dict()
        if self.config.tie_weights:
            del tensors["lm_head.weight"]
        save_tensors(folder / "model.safetensors", tensors)
        write_json(folder / "config.json", self.config.to_json())

    @classmethod
    def load(cls, folder):
        """Read what `save` wrote, on the CPU.

        Raises:
            InputError: if a file is missing or damaged, or a tensor is missing, unknown or of another shape.
        """
        folder = Path(folder)
        values = read_json(folder / "config.json")
        try:
            config = GPTConfig.from_json(values)
        except InputError as error:
            raise InputError(f"{folder / 'config.json'}: {error}") from None
        check_sizes(config, folder / "model.safetensors")
        model = cls(config)
        fill(model, folder / "model.safetensors", TIED if config.tie_weights else ())
        return model


def check_sizes(config, path):
    """Refuse a configuration of other sizes than the file's, before a model of those sizes is made."""
    shapes = shapes_in(path)
    wanted = {
        "token_embedding.weight": (config.vocab_size, config.d_model),
        "position_embedding.weight": (config.n_ctx, config.d_model),
    }
    for name, shape in wanted.items():
        if shapes.get(name) != shape:
            raise InputError(
                f"{path}: tensor {name!r} should be {shape}, the file has {shapes.get(name, 'nothing')}; take config "
                "and weights of one run"
            )
    n_layer = len({name.split(".")[1] for name in shapes if name.startswith("blocks.")})
    if n_layer != config.n_layer:
        raise InputError(f"{path} holds {n_layer} blocks, config.json says {config.n_layer}; take both of one run")


def initialise(module, d_model, seed):
    """Draw every matrix from N(0, std), set biases to 0.

        std = 0.02 sqrt(768 / d_model)

    GPT-1's width is 768 and its standard deviation 0.02. A state times a matrix is a sum of d_model products: with
    this std a narrower model starts with sums as large as GPT-1's, and learns much sooner than with 0.02.
    Source: Radford et al. 2018, section 4.1, for d_model = 768; the rest is ours.
    """
    generator = torch.Generator().manual_seed(seed)
    std = 0.02 * math.sqrt(768 / d_model)
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=std, generator=generator)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
