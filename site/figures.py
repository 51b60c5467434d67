"""The deck's figures and numbers, from the project's own configuration, body, tables and stored results."""

import html
import io
import json
import re
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import torch

from minigpt.data import world, world_tasks
from minigpt.formats import TASKS
from minigpt.model import GPT
from minigpt.pictures import blocks, diagrams, overview, plots
from minigpt.pictures.widgets import attention_weights, with_start
from minigpt.studies import scaling
from minigpt.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
BODY = ROOT / "datasets" / "toy_world" / "body"
RESULTS = ROOT / "docs" / "results"
TABLE = ROOT / "chapters" / "00_overview" / "scaling.csv"
STORY = "Paris welcomed the cat. The cat sleeps in"
TWO = "Paris welcomed the cat. Tokyo welcomed the dog. The cat sleeps in"


@cache
def body():
    return Tokenizer.load(BODY), GPT.load(BODY)


# --- figures: each takes the labels' language ------------------------------------------------------------------


def family(labels):
    tokens = {"en": ["The", "cat", "sleeps", "in", "Paris"], "zh": ["猫", "睡", "在", "巴", "黎"]}
    return overview.family(tokens[labels], labels)


def staircase(labels):
    return blocks.staircase(["<s>", *["The", "cat", "sleeps", "in", "Paris", "."]], labels)


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
    k, v = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    return blocks.attention_steps(q, k, v, ["cat", "saw", "dog"], labels)


def heads(labels):
    tok, gpt = body()
    ids, tokens = with_start(tok, STORY)
    return blocks.heads(attention_weights(gpt, ids, 2), tokens, labels)


def grows(study, xlabel, x):
    found, sizes = scaling.read_study(TABLE, study)
    return plots.lines(sizes if x is None else x, {"GPT": found}, xlabel, "nats per token above the floor", log=True)


def data(labels):
    return grows("data", "stories", [run["n_stories"] for run in scaling.STUDIES["data"]])


def noise(labels):
    found, _ = scaling.read_study(TABLE, "noise")
    names = [f"{run['noise']:.0%}" for run in scaling.STUDIES["noise"]]
    return plots.bars(names, {"words replaced": found}, ylabel="nats per token above the floor")


def size(labels):
    return grows("model", "parameters", None)


def compute(labels):
    return grows("compute", "steps", [run["steps"] for run in scaling.STUDIES["compute"]])


def boxes(task):
    """An example's sequences as boxes of text that flow, markers ringed, as in the explorer: HTML."""
    tok, _ = body()
    example = min(world_tasks.examples(task, 60, 0), key=lambda e: len(str(e)))  # one that fits a slide
    rows = []
    for ids in TASKS[task].sequences(example, tok):
        kind = {tok.end_id: "marker end", tok.start_id: "marker", tok.delimiter_id: "marker"}
        tokens = (f'<span class="token {kind.get(i, "")}">{html.escape(tok.decode([i]))}</span>' for i in ids)
        rows.append(f'<div class="sequence">{" ".join(tokens)}</div>')
    return "".join(rows)


def four(labels):
    tok, _ = body()
    short = {
        "single_text": {"text": "Ben has"},
        "entailment": {"premise": "Anna took", "hypothesis": "Anna has"},
        "similarity": {"a": "Anna has", "b": "Ben has"},
        "multiple_choice": {"passage": "Ben took", "question": "Who has", "options": ["Anna", "Ben"]},
    }
    follows = ["W^y", "W^y", "+, W^y", "w, softmax"]
    rows = [
        (name.replace("_", " "), [[(tok.decode([i]), i) for i in ids] for ids in TASKS[name].sequences(e, tok)], head)
        for (name, e), head in zip(short.items(), follows, strict=True)
    ]
    return diagrams.fine_tuning(rows)


def arms(labels):
    rows = scores()
    shown = ["word pairs", "from scratch", "without statements", "pre-trained"]
    found = {arm: np.array([[100 * x for x in rows[task][arm]] for task in rows]).T for arm in shown}
    return plots.bars([task.replace("_", " ") for task in rows], found, ylabel="accuracy, %")


FIGURES = {
    "family": family, "pipeline": overview.pipeline, "staircase": staircase, "cross_entropy": cross_entropy,
    "model": lambda labels: blocks.model(body()[1].config, labels),
    "block": lambda labels: blocks.decoder_block(body()[1].config, labels),
    "attention": attention, "heads": heads, "data": data, "noise": noise, "size": size, "compute": compute,
    "four": four, "arms": arms,
}  # fmt: skip


def svg(name, alt, labels):
    """A figure as SVG in the page; its text stays text, drawn by the browser's fonts."""
    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        FIGURES[name](labels).savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    drawn = file.getvalue()
    drawn = re.sub(r"(?s)^.*?<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", r'<svg viewBox="\1">', drawn)
    drawn = re.sub(r"\b(id=\"|href=\"#|url\(#)", rf"\g<1>{name}-", drawn)  # ids are the page's
    label = html.escape(alt, quote=True)
    return f'<figure role="img" aria-label="{label}">{drawn}</figure>'


# --- numbers -----------------------------------------------------------------------------------------------------


@cache
def stored():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("toy-en-seed*/metrics.json"))]


@cache
def scores():
    """{task: {arm: accuracies, one a seed}} of the stored runs."""
    rows = {}
    for task in world_tasks.TASKS:
        arms = [
            arm for arm, value in stored()[0]["tasks"][task].items() if isinstance(value, dict) and "score" in value
        ]
        rows[task] = {arm: [run["tasks"][task][arm]["score"] for run in stored()] for arm in arms}
    return rows


@cache
def numbers():
    """What the deck's text may ask for, {name: text}: `pre-trained.single_text`, `lead.similarity.low`, ..."""
    found = {"seeds": str(len(stored())), "parameters": f"{sum(p.numel() for p in body()[1].parameters()):,}"}
    for task, row in scores().items():
        for arm, values in row.items():
            found |= spread(f"{arm}.{task}", [100 * x for x in values])
        found |= spread(
            f"lead.{task}", [100 * (a - b) for a, b in zip(row["pre-trained"], row["from scratch"], strict=True)]
        )
    losses, floors = ([run["pretraining"][name] for run in stored()] for name in ("loss", "floor"))
    found["above"] = f"{100 * (np.mean(losses) / np.mean(floors) - 1):.1f}%"
    found["floor"], found["loss"] = f"{np.mean(floors):.2f}", f"{np.mean(losses):.2f}"
    story = world.stories(1, 0)[0]
    found["story"], found["floor.story"] = story, f"{-world.log_probability(story):.1f}"
    return found


def spread(name, values):
    return {name: f"{np.mean(values):.0f}", f"{name}.low": f"{min(values):.0f}", f"{name}.high": f"{max(values):.0f}"}
