"""What people move: the explorer's views, a query, a text, a loss that falls while one looks.

Each function returns a widget for a notebook. The explorer's views live without a kernel too, see `explorer/`; of the
others, and for print, `plots.py` draws a state. Nothing is drawn before it is displayed.
"""

import ipywidgets
import numpy as np
import torch

from minigpt.model import GPT
from minigpt.pictures import arrows, looking, matrices, plots, runs
from minigpt.pictures.drawing import shown_until
from minigpt.pictures.explorer.widget import explorer  # noqa: F401  the name by which lessons call it
from minigpt.pictures.notebook import png
from minigpt.tokenizer import Tokenizer
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
    """What comes next: the words that `truth(text)` holds possible or the model likely, the shares of both, "other"."""
    ids, _ = with_start(tok, text)
    ids = torch.tensor([ids[-model.config.n_ctx :]], device=model.token_embedding.weight.device)
    p = model(ids)[0, -1].softmax(-1).cpu().numpy()
    true = truth(text)
    known = {tok.decode([i]): p[i] for i in range(tok.vocab_size)}
    likely = {name for name in known if known[name] > 0.05} | set(true)
    names = sorted(likely, key=lambda name: (-round(true.get(name, 0), 9), name))[:n_shown]  # one order on all machines
    distributions = {"model": [known[name] for name in names], "truth": [true.get(name, 0.0) for name in names]}
    shown = {label: [*values, max(0.0, 1 - sum(values))] for label, values in distributions.items()}
    figure = plots.bars([*names, "other"], shown, title=f"after: {text}")
    figure.set_figwidth(max(figure.get_figwidth(), 0.11 * len(text)))  # a long title fits
    return figure


STEPS = {"scores": 0, "scale": 1, "mask": 2, "softmax": 3, "sum": 5}  # and the step of the picture that it ends with


def attention_stepper(q, k, v, tokens, directions=("", ""), columns=()):
    """One head step by step, (T, 2) each, with a last query that can be moved: its arrow, and every number.

    Args:
        directions: what the two axes of q and k mean. columns: what the two numbers of a value mean.
    """
    step = ipywidgets.ToggleButtons(options=STEPS, value=STEPS["scores"], style={"button_width": "80px"})
    sliders = [
        ipywidgets.FloatSlider(value, min=-4, max=4, step=0.5, description=f"q[{i}]") for i, value in enumerate(q[-1])
    ]
    plane, numbers = picture(), picture()

    def draw():
        moved = np.vstack([q[:-1], [[slider.value for slider in sliders]]])
        plane.value = png(arrows.query_and_keys(moved[-1], k, tokens, f"query of {tokens[-1]}", directions), 80)
        numbers.value = png(shown_until(matrices.attention_steps(moved, k, v, tokens, columns=columns), step.value), 80)

    observed(draw, step, *sliders)
    return ipywidgets.VBox([ipywidgets.HBox(sliders), plane, step, numbers])


def trained(folder):
    """A trained model and its tokenizer, as `GPT.save` and `Tokenizer.save` left them."""
    return GPT.load(folder).eval(), Tokenizer.load(folder)


def heads_of(model, tok, text, layer):
    """All heads of one layer, counted from 1, side by side: who looks at whom in `text`."""
    ids, tokens = (part[: model.config.n_ctx] for part in with_start(tok, text))
    return looking.heads(attention_weights(model, ids, layer - 1), tokens, layer=layer)


def heads_box(model, tok, text):
    """The heads of a layer, for a text that can be changed."""
    written = ipywidgets.Text(text, continuous_update=False, layout={"width": "90%"})
    layer = ipywidgets.ToggleButtons(options=range(1, model.config.n_layer + 1), description="layer")
    shown = picture()

    def draw():
        shown.value = png(heads_of(model, tok, written.value, layer.value))

    observed(draw, written, layer)
    return ipywidgets.VBox([written, layer, shown])


def live_loss(model, sequences, config, floor=None, every=50):
    """A button that trains `model` and draws the loss while it falls."""
    button = ipywidgets.Button(description="train")
    shown = picture()

    def watch(log):
        if len(log) % every == 0 or len(log) == config.steps:
            shown.value = png(runs.loss_curve(log, floor))

    def train(_):
        button.disabled = True
        pretrain(model, sequences, config, progress=False, watch=watch)
        button.disabled = False

    button.on_click(train)
    return ipywidgets.VBox([button, shown])
