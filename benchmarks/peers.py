"""The code that people would use instead, each with the same sizes, as a model and a step of training.

transformers comes from the package index. nanoGPT, minGPT, LLMs-from-scratch and picoGPT are read from a folder that
holds their checkouts under those names; what is absent is skipped, and said so. None of their code is part of minigpt.
"""

import contextlib
import hashlib
import importlib
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from minigpt.model import GPT
from minigpt.train import make_optimizer, train_step

FILES = {  # peer: where its model lies in its checkout
    "nanoGPT": "model.py",
    "minGPT": "mingpt/model.py",
    "LLMs-from-scratch": "pkg/llms_from_scratch/ch04.py",
    "picoGPT": "gpt2.py",
}


def load(name, folder):
    """The module of a peer from `folder/name`, or None where it is absent."""
    path = Path(folder or "", name, FILES[name])
    if folder is None or not path.is_file():
        return None
    packages = len(Path(FILES[name]).parts) - 1 - FILES[name].startswith("pkg")
    root = path.parents[packages]
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    sys.path.insert(0, str(root))
    try:
        sys.modules.pop(module, None)  # nanoGPT's is called plainly `model`
        return importlib.import_module(module)
    finally:
        sys.path.remove(str(root))


def quietly(make, *given):
    """`make(*given)` without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return make(*given)


def identity(name, folder):
    """Which version was measured: the commit, or the file's hash where the folder is no checkout."""
    path = Path(folder or "", name, FILES[name])
    if folder is None or not path.is_file():
        return "absent: skipped"
    if (Path(folder, name) / ".git").exists():
        done = subprocess.run(["git", "-C", path.parent, "rev-parse", "HEAD"], capture_output=True, text=True)
        return f"commit {done.stdout.strip()[:7]}"
    return f"no checkout; sha256 of {FILES[name]} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


def random_ids(config, B, T):
    return torch.randint(config.vocab_size, (B, T), generator=torch.Generator().manual_seed(0))


def minigpt_step(config, B, T):
    """minigpt's own training step, from lists of ids to updated weights."""
    model = GPT(config).train()
    optimizer = make_optimizer(model.parameters(), 1e-3, 0.01)
    batch = random_ids(config, B, T + 1).tolist()
    return lambda: train_step(model, optimizer, batch, lr=1e-3, clip=1.0)


def plain_step(model, loss_of, config, B, T):
    """What every peer does to train: loss, backward, clip at 1, AdamW."""
    model.train()
    optimizer = make_optimizer(model.parameters(), 1e-3, 0.01)
    ids = random_ids(config, B, T + 1)
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

    def step():
        loss = loss_of(model, inputs, targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def hugging_face(kind, config, dropout):
    """OpenAIGPT or GPT2 of transformers, with the sizes of a `GPTConfig` and one rate of dropout everywhere."""
    import transformers

    sizes = {"vocab_size": config.vocab_size, "n_positions": config.n_ctx, "n_embd": config.d_model}
    sizes |= {"n_layer": config.n_layer, "n_head": config.n_head}
    rates = {"resid_pdrop": dropout, "embd_pdrop": dropout, "attn_pdrop": dropout}
    ids = {"bos_token_id": None, "eos_token_id": None}  # theirs lie outside a small vocabulary
    made = getattr(transformers, f"{kind}Config")(**sizes, **rates, **ids)
    return getattr(transformers, f"{kind}LMHeadModel")(made)


def nanogpt(config, dropout, folder):
    """nanoGPT's model with the sizes of a `GPTConfig`; None where it is absent."""
    if (module := load("nanoGPT", folder)) is None:
        return None
    sizes = {"n_layer": config.n_layer, "n_head": config.n_head, "n_embd": config.d_model}
    theirs = module.GPTConfig(block_size=config.n_ctx, vocab_size=config.vocab_size, dropout=dropout, **sizes)
    return quietly(module.GPT, theirs)


def training_peers(config, dropout, B, T, folder):
    """{peer: one step of its training}, for the peers that are there."""

    def with_logits(model, x, y):
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

    def hugging_face_loss(model, x, y):
        return F.cross_entropy(model(input_ids=x).logits.flatten(0, 1), y.flatten())

    def second_output(model, x, y):
        return model(x, y)[1]

    sizes = {"n_layer": config.n_layer, "n_head": config.n_head, "n_embd": config.d_model}
    found = {}
    if model := nanogpt(config, dropout, folder):
        found["nanoGPT"] = plain_step(model, second_output, config, B, T)
    if module := load("minGPT", folder):
        rates = {"embd_pdrop": dropout, "resid_pdrop": dropout, "attn_pdrop": dropout, "model_type": None}
        theirs = SimpleNamespace(block_size=config.n_ctx, vocab_size=config.vocab_size, **sizes, **rates)
        found["minGPT"] = plain_step(module.GPT(theirs), second_output, config, B, T)
    if module := load("LLMs-from-scratch", folder):
        theirs = {"vocab_size": config.vocab_size, "context_length": config.n_ctx, "emb_dim": config.d_model}
        theirs |= {"n_heads": config.n_head, "n_layers": config.n_layer, "drop_rate": dropout, "qkv_bias": True}
        found["LLMs-from-scratch"] = plain_step(module.GPTModel(theirs), with_logits, config, B, T)
    for kind in ("OpenAIGPT", "GPT2"):
        found[f"HF {kind}"] = plain_step(hugging_face(kind, config, dropout), hugging_face_loss, config, B, T)
    return found
