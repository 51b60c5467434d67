"""What the deck shows of the project's stored results: plots, and the numbers that its text asks for.

docs/results/*/metrics.json       five seeds of `minigpt run`
chapters/00_overview/scaling.csv  lesson 00's studies
chapters/11_*/ablations.csv       lesson 11's trials
docs/results/books/*.csv          what reading books buys
"""

import json
from functools import cache as once
from pathlib import Path

import numpy as np

from minigpt import reference
from minigpt.data import world, world_tasks
from minigpt.model import GPT
from minigpt.pictures import look, plots
from minigpt.pictures.figure_data import DATA
from minigpt.studies import ablation, baselines, reading, scaling, settings
from minigpt.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
BODY = ROOT / "datasets" / "toy_world" / "body"
RESULTS = ROOT / "docs" / "results"
TABLE = ROOT / "chapters" / "00_overview" / "scaling.csv"
ABLATIONS = ROOT / "chapters" / "11_does_pretraining_help" / "ablations.csv"
LABELS = {
    "en": {
        "stories": "stories", "parameters": "parameters", "steps": "training steps", "replaced": "words replaced",
        "rate": "learning rate",
        "excess": "nats per token above the floor", "accuracy": "accuracy, %",
        "arms": {"latest": "rule: the latest named"}, "ours": "our GPT", "average": "average score",
        "real": {"acceptability": "acceptable? (5)", "next-sentence": "next one (8)"},
        "score": "accuracy, %; of (7): 100 r", "read": "words read", "pairs": "pairs right, %",
        "blimp": {
            "GPT, 3M": "GPT, 3 million parameters", "word triples": "counting word triples", "words": "counting words",
            "chance": "a coin", "5-gram": "paper: 5-grams, 3,100 million tokens",
            "lstm": "paper: LSTM, 83 million tokens",
            "gpt2": "paper: GPT-2, 774 million parameters", "people": "people",
        },
        "paper": {
            "with": "with auxiliary loss", "pre-trained": "without it", "from scratch": "no pre-training",
            "lstm": "LSTM",
        },
        "tasks": ["single text (5)", "entailment (6)", "similarity (7)", "multiple choice (8)"],
    },
    "zh": {
        "stories": "故事数", "parameters": "参数量", "steps": "训练步数", "replaced": "换掉的词", "rate": "学习率",
        "excess": "高出下限的损失，nat/词元", "accuracy": "准确率，%",
        "arms": {
            "majority": "多数类", "bag of words": "词袋", "word pairs": "词对", "from scratch": "从零训练",
            "without statements": "没有断言", "pre-trained": "预训练", "latest": "规则：最近提到的",
            "with questions": "带问句", "paper": "论文",
        },
        "real": {"acceptability": "合语法？(5)", "next-sentence": "下一句 (8)"},
        "score": "准确率，%；(7) 为 100 r", "read": "读过的词数", "pairs": "判断正确的句对，%",
        "blimp": {
            "GPT, 3M": "GPT，300 万参数", "word triples": "三元模型", "words": "一元模型",
            "chance": "抛硬币", "5-gram": "论文：五元模型，31 亿词元", "lstm": "论文：LSTM，8,300 万词元",
            "gpt2": "论文：GPT-2，7.74 亿参数", "people": "人",
        },
        "ours": "我们的 GPT", "average": "平均分",
        "paper": {"with": "有辅助损失", "pre-trained": "没有辅助损失", "from scratch": "没有预训练", "lstm": "LSTM"},
        "tasks": ["单句文本分类 (5)", "文本蕴含 (6)", "文本相似度 (7)", "选择型阅读理解 (8)"],
    },
}  # fmt: skip


@once
def body():
    return Tokenizer.load(BODY), GPT.load(BODY)


def grows(study, xlabel, x, labels):
    found, sizes = scaling.read_study(TABLE, study)
    words = LABELS[labels]
    return plots.lines(sizes if x is None else x, {"GPT": found}, words[xlabel], words["excess"], log=True)


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


def accuracies(names, found, labels, ylabel=None, **others):
    """Bars of accuracies, the arms' names in the deck's language, or by `others`."""
    names_of = LABELS[labels]["arms"] | others
    figure = plots.bars(names, found, ylabel=ylabel or LABELS[labels]["accuracy"])
    figure.set_size_inches(10, 4.4)
    for text in figure.axes[0].get_legend().get_texts():
        text.set_text(names_of.get(text.get_text(), text.get_text()))
    return figure


def of_arms(arms, labels):
    found = {arm: np.array([[100 * x for x in row[arm]] for row in scores().values()]).T for arm in arms}
    return accuracies(LABELS[labels]["tasks"], found, labels)


def arms(labels):
    return of_arms(["majority", "word pairs", "from scratch", "without statements", "pre-trained"], labels)


def texts(labels):
    return of_arms(["majority", "without statements", "pre-trained", "with questions"], labels)


def shortcut(labels):
    """The rule of lesson 07 beside the arms that learn."""
    found = {
        arm: [[100 * x] for x in scores()["single_text"][arm]] for arm in ("majority", "from scratch", "pre-trained")
    }
    return accuracies(LABELS[labels]["tasks"][:1], found | {"latest": [[100 * x] for x in latest()]}, labels)


@once
def latest():
    """Accuracy on each seed's single texts of the rule "the latest place or person named is the right one"."""
    found = []
    for seed in range(len(stored())):
        train = world_tasks.examples("single_text", 500, seed)
        test = world_tasks.examples("single_text", 1_000, seed + settings.FRESH, without=train)
        believed = [baselines.latest(*e["text"].rpartition(". ")[::2]) for e in test]
        found.append(np.mean([said == (e["label"] == "fits") for said, e in zip(believed, test, strict=True)]))
    return found


PAPER = {  # Radford et al. 2018, table 5: the average of its data sets; and our arm, see lesson 11
    "with": (74.7, {"aux": 0.5}), "pre-trained": (75.0, {}),
    "from scratch": (59.9, {"body": "scratch", "layers": 0, "steps": 0}),
    "lstm": (69.1, {"body": "lstm", "layers": 1}),
}  # fmt: skip


def ablated(**wanted):
    """Mean accuracies of the four tasks in lesson 11's stored runs, one a seed."""
    full = {"body": "gpt", "layers": 3, "steps": 4000, "labels": 500, "aux": 0.0} | wanted
    rows = [row for row in ablation.read_table(ABLATIONS) if full.items() <= row.items()]
    seeds = sorted({row["seed"] for row in rows})
    return [100 * np.mean([row["score"] for row in rows if row["seed"] == seed]) for seed in seeds]


DATA_SETS = {"trec": "TREC (5)", "sick-entailment": "SICK (6)", "sick-relatedness": "SICK (7)", "dream": "DREAM (8)"}


def real(labels):
    """The English tasks of real text: two ways of counting words, and the GPT with and without pre-training."""
    runs, words = stored("real-en"), LABELS[labels]
    names = DATA_SETS | words["real"]
    found = {
        arm: [[100 * row[arm]["score"] for row in run["tasks"].values()] for run in runs]
        for arm in ("majority", "bag of words", "word pairs", "from scratch", "pre-trained")
    }
    return accuracies([names[task] for task in runs[0]["tasks"]], found, labels, words["score"])


BLIMP = {"people": 88.6, "gpt2": 83.0, "lstm": 69.8, "5-gram": 61.2}  # Warstadt et al. 2020, table 3


def minimal_pairs(labels):
    """BLiMP against the words read: GPT and n-grams, and what the paper's models and people have."""
    words, found = LABELS[labels], reading.scores(RESULTS / "books")
    figure, axes = look.empty(10, 4.4)
    shades = {"GPT, 3M": look.BLUE, "word triples": look.ARMS["word pairs"], "words": look.ARMS["bag of words"]}
    for (arm, colour), marker in zip(shades.items(), "os^", strict=True):
        amounts, scores = list(found[arm]), list(found[arm].values())
        axes.plot(amounts, list(map(np.mean, scores)), color=colour, marker=marker, label=words["blimp"][arm])
        axes.fill_between(amounts, list(map(min, scores)), list(map(max, scores)), color=colour, alpha=0.2, linewidth=0)
    amounts = sorted({n for row in found.values() for n in row})
    axes.set(xlabel=words["read"], ylabel=words["pairs"], xscale="log")
    axes.set_xticks(amounts, [plots.counted(n) for n in amounts])
    axes.minorticks_off()
    for name, height in BLIMP.items():
        look.dashed(axes, height, words["blimp"][name], look.GREY)
    look.dashed(axes, 50, words["blimp"]["chance"], "black", below=True)
    axes.set_ylim(bottom=45)
    between = sum(BLIMP[name] for name in ("lstm", "gpt2")) / 2  # no line is there
    style = {"frameon": False, "loc": "center left", "bbox_transform": axes.get_yaxis_transform()}
    axes.legend(bbox_to_anchor=(0, between), **style)
    return figure


def paper(labels):
    ours = np.stack([ablated(**wanted) for _, wanted in PAPER.values()], axis=1)
    found = {"paper": [mean for mean, _ in PAPER.values()], "pre-trained": ours}
    words = LABELS[labels]
    names = [words["paper"][name] for name in PAPER]
    return accuracies(names, found, labels, words["average"], **{"pre-trained": words["ours"]})


@once
def stored(name="toy-en"):
    paths = sorted(RESULTS.glob(f"{name}-seed*/metrics.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


@once
def scores():
    """{task: {arm: accuracies, one a seed}} of the stored runs."""
    rows = {}
    for task in world_tasks.TASKS:
        arms = [
            arm for arm, value in stored()[0]["tasks"][task].items() if isinstance(value, dict) and "score" in value
        ]
        rows[task] = {arm: [run["tasks"][task][arm]["score"] for run in stored()] for arm in arms}
    return rows


def example(task):
    """A training example that fits a slide."""
    return min(world_tasks.examples(task, 400, 0), key=lambda e: len(str(e)))


def answer(example):
    return example["options"][example["label"]] if "options" in example else str(example["label"])


def stored_bars(lesson, cell):
    """The heights of the bars in a lesson's stored figure."""
    (path,) = (ROOT / "chapters").glob(f"{lesson}_*/lesson.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = next(one["outputs"] for one in cells if one["id"] == cell)
    shapes = next(output["data"][DATA] for output in outputs if DATA in output.get("data", {}))["axes"][0]["shapes"]
    return next(shape["y"] for shape in shapes if shape["kind"] == "bars")


@once
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
    found["floor"], found["loss"] = f"{np.mean(floors):.3f}", f"{np.mean(losses):.3f}"
    config = body()[1].config
    found |= {"heads": str(config.n_head), "width": str(config.d_model), "positions": str(config.n_ctx)}
    found["vocabulary"] = str(config.vocab_size)
    found |= {f"answer.{task}": answer(example(task)) for task in world_tasks.TASKS}
    last, _, wrong, *_ = stored_bars("07", "mistakes-count")  # the pre-trained arm's come first
    found |= {"shortcut.last": f"{last:.0f}", "shortcut.wrong": f"{wrong:.0f}"}
    scaled = np.array([0, 2, 2]) / np.sqrt(2)  # lesson 02's row of "dog"
    weights = reference.softmax(scaled)
    by_hand = {"scaled": scaled, "weights": weights, "out": weights @ [[1, 0], [0, 1], [5, 5]]}
    found |= {f"hand.{name}": f"({', '.join(f'{x:.2f}' for x in row)})" for name, row in by_hand.items()}
    found |= spread("latest", [100 * x for x in latest()])
    for name, (_, wanted) in PAPER.items():
        found |= spread(f"ours.{name}", ablated(**wanted))
    found["real.seeds"] = str(len(stored("real-en")))
    for task in settings.REAL["en"]:
        for arm in ("from scratch", "pre-trained", "bag of words", "word pairs"):
            found |= spread(f"{task}.{arm}", [100 * run["tasks"][task][arm]["score"] for run in stored("real-en")])
    found["body"] = f"{sum(p.numel() for name, p in body()[1].named_parameters() if 'lm_head' not in name):,}"
    found |= {"new": f"{2 * body()[1].config.d_model}", "layers": str(body()[1].config.n_layer)}
    story = world.stories(1, 0)[0]
    found["story"], found["floor.story"] = story, f"{-world.log_probability(story):.1f}"
    return found


def spread(name, values):
    return {name: f"{np.mean(values):.0f}", f"{name}.low": f"{min(values):.0f}", f"{name}.high": f"{max(values):.0f}"}
