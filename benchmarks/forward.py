"""Forward passes: the NumPy reference beside picoGPT, and GPT-1's own size beside OpenAIGPT of transformers."""

import numpy as np
import torch

from benchmarks.peers import hugging_face, load
from benchmarks.timing import interleave, rows_of
from benchmarks.training import S
from minigpt import reference
from minigpt.model import GPT
from minigpt.pretrained import GPT1

BATCH, T = 8, 128


def picogpt_params(params, n_layer):
    """Our arrays under picoGPT's names; it has a last layer norm more."""
    ones, zeros = np.ones_like(params["0.g_1"]), np.zeros_like(params["0.g_1"])
    blocks = []
    for layer in range(n_layer):
        p = {name.split(".")[1]: a for name, a in params.items() if name.startswith(f"{layer}.")}
        attn = {"c_attn": {"w": p["W_qkv"], "b": p["b_qkv"]}, "c_proj": {"w": p["W_o"], "b": p["b_o"]}}
        mlp = {"c_fc": {"w": p["W_1"], "b": p["b_1"]}, "c_proj": {"w": p["W_2"], "b": p["b_2"]}}
        norms = {"ln_1": {"g": p["g_1"], "b": p["c_1"]}, "ln_2": {"g": p["g_2"], "b": p["c_2"]}}
        blocks.append({"attn": attn, "mlp": mlp, **norms})
    return {"wte": params["W_e"], "wpe": params["W_p"], "blocks": blocks, "ln_f": {"g": ones, "b": zeros}}


def numpy_rows(args):
    module = load("picoGPT", args.peers)
    if module is None:
        return
    ids = np.random.default_rng(0).integers(S.vocab_size, size=(BATCH, T))
    for dtype in (np.float64, np.float32):
        params = {name: a.astype(dtype) for name, a in reference.params_from(GPT(S)).items()}
        theirs = picogpt_params(params, S.n_layer)

        def by_reference(params=params):
            return reference.forward(params, ids, S)

        def by_picogpt(theirs=theirs):
            return [module.gpt2(row, **theirs, n_head=S.n_head) for row in ids]

        seconds = interleave({"minigpt": by_reference, "picoGPT": by_picogpt}, args.rounds)
        yield from rows_of(f"NumPy forward S, batch {BATCH}, {np.dtype(dtype).name}", seconds)


def gpt1_rows(args):
    ids = torch.randint(GPT1.vocab_size, (1, T), generator=torch.Generator().manual_seed(0))
    ours, theirs = GPT(GPT1).eval(), hugging_face("OpenAIGPT", GPT1, 0.1).eval()

    @torch.no_grad()
    def by_minigpt():
        return ours(ids)

    @torch.no_grad()
    def by_hugging_face():
        return theirs(ids).logits

    flops = T * (24 * 12 * 768**2 + 2 * 768 * GPT1.vocab_size + 2 * 12 * T * 768)
    seconds = interleave({"minigpt": by_minigpt, "HF OpenAIGPT": by_hugging_face}, args.rounds)
    yield from rows_of(f"forward pass of GPT-1 itself, batch 1, T {T}", seconds, flops=flops, peak=args.peak)


def rows(args):
    yield from numpy_rows(args)
    yield from gpt1_rows(args)
