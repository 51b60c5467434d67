"""The lecture's overview drawn: four models and which way each looks; pre-training, then fine-tuning.

Each function returns a matplotlib figure; `labels` are "en" or "zh".
"""

from minigpt.pictures.drawing import SMALL, Drawing
from minigpt.pictures.look import BLUE, GREEN, ORANGE

WORDS = {
    "en": {
        "Word2Vec": "Word2Vec, 2013\nstatic: one vector a word, in every text",
        "ELMo": "ELMo, February 2018\ndynamic: two LSTMs, left and right",
        "GPT": "GPT, June 2018\ndynamic: a deep decoder, left to right",
        "BERT": "BERT, October 2018\ndynamic: a deep encoder, both sides",
        "text": "text without labels", "pre": "generative pre-training", "fine": "discriminative fine-tuning",
        "masked": "[MASK]", "trained": "in training: what the word in the middle is guessed from",
        "tasks": ["single text (5)", "entailment (6)", "similarity (7)", "multiple choice (8)"],
    },
    "zh": {
        "Word2Vec": "Word2Vec，2013 年\n静态：一词一向量，处处相同",
        "ELMo": "ELMo，2018 年 2 月\n动态：两个 LSTM，一个从左读，一个从右读",
        "GPT": "GPT，2018 年 6 月\n动态：深层解码器，从左至右", "BERT": "BERT，2018 年 10 月\n动态：深层编码器，看两边",
        "text": "无标注文本", "pre": "生成式预训练", "fine": "判别式任务微调",
        "masked": "[MASK]", "trained": "训练时：中间那个词由哪些词来猜",
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
    drawing, cell = Drawing(116, 56, WORDS, labels), 10
    for i, (name, seen) in enumerate(SEES.items()):
        left, low = 60 * (i % 2) + 2, 27 * (1 - i // 2) + 3
        middle = left + 2.5 * cell
        title, kind = drawing.words[name].split("\n")
        drawing.text(left + 0.5, low + 24.6, title, "left", weight="bold")
        drawing.note(left + 0.5, low + 21.5, kind)
        for j, token in enumerate(tokens):
            x = left + (j + 0.5) * cell
            shown = drawing.words["masked"] if name == "BERT" and j == 2 else token
            drawing.block(x, low + 4, cell - 0.8, 4.6, "", "orange" if j == 2 else "blue" if j in seen else "grey")
            drawing.text(x, low + 4, shown, size=SMALL)
            if j in seen:
                side = 0 if name in ("Word2Vec", "BERT") else -1.6 if j < 2 else 1.6  # ELMo joins two readings
                colour = ORANGE if name == "ELMo" and j > 2 else BLUE
                drawing.arrow((x, low + 6.4), (middle + side, low + 14.6), colour)
        drawing.block(middle, low + 17, cell, 4.6, tokens[2], "green", GREEN)
    drawing.note(58, 1.8, drawing.words["trained"], "center")
    return drawing.figure


def pipeline(labels="en"):
    """Generative pre-training, then discriminative fine-tuning: one body, four tasks."""
    drawing = Drawing(104, 34, WORDS, labels)
    words = drawing.words
    drawing.block(12.5, 17, 24, 8, words["text"], "grey")
    drawing.block(45.5, 17, 30, 10, words["pre"], "blue", formula=r"$-\sum_t \log P(x_t \mid x_1 \ldots x_{t-1})$ (1)")
    drawing.arrow((24.8, 17), (30.2, 17))
    drawing.step = 1
    drawing.text(62, 31.5, words["fine"], size=SMALL)
    drawing.text(62, 27.5, r"$-\sum \log P(y \mid x)$ (4)", size=SMALL)
    for i, task in enumerate(words["tasks"]):
        y = 29.5 - 8.3 * i
        drawing.block(91, y, 24, 6.4, task, "orange", ORANGE)
        drawing.arrow((60.8, 17), (78.8, y))
    return drawing.figure
