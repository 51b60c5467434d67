"""The deck's figures by their names, drawn from the project's own configuration, body and tokens, as SVG."""

import html
import io
import re
from functools import partial

import matplotlib
import numpy as np
import results
import torch
from results import LABELS, body

from minigpt import formats as task_formats
from minigpt import train
from minigpt.batch import pack
from minigpt.formats import TASKS
from minigpt.pictures import blocks, diagrams, fonts, looking, matrices, overview, plots, read_once, tasks
from minigpt.pictures.widgets import attention_weights, with_start
from minigpt.studies import settings

STORY = "Paris welcomed the cat. The cat sleeps in"
TWO = "Paris welcomed the cat. Tokyo welcomed the dog. The cat sleeps in"


def family(labels):
    tokens = {"en": ["The", "cat", "sleeps", "in", "Paris"], "zh": ["那只", "猫", "睡", "在", "巴黎"]}
    return overview.family(tokens[labels], labels)


SENTENCE = ["<s>", "The", "cat", "sleeps", "in", "Paris", "."]


def staircase(labels):
    return blocks.staircase(SENTENCE, labels)


def lookup(labels):
    """The first three numbers of real rows of W^e and W^p."""
    tok, gpt = body()
    words = ["the", "cat", "dog", "sleeps"]
    rows = gpt.token_embedding.weight[[tok.encode(word)[0] for word in words], :3]
    position = gpt.position_embedding.weight[2, :3].detach().numpy()
    return matrices.lookup(words, 1, rows.detach().numpy(), position, place=2, labels=labels)


def cache(labels):
    return read_once.cache(["<s>", "Anna", "took", "the", "key", "."], 3, labels)


def packed(labels):
    tok, _ = body()
    asked = ("Ben has the key", "Who?", ["Ben", "Anna"])
    batch = pack([task_formats.multiple_choice(*asked, tok)])
    tokens = [tok.decode([i]) for i in batch.ids[0, 0].tolist()]
    return read_once.packed(tokens, batch.positions[0].tolist(), batch.mask[0, 0].tolist(), labels)


def schedule(labels):
    config, words = settings.toy(0).pretraining, LABELS[labels]
    steps = range(0, config.steps, 20)
    rates = [train.learning_rate(step, config) for step in steps]
    return plots.lines(steps, {words["rate"]: rates}, words["steps"], words["rate"])


def cross_entropy(labels):
    tok, gpt = body()
    ids, _ = with_start(tok, TWO)
    with torch.no_grad():
        p = gpt(torch.tensor([ids]))[0, -1].softmax(-1)
    names = ["Paris", "Tokyo", "Cairo"]
    shares = [p[tok.encode(name)[0]].item() for name in names]
    return blocks.cross_entropy(names, shares, 0, labels)


def attention(labels):
    """The numbers of lesson 02."""
    q = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    k, v = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    return matrices.attention_steps(q, k, v, ["cat", "saw", "dog"], labels)


def heads(labels):
    tok, gpt = body()
    ids, tokens = with_start(tok, STORY)
    return looking.heads(attention_weights(gpt, ids, 2), tokens, labels, layer=3, columns=4)


def looks(labels):
    tok, gpt = body()
    ids, tokens = with_start(tok, TWO)
    return looking.looks(attention_weights(gpt, ids, 2), tokens, labels)


def boxes(task):
    """An example's sequences as boxes of text that flow, markers ringed, as in the explorer: HTML."""
    tok, _ = body()
    example = results.example(task)
    kind = {tok.end_id: "marker end", tok.start_id: "marker", tok.delimiter_id: "marker"}
    drawn = []
    for ids in TASKS[task].sequences(example, tok):
        tokens = (f'<span class="token {kind.get(i, "")}">{html.escape(tok.decode([i]))}</span>' for i in ids)
        drawn.append(f'<div class="sequence">{" ".join(tokens)}</div>')
    return "".join(drawn)


FIGURES = {
    "family": family, "pipeline": overview.pipeline, "staircase": staircase, "cross_entropy": cross_entropy,
    "model": lambda labels: blocks.model(body()[1].config, labels),
    "block": lambda labels: blocks.decoder_block(body()[1].config, labels),
    "next_token": lambda labels: diagrams.next_token_prediction(SENTENCE, labels),
    "own_words": lambda labels: diagrams.next_token_prediction(SENTENCE, labels, own=True),
    "fine_tuning": tasks.fine_tuning,
    **{task: partial(tasks.symbols, task) for task in TASKS},
    "lookup": lookup, "cache": cache, "packed": packed, "schedule": schedule,
    "attention": attention, "heads": heads, "looks": looks,
    "leak": lambda labels: looking.masks(SENTENCE, labels),
    "data": results.data, "noise": results.noise, "size": results.size, "compute": results.compute,
    "arms": results.arms, "texts": results.texts, "shortcut": results.shortcut, "paper": results.paper,
    "minimal_pairs": results.minimal_pairs, "real": results.real,
}  # fmt: skip


def svg(name, alt, labels):
    """A figure as SVG in the page; its text stays text, drawn by the browser's fonts.

    Of `name+` the parts come one after the other: the SVG's groups with the names step1, step2, ...
    """
    in_steps, name = name.endswith("+"), name.rstrip("+")
    file = io.StringIO()
    style = {"font.size": 13, "svg.fonttype": "none", "svg.hashsalt": name, "font.family": fonts.family(labels)}
    with matplotlib.rc_context(style):
        FIGURES[name](labels).savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    drawn = file.getvalue()
    drawn = re.sub(r"(?s)^.*?<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", r'<svg viewBox="\1">', drawn)
    drawn = re.sub(r'id="step(\d)"', r'class="fragment" data-fragment-index="\1"' if in_steps else "", drawn)
    drawn = re.sub(r"\b(id=\"|href=\"#|url\(#)", rf"\g<1>{name}-", drawn)  # ids are the page's
    label = html.escape(alt, quote=True)
    return f'<figure role="img" aria-label="{label}">{drawn}</figure>'
