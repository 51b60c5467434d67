"""What people move: the explorer's views, a switch for the mask, a loss that falls while one looks.

Each function returns a widget for a notebook. The explorer's views live without a kernel too, see `explorer/`; of the
others, and for print, `plots.py` draws a state. Nothing is drawn before it is displayed.
"""

import ipywidgets
import numpy as np
import torch

from minigpt.pictures import plots
from minigpt.pictures.explorer.widget import explorer  # noqa: F401  the name by which lessons call it
from minigpt.pictures.notebook import png
from minigpt.reference import softmax
from minigpt.train import pretrain


@torch.no_grad()
def attention_weights(model, ids, layer):
    """Who looks at whom in one layer, counted from 0: ids, a list of T -> (H, T, T)."""
    ids = torch.tensor([ids], device=model.token_embedding.weight.device)
    h = model.token_embedding(ids) + model.position_embedding(torch.arange(ids.shape[1], device=ids.device))
    for block in model.blocks[:layer]:
        h = block(h)
    return model.blocks[layer].attention.weights(h)[0].cpu().numpy()


def with_start(tok, text):
    """The ids of `<s> text`, and each as a word."""
    return [tok.start_id, *tok.encode(text)], ["<s>", *tok.split(text)]


def picture():
    """A place for a picture in its own size."""
    return ipywidgets.Image(format="png", layout={"align_self": "flex-start", "max_width": "100%"})


def observed(draw, *controls):
    """Call `draw()` now and whenever one of the controls changes."""
    for control in controls:
        control.observe(lambda change: draw(), names="value")
    draw()


@torch.no_grad()
def next_token_figure(model, tok, text, truth, n_shown=12):
    """What comes next: the words that `truth(text)` holds possible, their true shares and the model's, and "other"."""
    ids, _ = with_start(tok, text)
    ids = torch.tensor([ids[-model.config.n_ctx :]], device=model.token_embedding.weight.device)
    p = model(ids)[0, -1].softmax(-1).cpu().numpy()
    true = truth(text)
    names = sorted(true, key=lambda name: (-round(true[name], 9), name))[:n_shown]  # the same order on every machine
    known = {tok.decode([i]): p[i] for i in range(tok.vocab_size)}
    distributions = {"model": [known[name] for name in names], "truth": [true[name] for name in names]}
    shown = {label: [*values, max(0.0, 1 - sum(values))] for label, values in distributions.items()}
    return plots.bars([*names, "other"], shown, title=f"after: {text}")


def mask_switch(scores, tokens):
    """Attention weights of scores (T, T) with the mask, or without."""
    masked = ipywidgets.ToggleButtons(options=["causal mask", "no mask"])
    shown = picture()

    def draw():
        allowed = np.tri(len(tokens), dtype=bool) | (masked.value == "no mask")
        shown.value = png(plots.attention_map(softmax(np.where(allowed, scores, -np.inf)), tokens, masked.value))

    observed(draw, masked)
    return ipywidgets.VBox([masked, shown])


def live_loss(model, sequences, config, floor=None, every=50):
    """A button that trains `model` and draws the loss while it falls."""
    button = ipywidgets.Button(description="train")
    shown = picture()

    def watch(log):
        if len(log) % every == 0 or len(log) == config.steps:
            shown.value = png(plots.loss_curve(log, floor))

    def train(_):
        button.disabled = True
        pretrain(model, sequences, config, progress=False, watch=watch)
        button.disabled = False

    button.on_click(train)
    return ipywidgets.VBox([button, shown])
