"""States of pre-training on its way, for those who look back: `step100.safetensors`, and what a missing mask learns."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch.nn.functional as F

from minigpt.attention import CausalSelfAttention
from minigpt.model import GPT
from minigpt.support.device import one_thread
from minigpt.support.tensors import save_tensors
from minigpt.train import documents, pretrain

UNMASKED_STEPS, UNMASKED_LR = 300, 4e-3


def keeping(model, folder, steps):
    """A `watch` for `pretrain` that keeps the weights after each of `steps`; those of step 0 at once."""

    def keep(step):
        save_tensors(Path(folder) / f"step{step}.safetensors", model.state_dict())

    def watch(log):
        if log[-1]["step"] in steps:
            keep(log[-1]["step"])

    if 0 in steps:
        keep(0)
    return watch


@contextmanager
def no_mask():
    """Inside the block every token sees every other: attention without its mask, softmax(q k^T / sqrt(d_k)) v."""
    masked = CausalSelfAttention.attend
    CausalSelfAttention.attend = lambda self, q, k, v, mask=None: F.scaled_dot_product_attention(q, k, v)
    try:
        yield
    finally:
        CausalSelfAttention.attend = masked


def unmasked(setting, tok, folder, device):
    """Pre-train for a few hundred steps without the mask, and keep the weights: what cheating looks like."""
    config = replace(setting.pretraining, steps=UNMASKED_STEPS, lr=UNMASKED_LR)
    model = GPT(setting.config(tok), config.seed).to(device)
    with one_thread(), no_mask():
        pretrain(model, documents(setting.corpus.texts, tok, model.config.n_ctx), config, progress=False)
    save_tensors(Path(folder) / f"no-mask{UNMASKED_STEPS}.safetensors", model.state_dict())
