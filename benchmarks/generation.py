"""Generation: 224 tokens after a prompt of 32, drawn from the whole distribution, with each package's own cache."""

import torch

from benchmarks.peers import hugging_face, load, quietly
from benchmarks.timing import interleave, rows_of
from benchmarks.training import M
from minigpt.generate import generate
from minigpt.model import GPT

PROMPT, NEW = 32, 224


def by_minigpt(ids):
    model = GPT(M).eval()
    return lambda: generate(model, ids, NEW, generator=torch.Generator().manual_seed(0))


def by_hugging_face(kind, ids):
    model = hugging_face(kind, M, 0.0).eval()
    settings = {"max_new_tokens": NEW, "min_new_tokens": NEW, "do_sample": True, "top_k": 0, "pad_token_id": 0}
    return lambda: model.generate(ids, attention_mask=torch.ones_like(ids), **settings)


def by_llms_from_scratch(ids, folder):
    """Its version with a cache; it always takes the likeliest token, so it need not draw."""
    if load("LLMs-from-scratch", folder) is None:
        return None
    from llms_from_scratch.kv_cache.generate import generate_text_simple
    from llms_from_scratch.kv_cache.gpt2 import GPTModel

    sizes = {"vocab_size": M.vocab_size, "context_length": M.n_ctx, "emb_dim": M.d_model, "n_heads": M.n_head}
    model = GPTModel(sizes | {"n_layers": M.n_layer, "drop_rate": 0.0, "qkv_bias": True}).eval()
    return lambda: generate_text_simple(model, ids, NEW, M.n_ctx)


def by_nanogpt(ids, folder):
    """nanoGPT has no cache."""
    if (module := load("nanoGPT", folder)) is None:
        return None
    sizes = {"n_layer": M.n_layer, "n_head": M.n_head, "n_embd": M.d_model}
    model = quietly(module.GPT, module.GPTConfig(block_size=M.n_ctx, vocab_size=M.vocab_size, dropout=0.0, **sizes))
    return lambda: model.eval().generate(ids, NEW)


def rows(args):
    for B in (1, 16):
        ids = torch.randint(M.vocab_size, (B, PROMPT), generator=torch.Generator().manual_seed(0))
        contenders = {"minigpt": by_minigpt(ids), "HF GPT2": by_hugging_face("GPT2", ids)}
        contenders["LLMs-from-scratch, greedy"] = by_llms_from_scratch(ids, args.peers)
        if B == 1:
            contenders["nanoGPT, no cache"] = by_nanogpt(ids, args.peers)
        contenders = {name: work for name, work in contenders.items() if work}
        seconds = interleave(contenders, args.rounds)
        yield from rows_of(f"generation M, {PROMPT} + {NEW} tokens, batch {B}", seconds)
