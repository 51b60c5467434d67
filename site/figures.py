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
from minigpt.pictures import blocks, fonts, overview, plots
from minigpt.pictures.widgets import attention_weights, with_start
from minigpt.studies import scaling
from minigpt.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
BODY = ROOT / "datasets" / "toy_world" / "body"
RESULTS = ROOT / "docs" / "results"
TABLE = ROOT / "chapters" / "00_overview" / "scaling.csv"
STORY = "Paris welcomed the cat. The cat sleeps in"
TWO = "Paris welcomed the cat. Tokyo welcomed the dog. The cat sleeps in"
LABELS = {
    "en": {
        "stories": "stories", "parameters": "parameters", "steps": "training steps", "replaced": "words replaced",
        "excess": "nats per token above the floor", "accuracy": "accuracy, %", "arms": {},
        "tasks": ["single text (5)", "entailment (6)", "similarity (7)", "multiple choice (8)"],
    },
    "zh": {
        "stories": "故事数", "parameters": "参数量", "steps": "训练步数", "replaced": "换掉的词",
        "excess": "高出下限的损失，nat/词元", "accuracy": "准确率，%",
        "arms": {
            "majority": "多数类", "word pairs": "词对", "from scratch": "从零训练",
            "without statements": "没有陈述句", "pre-trained": "预训练",
        },
        "tasks": ["单句文本分类 (5)", "文本蕴含 (6)", "文本相似度 (7)", "选择型阅读理解 (8)"],
    },
}  # fmt: skip


@cache
def body():
    return Tokenizer.load(BODY), GPT.load(BODY)


# --- figures: each takes the labels' language ------------------------------------------------------------------


def family(labels):
    tokens = {"en": ["The", "cat", "sleeps", "in", "Paris"], "zh": ["小", "猫", "睡", "在", "巴黎"]}
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
    k, v = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    return blocks.attention_steps(q, k, v, ["cat", "saw", "dog"], labels)


def heads(labels):
    tok, gpt = body()
    ids, tokens = with_start(tok, STORY)
    return blocks.heads(attention_weights(gpt, ids, 2), tokens, labels)


def grows(study, xlabel, x, labels):
    found, sizes = scaling.read_study(TABLE, study)
    words = LABELS[labels]
    figure = plots.lines(sizes if x is None else x, {"GPT": found}, words[xlabel], words["excess"], log=True)
    figure.axes[0].get_legend().remove()
    return figure


def data(labels):
    return grows("data", "stories", [run["n_stories"] for run in scaling.STUDIES["data"]], labels)


def noise(labels):
    found, _ = scaling.read_study(TABLE, "noise")
    names = [f"{run['noise']:.0%}" for run in scaling.STUDIES["noise"]]
    figure = plots.bars(names, {"GPT": found}, ylabel=LABELS[labels]["excess"])
    figure.axes[0].set_xlabel(LABELS[labels]["replaced"])
    return figure


def size(labels):
    return grows("model", "parameters", None, labels)


def compute(labels):
    return grows("compute", "steps", [run["steps"] for run in scaling.STUDIES["compute"]], labels)


def boxes(task):
    """An example's sequences as boxes of text that flow, markers ringed, as in the explorer: HTML."""
    tok, _ = body()
    example = min(world_tasks.examples(task, 60, 0), key=lambda e: len(str(e)))  # one that fits a slide
    return sequences(TASKS[task].sequences(example, tok), tok)


def sequences(rows, tok):
    kind = {tok.end_id: "marker end", tok.start_id: "marker", tok.delimiter_id: "marker"}
    drawn = []
    for ids in rows:
        tokens = (f'<span class="token {kind.get(i, "")}">{html.escape(tok.decode([i]))}</span>' for i in ids)
        drawn.append(f'<div class="sequence">{" ".join(tokens)}</div>')
    return "".join(drawn)


def formats(labels):
    """The lecture's last figure: four formats, one body, four heads, with real ids: HTML."""
    tok, _ = body()
    short = {
        "single_text": {"text": "Ben has the key"},
        "entailment": {"premise": "Ben took the key.", "hypothesis": "Ben has the key"},
        "similarity": {"a": "Ben has the key", "b": "Anna has the key"},
        "multiple_choice": {"passage": "Ben took the key.", "question": "Who has the key?", "options": ["Anna", "Ben"]},
    }
    heads = ["h W<sup>y</sup>", "h W<sup>y</sup>", "(h<sub>ab</sub> + h<sub>ba</sub>) W<sup>y</sup>", "h<sub>i</sub> w"]
    rows = "".join(
        f"<div><b>{LABELS[labels]['tasks'][i]}</b></div><div>{sequences(TASKS[task].sequences(e, tok), tok)}</div>"
        f"<div>{heads[i]}</div>"
        for i, (task, e) in enumerate(short.items())
    )
    return f'<div class="formats">{rows}</div>'


def arms(labels):
    words, rows = LABELS[labels], scores()
    shown = ["majority", "word pairs", "from scratch", "without statements", "pre-trained"]
    found = {arm: np.array([[100 * x for x in rows[task][arm]] for task in rows]).T for arm in shown}
    figure = plots.bars(words["tasks"], found, ylabel=words["accuracy"])
    for text in figure.legends[0].get_texts() if figure.legends else figure.axes[0].get_legend().get_texts():
        text.set_text(words["arms"].get(text.get_text(), text.get_text()))
    return figure


FIGURES = {
    "family": family, "pipeline": overview.pipeline, "staircase": staircase, "cross_entropy": cross_entropy,
    "model": lambda labels: blocks.model(body()[1].config, labels),
    "block": lambda labels: blocks.decoder_block(body()[1].config, labels),
    "attention": attention, "heads": heads, "data": data, "noise": noise, "size": size, "compute": compute,
    "arms": arms,
}  # fmt: skip


def svg(name, alt, labels):
    """A figure as SVG in the page; its text stays text, drawn by the browser's fonts."""
    file = io.StringIO()
    style = {"svg.fonttype": "none", "svg.hashsalt": name, "font.family": fonts.family(labels)}
    with matplotlib.rc_context(style):
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
