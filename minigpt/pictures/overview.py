"""The lecture's overview drawn: four models and which way each looks; pre-training, then fine-tuning.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

from minigpt.pictures.drawing import SMALL, Drawing
from minigpt.pictures.plots import BLUE, GREEN, ORANGE

WORDS = {
    "en": {
        "Word2Vec": "Word2Vec 2013\none vector a word", "ELMo": "ELMo 2018\ntwo LSTMs, left and right",
        "GPT": "GPT 2018\ndecoder, left to right", "BERT": "BERT 2018\nencoder, both sides",
        "static": "static: the same in every text", "dynamic": "dynamic: from the context",
        "text": "text without labels", "pre": "generative pre-training", "fine": "discriminative fine-tuning",
        "masked": "[MASK]",
        "tasks": ["single text (5)", "entailment (6)", "similarity (7)", "multiple choice (8)"],
    },
    "zh": {
        "Word2Vec": "Word2Vec 2013\n一词一向量", "ELMo": "ELMo 2018\n两个 LSTM，一左一右",
        "GPT": "GPT 2018\n解码器，从左至右", "BERT": "BERT 2018\n编码器，看两边",
        "static": "静态：在任何文本里都一样", "dynamic": "动态：由上下文得出",
        "text": "无标注文本", "pre": "生成式预训练", "fine": "判别式任务微调",
        "masked": "[MASK]",
        "tasks": ["单句文本分类 (5)", "文本蕴含 (6)", "文本相似度 (7)", "选择型阅读理解 (8)"],
    },
}  # fmt: skip
SEES = {  # which of five tokens each looks at, to guess the one in the middle
    "Word2Vec": (0, 1, 3, 4),
    "ELMo": (0, 1, 3, 4),
    "GPT": (0, 1),
    "BERT": (0, 1, 3, 4),
}


def family(tokens, labels="en"):
    """Word2Vec, ELMo, GPT and BERT beside each other: what the token in the middle of five is guessed from."""
    drawing = Drawing(128, 36, WORDS, labels)
    for i, (name, seen) in enumerate(SEES.items()):
        left = 32 * i + 2
        title, kind = drawing.words[name].split("\n")
        drawing.text(left + 14, 33.5, title, weight="bold")
        drawing.text(left + 14, 30, kind, size=SMALL)
        for j, token in enumerate(tokens):
            hidden = name == "BERT" and j == 2
            x = left + 5.8 * j + 2.4
            drawing.block(x, 8, 5.5, 4.2, "", "orange" if j == 2 else "blue" if j in seen else "grey")
            drawing.text(x, 8, drawing.words["masked"] if hidden else token, size=7.5)
            if j in seen:
                side = 0 if name in ("Word2Vec", "BERT") else -1.6 if j < 2 else 1.6  # ELMo joins two readings
                drawing.arrow((x, 10.3), (left + 14 + side, 20.6), ORANGE if name == "ELMo" and j > 2 else BLUE)
        drawing.block(left + 14, 23, 10, 4.4, tokens[2], "green", GREEN)
        drawing.note(left + 14, 2.4, drawing.words["static" if name == "Word2Vec" else "dynamic"], "center")
    return drawing.figure


def pipeline(labels="en"):
    """Generative pre-training, then discriminative fine-tuning: one body, four tasks."""
    drawing = Drawing(104, 34, WORDS, labels)
    words = drawing.words
    drawing.block(12, 17, 20, 8, words["text"], "grey")
    drawing.block(44, 17, 28, 10, words["pre"], "blue", formula=r"$-\sum_t \log P(x_t \mid x_1 .. x_{t-1})$")
    drawing.arrow((22.3, 17), (29.6, 17))
    drawing.text(64, 31, words["fine"], size=SMALL)
    drawing.text(64, 3, r"$-\sum \log P(y \mid x)$", size=SMALL)
    for i, task in enumerate(words["tasks"]):
        y = 29.5 - 8.3 * i
        drawing.block(91, y, 24, 6.4, task, "orange", ORANGE)
        drawing.arrow((58.3, 17), (78.8, y))
    return drawing.figure
