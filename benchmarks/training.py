"""Pre-training: one step, from a batch of ids to new weights, minigpt's beside each peer's.

Both sizes are GPT-1's kind of model, small. W^L is W^e transposed in minigpt, nanoGPT and transformers; minGPT and
LLMs-from-scratch have a W^L of its own.
"""

import dataclasses

import torch.nn.functional as F

from benchmarks.peers import minigpt_step, training_peers
from benchmarks.timing import interleave, rows_of, training_flops
from minigpt.fast import dropout as own_dropout
from minigpt.fast import linear
from minigpt.model import GPTConfig

S = GPTConfig(vocab_size=512, n_ctx=128, n_layer=4, n_head=4, d_model=128, tie_weights=True)
M = GPTConfig(vocab_size=4096, n_ctx=256, n_layer=6, n_head=8, d_model=256, tie_weights=True)
SIZES = {"S": (S, 32), "M": (M, 8)}  # and the batch
DROPOUTS = {  # what minigpt drops (residuals, attention), and the peers everywhere
    "no dropout": (0.0, 0.0, 0.0),
    "dropout 0.1 everywhere": (0.1, 0.1, 0.1),
    "minigpt's default, attention not dropped, peers at 0.1": (0.1, 0.0, 0.1),
}


def without(step, module, name, plain):
    """`step` with one trick of minigpt's replaced by the plain thing: what the trick is worth."""

    def work():
        trick = getattr(module, name)
        setattr(module, name, plain)
        try:
            step()
        finally:
            setattr(module, name, trick)

    return work


def rows(args):
    for name, (size, B) in SIZES.items():
        for what, (dropout, attention_dropout, theirs) in DROPOUTS.items():
            config = dataclasses.replace(size, dropout=dropout, attention_dropout=attention_dropout)
            contenders = {"minigpt": minigpt_step(config, B, config.n_ctx)}
            plain = minigpt_step(config, B, config.n_ctx)
            contenders["minigpt without oneDNN"] = without(plain, linear, "USE_ONEDNN", False)
            if dropout:
                contenders["minigpt with PyTorch's dropout"] = without(plain, own_dropout, "dropout", F.dropout)
            contenders |= training_peers(config, theirs, B, config.n_ctx, args.peers)
            seconds = interleave(contenders, args.rounds)
            flops = training_flops(config, B, config.n_ctx)
            yield from rows_of(f"pre-training step {name}, {what}", seconds, flops=flops, peak=args.peak)
