"""The model drawn: eq. (2) with its shapes, the decoder block, attention by numbers, the mask as a staircase.

Every box, arrow and number comes from a configuration, real tokens or real arrays. Each function returns a matplotlib
figure; `labels` are "en" or "zh".
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minigpt.pictures import fonts
from minigpt.pictures.drawing import NORMAL, SMALL, Drawing
from minigpt.pictures.plots import BLUE, GREEN, GREY, ORANGE
from minigpt.reference import softmax

WORDS = {
    "en": {
        "tokens": "tokens", "embedding": "embedding", "block": "decoder block", "times": "{} times", "output": "output",
        "attention": "causal self-attention", "add": "add", "norm": "layer norm", "mlp": "MLP", "next": "next token",
        "post": "post-LN: GPT-1", "pre": "pre-LN: GPT-2 and later", "sees": "what it sees",
        "guess": "guess", "scores": "scores", "scaled": "scaled", "masked": "masked", "weights": "weights",
        "values": "values", "sum": "weighted sum", "truth": "what came", "loss": "loss", "heads": "head {}",
    },
    "zh": {
        "tokens": "词元", "embedding": "嵌入", "block": "解码器层", "times": "共 {} 层", "output": "输出",
        "attention": "因果自注意力", "add": "相加", "norm": "层归一化", "mlp": "MLP", "next": "下一个词元",
        "post": "post-LN：GPT-1", "pre": "pre-LN：GPT-2 及以后", "sees": "看得见的",
        "guess": "要猜的", "scores": "打分", "scaled": "缩放", "masked": "加掩码", "weights": "权重",
        "values": "值", "sum": "加权和", "truth": "实际出现的", "loss": "损失", "heads": "头 {}",
    },
}  # fmt: skip


def model(config, labels="en"):
    """All of eq. (2), from the tokens upwards, the shape beside each arrow."""
    drawing, d = Drawing(66, 58, WORDS, labels), config.d_model
    words, x, width = drawing.words, 21, 38
    stages = [  # height, text, formula, colour, shape of what comes out
        (4.5, words["tokens"], r"$x_1 \ldots x_T$", "grey", "(T)"),
        (16.5, words["embedding"], r"$h^{[0]} = e_x W^e + W^p$", "blue", f"(T, {d})"),
        (28.5, words["block"], r"$h^{[l]} = \mathrm{Decoder}(h^{[l-1]})$", "blue", f"(T, {d})"),
        (41.5, words["output"], r"$h^{[L]} W^L$", "blue", f"(T, {config.vocab_size})"),
        (53, words["next"], r"$P(x) = \mathrm{softmax}$", "green", None),
    ]
    for (y, text, formula, colour, shape), above in zip(stages, [*stages[1:], None], strict=True):
        for shift in (1.6, 0.8) if y == 28.5 else ():
            drawing.block(x + shift, y + shift, width, 7.6, "", colour)
        drawing.block(x, y, width, 7.6, text, colour, formula=formula)
        if above:
            low, high = y + (5.4 if y == 28.5 else 3.8), above[0] - 3.8
            drawing.arrow((x, low), (x, high))
            drawing.note(x + 1.2, (low + high) / 2, shape)
    side = x + width / 2 + 2.5
    drawing.note(side, 16.5, f"$W^e$ ({config.vocab_size}, {d})\n$W^p$ ({config.n_ctx}, {d})")
    drawing.note(side + 1, 28.5, words["times"].format(config.n_layer))
    drawing.note(side, 41.5, f"$W^L$ ({d}, {config.vocab_size})")
    return drawing.figure


def decoder_block(config, labels="en"):
    """Post-LN as in GPT-1 and the lecture, and pre-LN beside it: both residual sums, and where the norms stand."""
    drawing = Drawing(96, 57, WORDS, labels)
    words, shape = drawing.words, f"(T, {config.d_model})"
    attention, add, norm, mlp = (words[name] for name in ("attention", "add", "norm", "mlp"))
    post, pre = [attention, add, norm, mlp, add, norm], [norm, attention, add, norm, mlp, add]
    for x, title, order in ((25, words["post"], post), (72, words["pre"], pre)):
        drawing.text(x, 55, title, weight="bold")
        drawing.note(x, 1.8, f"$x$  {shape}", ha="center")
        leaves, below = 4.4, 3.4  # where the way past begins, and the top of what stands below
        for y, name in zip((9.4 + 7.6 * i for i in range(6)), order, strict=True):
            half = 1.8 if name == add else 2.5
            drawing.arrow((x, below), (x, y - half))
            below = y + half
            if name != add:
                drawing.block(x, y, 29, 2 * half, name, "grey" if name == norm else "blue")
                continue
            drawing.block(x, y, 4.6, 2 * half, "+", "orange", ORANGE)
            drawing.axes.plot([x, x - 19, x - 19], [leaves, leaves, y], color=ORANGE, linewidth=1.8)
            drawing.arrow((x - 19.1, y), (x - 2.4, y), ORANGE)
            leaves = y + (2.7 if order is pre else 10.6)  # after the sum, or after its norm
        drawing.arrow((x, below), (x, 53))
    return drawing.figure


def matrix(drawing, x, y, values, cell, colour=BLUE):
    """Numbers in a grid whose lower left corner is (x, y), the stronger the larger; -inf is hatched."""
    finite = np.abs(values[np.isfinite(values)])
    largest = max(finite.max(), 1e-9)
    for i, j in np.ndindex(values.shape):
        value, corner = values[i, j], (x + j * cell, y + (len(values) - 1 - i) * cell)
        shown = np.isfinite(value)
        face = (colour, 0.75 * abs(value) / largest) if shown else "white"
        hatch = {} if shown else {"hatch": "////"}
        drawing.axes.add_patch(Rectangle(corner, cell, cell, linewidth=0.8, edgecolor=GREY, facecolor=face, **hatch))
        if shown:
            drawing.text(corner[0] + cell / 2, corner[1] + cell / 2, f"{value:.1f}", size=9)


def attention_steps(q, k, v, tokens, labels="en"):
    """One head by numbers: q k^T, divided by sqrt(d_k), masked, softmax, times v. q, k, v are (T, d_k)."""
    T, d_k = q.shape
    scores = q @ k.T
    masked = np.where(np.tri(T, dtype=bool), scores / np.sqrt(d_k), -np.inf)
    weights = softmax(masked)
    steps = [
        ("scores", "$q k^T$", scores, BLUE),
        ("scaled", "÷ √$d_k$", scores / np.sqrt(d_k), BLUE),
        ("masked", "$+$ mask", masked, BLUE),
        ("weights", "softmax", weights, BLUE),
        ("values", "$v$", v, ORANGE),
        ("sum", r"$\mathrm{weights} \cdot v$", weights @ v, GREEN),
    ]
    cell, gap, x, y = 4.6, 5, 12, 3
    drawing = Drawing(x + sum(values.shape[1] * cell + gap for *_, values, _ in steps), T * cell + 13, WORDS, labels)
    for i, token in enumerate(tokens):
        drawing.text(x - 1, y + (T - 0.5 - i) * cell, token, "right", SMALL)
    for i, (name, formula, values, colour) in enumerate(steps):
        wide = values.shape[1] * cell
        drawing.text(x + wide / 2, y + T * cell + 7, drawing.words[name], size=SMALL, weight="bold")
        drawing.text(x + wide / 2, y + T * cell + 3, formula, size=SMALL)
        matrix(drawing, x, y, values, cell, colour)
        if i + 1 < len(steps):
            drawing.text(x + wide + gap / 2, y + T * cell / 2, "→", colour=GREY)
        x += wide + gap
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
    drawing = Drawing(78, 5 * n + 8, WORDS, labels)
    drawing.text(14.5, 5 * n + 4.5, r"$P(x_t \mid x_1 \ldots x_{t-1})$", "left")
    drawing.text(66, 5 * n + 4.5, drawing.words["loss"], weight="bold")
    for i, (name, share) in enumerate(zip(names, p, strict=True)):
        y, colour = 5 * (n - 1 - i) + 4, GREEN if i == came else BLUE
        drawing.text(13, y, name, "right", weight="bold" if i == came else "normal")
        drawing.axes.barh(y, 38 * share, left=14.5, height=3, color=colour)
        drawing.note(15.5 + 38 * share, y, f"{share:.2f}")
    drawing.text(66, 5 * (n - 1 - came) + 4, rf"$-\log {p[came]:.2f} = {-np.log(p[came]):.2f}$", colour=GREEN)
    return drawing.figure


def heads(weights, tokens, labels="en"):
    """Who looks at whom in each head of a layer, side by side: weights (H, T, T)."""
    words, family = WORDS[fonts.language(labels)], fonts.family(labels)
    figure = Figure(figsize=(2.6 * len(weights) + 0.8, 3.9), layout="constrained")
    for i, (axes, one) in enumerate(zip(figure.subplots(1, len(weights), squeeze=False)[0], weights, strict=True)):
        axes.imshow(one, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(words["heads"].format(i + 1), fontsize=NORMAL, family=family)
        axes.set_xticks(range(len(tokens)), tokens, rotation=90, family=family)
        axes.set_yticks(range(len(tokens)), tokens if i == 0 else [""] * len(tokens), family=family)
        axes.tick_params(length=0)
    return figure
