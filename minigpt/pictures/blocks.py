"""The model drawn: eq. (2) with its shapes, the decoder block, the mask as a staircase, eq. (1) at one position.

Every box, arrow and number comes from a configuration, real tokens or real arrays. Each function returns a matplotlib
figure; `labels` are "en" or "zh".
"""

import numpy as np

from minigpt.pictures.drawing import EDGE, SMALL, Drawing
from minigpt.pictures.look import BLUE, GREEN, ORANGE

WORDS = {
    "en": {
        "tokens": "tokens", "embedding": "embedding", "block": "decoder block",
        "times": "L = {} times", "once": "L = 1: once",
        "output": "output", "truth": "what came", "loss": "loss",
        "attention": "causal self-attention", "add": "add", "norm": "layer norm", "mlp": "MLP", "next": "next token",
        "heads": "{} heads", "inside": "(T, {}) inside",
        "post": "post-LN: GPT-1", "pre": "pre-LN: GPT-2 and later", "sees": "what it sees",
        "guess": "guess",
    },
    "zh": {
        "tokens": "词元", "embedding": "嵌入", "block": "解码器层",
        "times": "共 L = {} 层", "once": "L = 1：一层", "output": "输出",
        "attention": "因果自注意力", "add": "相加", "norm": "层归一化", "mlp": "MLP", "next": "下一个词元",
        "heads": "{} 个头", "inside": "中间 (T, {})",
        "post": "post-LN：GPT-1", "pre": "pre-LN：GPT-2 及以后", "sees": "看得见的",
        "guess": "要猜的", "truth": "实际出现的", "loss": "损失",
    },
}  # fmt: skip


def model(config, labels="en"):
    """All of eq. (2), from the tokens upwards, the shape beside each arrow."""
    drawing, d = Drawing(62, 58, WORDS, labels), config.d_model
    words, x, width = drawing.words, 21, 38
    stages = [  # height, text, formula, colour, shape of what comes out, step of a talk
        (4.5, words["tokens"], r"$x_1 \ldots x_T$", "grey", "(T)", 0),
        (16.5, words["embedding"], r"$h^{[0]} = e_{x\,′} W^e + W^p$", "violet", f"(T, {d})", 1),
        (28.5, words["block"], r"$h^{[l]} = \mathrm{Decoder}(h^{[l-1]})$", "blue", f"(T, {d})", 2),
        (41.5, words["output"], r"$h^{[L]} W^L$", "orange", f"(T, {config.vocab_size})", 3),
        (53, words["next"], r"$P(x) = \mathrm{softmax}$", "green", None, 3),
    ]
    below, behind = None, [0.8 * i for i in range(min(3, config.n_layer) - 1, 0, -1)]  # sheets behind the first block
    for y, text, formula, colour, shape, step in stages:
        drawing.step = step
        if below:
            drawing.arrow((x, below[0]), (x, y - 3.8))
            drawing.note(x + 1.2, (below[0] + y - 3.8) / 2, below[1])
        for shift in behind if y == 28.5 else ():
            drawing.box(x + shift, y + shift, width, 7.6, colour, EDGE[colour])
        drawing.block(x, y, width, 7.6, text, colour, EDGE[colour], formula)
        below = (y + 3.8 + (max(behind, default=0) if y == 28.5 else 0), shape)
    side = x + width / 2 + 2.5
    notes = [
        (16.5, f"$W^e$ ({config.vocab_size}, {d})\n$W^p$ ({config.n_ctx}, {d})"),
        (28.5, words["once" if config.n_layer == 1 else "times"].format(config.n_layer)),
        (41.5, f"$W^L$ ({d}, {config.vocab_size})"),
    ]
    for step, (y, note) in enumerate(notes, start=1):
        drawing.step = step
        drawing.note(side + (y == 28.5), y, note)
    return drawing.figure


def decoder_block(config, labels="en"):
    """Post-LN as in GPT-1 and the lecture, and pre-LN beside it: both residual sums, and where the norms stand."""
    drawing = Drawing(112, 57, WORDS, labels)
    words, shape = drawing.words, f"(T, {config.d_model})"
    attention, add, norm, mlp = (words[name] for name in ("attention", "add", "norm", "mlp"))
    inside = {attention: words["heads"].format(config.n_head), mlp: words["inside"].format(4 * config.d_model)}
    post, pre = [attention, add, norm, mlp, add, norm], [norm, attention, add, norm, mlp, add]
    for step, x, title, order in ((0, 25, words["post"], post), (1, 81, words["pre"], pre)):
        drawing.step = step
        drawing.text(x, 55, title, weight="bold")
        drawing.note(x, 1.8, f"$x$  {shape}", ha="center")
        leaves, below = 4.4, 3.4  # where the way past begins, and the top of what stands below
        for y, name in zip((9.4 + 7.6 * i for i in range(6)), order, strict=True):
            half = 1.8 if name == add else 2.5
            drawing.arrow((x, below), (x, y - half))
            if name == add or y - half - below > 3:  # where there is room for it
                drawing.note(x + 1, (below + y - half) / 2, shape if below > 3.4 else "")
            below = y + half
            if name != add:
                drawing.block(x, y, 29, 2 * half, name, "grey" if name == norm else "blue")
                drawing.note(x + 15.2, y, inside.get(name, ""))
                continue
            drawing.block(x, y, 4.6, 2 * half, "+", "orange", ORANGE)
            drawing.line([x, x - 19, x - 19], [leaves, leaves, y], ORANGE)
            drawing.arrow((x - 19.1, y), (x - 2.4, y), ORANGE)
            leaves = y + (2.7 if order is pre else 10.6)  # after the sum, or after its norm
        drawing.arrow((x, below), (x, 53))
    return drawing.figure


def staircase(tokens, labels="en"):
    """How one text trains all positions at once: row t sees x_1 .. x_{t-1} and must guess x_t."""
    n, wide, high = len(tokens) - 1, 8.6, 5.2
    drawing = Drawing(wide * (n + 2), high * n + 7, WORDS, labels)
    drawing.text(wide * n / 2, high * n + 4, drawing.words["sees"], size=SMALL, weight="bold")
    drawing.text(wide * (n + 1), high * n + 4, drawing.words["guess"], size=SMALL, weight="bold")
    for t in range(n):
        y = high * (n - 1 - t) + 3.4
        for s in range(n):
            drawing.block(wide * s + 5, y, 8, 4.2, *((tokens[s], "blue") if s <= t else ("", "grey")))
        drawing.arrow((wide * n + 1.2, y), (wide * n + 4, y))
        drawing.block(wide * (n + 1), y, 8.2, 4.2, tokens[t + 1], "orange", ORANGE)
    return drawing.figure


def cross_entropy(names, p, came, labels="en"):
    """Eq. (1) at one position: the distribution that was said, the token that came, and -log of its share.

    Args:
        names: the tokens shown. p: their probabilities. came: the place of the token that came.
    """
    n = len(names)
    drawing = Drawing(92, 5 * n + 8, WORDS, labels)
    drawing.text(14.5, 5 * n + 4.5, r"$P(x_t \mid x_1 \ldots x_{t-1})$", "left")
    drawing.text(80, 5 * n + 4.5, drawing.words["loss"], weight="bold")
    for i, (name, share) in enumerate(zip(names, p, strict=True)):
        y = 5 * (n - 1 - i) + 4
        drawing.text(13, y, name, "right")
        drawing.bar(14.5, y, 38 * share, 3, BLUE)
        drawing.note(15.5 + 38 * share, y, f"{share:.3f}")
        if i == came:
            drawing.step = 1
            drawing.box(14.5 + 19 * share, y, 38 * share + 1, 4, "white", GREEN, round=0.3, line=2.5)
            drawing.text(15.5 + 38 * share + 7, y, drawing.words["truth"], "left", SMALL, GREEN)
            drawing.step = 2
            drawing.text(80, y, rf"$-\log {share:.3f} = {-np.log(share):.3f}$", colour=ORANGE)
            drawing.step = 0
    return drawing.figure
