"""Growth: time and memory of a training step against T, d_model and the number of layers, beside the formula.

    FLOPs a token, forward and backward  =  3 (24 L d^2 + 2 d |V| + 2 L T d)

The memory is what autograd keeps for the backward pass: the bytes of all tensors it saves, each once.
"""

import dataclasses
from pathlib import Path

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from benchmarks.peers import minigpt_step, random_ids
from benchmarks.timing import interleave, training_flops
from benchmarks.training import S
from minigpt.loss import lm_loss
from minigpt.model import GPT
from minigpt.pictures import look, runs

TOKENS = 4096  # a step, whatever T
SWEEPS = {
    "n_ctx": [64, 128, 256, 512, 1024],
    "d_model": [64, 128, 256, 512],
    "n_layer": [1, 2, 4, 8, 12],
}


def kept_bytes(config, B):
    """Bytes that a forward pass keeps for the backward pass, weights not counted."""
    model, kept = GPT(config).train(), {}
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = random_ids(config, B, config.n_ctx)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = lm_loss(model(ids), ids)
    return sum(kept.values()) + 0 * loss.numel()


def sweep(name, rounds):
    """Rows {value, tokens per second, predicted at the first row's FLOP rate, bytes kept a token} for one size."""
    base = dataclasses.replace(S, dropout=0.0)
    configs = {value: dataclasses.replace(base, **{name: value}) for value in SWEEPS[name]}
    batch = {value: TOKENS // config.n_ctx for value, config in configs.items()}
    steps = {value: minigpt_step(config, batch[value], config.n_ctx) for value, config in configs.items()}
    seconds = {value: min(s) for value, s in interleave(steps, rounds).items()}
    flops = {value: training_flops(config, batch[value], config.n_ctx) for value, config in configs.items()}
    middle = SWEEPS[name][len(SWEEPS[name]) // 2]
    rate = flops[middle] / seconds[middle]
    for value, config in configs.items():
        kept = kept_bytes(config, batch[value]) / TOKENS
        yield {
            "size": name,
            "value": value,
            "tokens/s": TOKENS / seconds[value],
            "formula": TOKENS * rate / flops[value],
            "kB a token": kept / 1e3,
        }


def lines(args, out):
    """A Markdown table; the picture is written to `out`."""
    found = [row for name in SWEEPS for row in sweep(name, args.rounds)]
    runs.save(picture(found), Path(out))
    yield "| size S but | tokens/s | by the formula | kB kept a token |"
    yield "|---|---|---|---|"
    for row in found:
        numbers = f"{row['tokens/s']:,.0f} | {row['formula']:,.0f} | {row['kB a token']:.1f}"
        yield f"| {row['size']} = {row['value']} | {numbers} |"


def picture(found):
    """Tokens per second, and bytes kept, against each size; the formula is drawn through the middle point."""
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    for column, name in enumerate(SWEEPS):
        rows = [row for row in found if row["size"] == name]
        values = [row["value"] for row in rows]
        for place, what, unit in ((0, "tokens/s", "tokens per second"), (1, "kB a token", "kB kept a token")):
            axes = figure.add_subplot(2, len(SWEEPS), place * len(SWEEPS) + column + 1)
            axes.plot(values, [row[what] for row in rows], "o-", color=look.BLUE, label="measured")
            if place == 0:
                axes.plot(values, [row["formula"] for row in rows], "--", color=look.GREY, label="FLOPs formula")
                axes.legend()
            axes.set(xscale="log", yscale="log", xlabel=name if place else "", ylabel=unit if column == 0 else "")
            low, high = axes.get_ylim()
            axes.set_ylim(low / 2, high * 2)  # what hardly changes should look flat
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axes.set_xticks(values, [str(value) for value in values])
            axes.minorticks_off()
    return figure
