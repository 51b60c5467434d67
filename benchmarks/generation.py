"""Generation: 224 tokens after a prompt of 32, drawn from the whole distribution, with each package's own cache.

LLMs-from-scratch is not here: in release 1.0.19 its generation with a cache does not run with its own GPT-2.
"""

import torch

from benchmarks.peers import hugging_face, nanogpt
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


def by_nanogpt(ids, folder):
    """nanoGPT has no cache."""
    model = nanogpt(M, 0.0, folder)
    return model and (lambda: model.eval().generate(ids, NEW))


def rows(args):
    for B in (1, 16):
        ids = torch.randint(M.vocab_size, (B, PROMPT), generator=torch.Generator().manual_seed(0))
        contenders = {"minigpt": by_minigpt(ids), "HF GPT2": by_hugging_face("GPT2", ids)}
        if B == 1:
            contenders["nanoGPT, no cache"] = by_nanogpt(ids, args.peers)
        contenders = {name: work for name, work in contenders.items() if work}
        seconds = interleave(contenders, args.rounds)
        yield from rows_of(f"generation M, {PROMPT} + {NEW} tokens, batch {B}", seconds)
