"""The model drawn: eq. (2) with its shapes, the decoder block, attention by numbers, the mask as a staircase.

Every box, arrow and number comes from a configuration, real tokens or real arrays. Each function returns a matplotlib
figure; `labels` are "en" or "zh".
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from minigpt.pictures import fonts
from minigpt.pictures.drawing import EDGE, NORMAL, SMALL, Drawing, wide
from minigpt.pictures.plots import BLUE, GREEN, GREY, ORANGE, VIOLET
from minigpt.reference import softmax

WORDS = {
    "en": {
        "tokens": "tokens", "embedding": "embedding", "block": "decoder block", "times": "L = {} times",
        "output": "output",
        "attention": "causal self-attention", "add": "add", "norm": "layer norm", "mlp": "MLP", "next": "next token",
        "post": "post-LN: GPT-1", "pre": "pre-LN: GPT-2 and later", "sees": "what it sees",
        "guess": "guess", "scores": "1 scores", "scaled": "2 scaled", "masked": "3 masked", "weights": "4 weights",
        "values": "values", "sum": "5 weighted sum", "truth": "what came", "loss": "loss", "heads": "head {}",
    },
    "zh": {
        "tokens": "词元", "embedding": "嵌入", "block": "解码器层", "times": "共 L = {} 层", "output": "输出",
        "attention": "因果自注意力", "add": "相加", "norm": "层归一化", "mlp": "MLP", "next": "下一个词元",
        "post": "post-LN：GPT-1", "pre": "pre-LN：GPT-2 及以后", "sees": "看得见的",
        "guess": "要猜的", "scores": "1 打分", "scaled": "2 缩放", "masked": "3 加掩码", "weights": "4 权重",
        "values": "值", "sum": "5 加权和", "truth": "实际出现的", "loss": "损失", "heads": "头 {}",
    },
}  # fmt: skip


def model(config, labels="en"):
    """All of eq. (2), from the tokens upwards, the shape beside each arrow."""
    drawing, d = Drawing(66, 58, WORDS, labels), config.d_model
    words, x, width = drawing.words, 21, 38
    stages = [  # height, text, formula, colour, shape of what comes out, step of a talk
        (4.5, words["tokens"], r"$x_1 \ldots x_T$", "grey", "(T)", 0),
        (16.5, words["embedding"], r"$h^{[0]} = e_{x′} W^e + W^p$", "violet", f"(T, {d})", 1),
        (28.5, words["block"], r"$h^{[l]} = \mathrm{Decoder}(h^{[l-1]})$", "blue", f"(T, {d})", 2),
        (41.5, words["output"], r"$h^{[L]} W^L$", "orange", f"(T, {config.vocab_size})", 3),
        (53, words["next"], r"$P(x) = \mathrm{softmax}$", "green", None, 3),
    ]
    below = None
    for y, text, formula, colour, shape, step in stages:
        drawing.step = step
        if below:
            drawing.arrow((x, below[0]), (x, y - 3.8))
            drawing.note(x + 1.2, (below[0] + y - 3.8) / 2, below[1])
        for shift in (1.6, 0.8) if y == 28.5 else ():
            drawing.box(x + shift, y + shift, width, 7.6, colour, EDGE[colour])
        drawing.block(x, y, width, 7.6, text, colour, EDGE[colour], formula)
        below = (y + (5.4 if y == 28.5 else 3.8), shape)
    side = x + width / 2 + 2.5
    notes = [
        (16.5, f"$W^e$ ({config.vocab_size}, {d})\n$W^p$ ({config.n_ctx}, {d})"),
        (28.5, words["times"].format(config.n_layer)),
        (41.5, f"$W^L$ ({d}, {config.vocab_size})"),
    ]
    for step, (y, note) in enumerate(notes, start=1):
        drawing.step = step
        drawing.note(side + (y == 28.5), y, note)
    return drawing.figure


def decoder_block(config, labels="en"):
    """Post-LN as in GPT-1 and the lecture, and pre-LN beside it: both residual sums, and where the norms stand."""
    drawing = Drawing(96, 57, WORDS, labels)
    words, shape = drawing.words, f"(T, {config.d_model})"
    attention, add, norm, mlp = (words[name] for name in ("attention", "add", "norm", "mlp"))
    post, pre = [attention, add, norm, mlp, add, norm], [norm, attention, add, norm, mlp, add]
    for step, x, title, order in ((0, 25, words["post"], post), (1, 72, words["pre"], pre)):
        drawing.step = step
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
            drawing.line([x, x - 19, x - 19], [leaves, leaves, y], ORANGE)
            drawing.arrow((x - 19.1, y), (x - 2.4, y), ORANGE)
            leaves = y + (2.7 if order is pre else 10.6)  # after the sum, or after its norm
        drawing.arrow((x, below), (x, 53))
    return drawing.figure


def matrix(drawing, x, y, values, cell, colour=BLUE, digits=1):
    """Numbers in a grid whose lower left corner is (x, y), the stronger the larger; -inf is hatched."""
    finite = np.abs(values[np.isfinite(values)])
    largest = max(finite.max(), 1e-9)
    for i, j in np.ndindex(values.shape):
        value, corner = values[i, j], (x + j * cell, y + (len(values) - 1 - i) * cell)
        shown = np.isfinite(value)
        face = (colour, 0.75 * abs(value) / largest) if shown else "white"
        hatch = {} if shown else {"hatch": "////"}
        drawing.add(
            drawing.axes.add_patch(Rectangle(corner, cell, cell, lw=0.8, edgecolor=GREY, facecolor=face, **hatch))
        )
        if shown:
            drawing.text(
                corner[0] + cell / 2, corner[1] + cell / 2, f"{value:.{digits}f}".replace("-0.00", "0.00"), size=14
            )


def lookup(words, chosen, table, position, labels="en"):
    """A one-hot row times W^e is a row of W^e; W^p adds the row of the place.

    Args:
        words: n of them. chosen: which one stands here. table: rows of W^e (n, d). position: a row of W^p (d).
    """
    (n, d), cell = table.shape, 7
    one_hot, row, left = np.eye(n)[[chosen]], table[[chosen]], max(map(wide, words)) + 5
    parts = [  # formula, numbers, colour, sign before
        ("$e_{x′}$", one_hot, ORANGE, ""),
        ("$W^e$", table, VIOLET, "·"),
        ("$W^p$", position[None], BLUE, "+"),
        ("$h^{[0]}$", row + position, GREEN, "="),
    ]
    drawing = Drawing((n + 3 * d) * cell + left + 14, n * cell + 6, WORDS, labels)
    x = 0.5
    for step, (formula, values, colour, sign) in enumerate(parts):
        drawing.step = step
        rows, middle = len(values), n * cell / 2 + 0.5
        x += left if formula == "$W^e$" else 6 if sign else 0
        drawing.text(x - (left - 1.5 if formula == "$W^e$" else 3), middle, sign)
        matrix(drawing, x, middle - rows * cell / 2, values, cell, colour, digits=0 if values is one_hot else 2)
        drawing.text(x + values.shape[1] * cell / 2, middle + rows * cell / 2 + 2.6, formula)
        for i, word in enumerate(words if rows == n else []):
            drawing.text(x - 1, (n - 0.5 - i) * cell + 0.5, word, "right", weight="bold" if i == chosen else "normal")
        x += values.shape[1] * cell
    return drawing.figure


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
    cell, gap, left = 6.6, 5.4, max(map(wide, tokens)) + 2
    high, columns = T * cell + 11, [max(T, d_k) * cell + gap] * 3
    drawing = Drawing(left + sum(columns) - gap + 1, 2 * high + 1, WORDS, labels)
    for step, (name, formula, values, colour) in enumerate(steps):
        drawing.step = step
        row, column = divmod(step, 3)
        x, y = left + sum(columns[:column]), (1 - row) * high + 1
        middle = x + values.shape[1] * cell / 2
        drawing.text(middle, y + T * cell + 6, drawing.words[name], weight="bold")
        drawing.text(middle, y + T * cell + 2.4, formula)
        matrix(drawing, x, y, values, cell, colour, digits=2)
        if column == 0:
            for i, token in enumerate(tokens):
                drawing.text(left - 1, y + (T - 0.5 - i) * cell, token, "right")
        else:
            drawing.text(x - gap / 2, y + T * cell / 2, "·" if name == "values" else "=" if name == "sum" else "→")
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
            drawing.text(80, y, rf"$-\log {share:.3f} = {-np.log(share):.2f}$", colour=ORANGE)
            drawing.step = 0
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
