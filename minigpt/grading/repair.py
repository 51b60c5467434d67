"""Training runs that went wrong, small enough to run again in a tenth of a second: are these settings a repair?

    train     a table of logits W (V, V), the next token's given this one's, by gradient descent on random places
    finetune  one vector w (d) on the states of a body, by gradient descent on all texts at once

Each returns the loss on text that it did not train on, and its log. A repair changes no more settings than were
wrong, and reaches the loss that was needed.
"""

import numpy as np

STEPS, BATCH, EVERY = 200, 32, 10
TRAIN = {  # each setting with its least and largest value
    "rate": (1e-6, 1e6),
    "warmup": (0, 1e5),  # steps until the rate is full
    "clip": (1e-9, 1e9),  # largest norm of a gradient
    "decay": (-1, 1),  # W shrinks by this share a step at full rate
    "shift": (0, 3),  # the target is the token this many places on
}
FINETUNE = {
    "position": (0, 100),  # whose state is read, from 0
    "rate": (1e-6, 1e6),
    "epochs": (1, 500),
    "decay": (-1, 1),  # w shrinks by this share an epoch
}
WHOLE = ("warmup", "shift", "position", "epochs")
BOUNDS = (
    "Return all settings, in their order, finite and within their bounds; whole numbers where they count something.\n"
    "按原来的次序返回所有设置，都要有限、在范围之内；表示个数的要是整数。"
)
TOO_MANY = (
    "You changed more settings than were wrong; the log tells which ones are.\n"
    "改动的设置比出错的还多；日志说明哪些错了。"
)
NOT_REPAIRED = (
    "The run still fails. Ask of the log: does the loss fall at all, does it jump, is it below the floor, do the norms "
    "fit the limits?\n训练仍然失败。看日志：损失下降了吗？跳动吗？低于下限吗？范数与限制相称吗？"
)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def train(text, settings, scale, seed=0):
    """Train a table on the first two thirds of `text`.

    Args:
        text: (T,) ids. settings: (5,), in the order of TRAIN. scale: of the inputs; it sets which rate is right.
    Returns:
        the loss on the last third, always of the next token; the log: step, rate, loss, gradient norm, norm of W.
    """
    rate, warmup, clip, decay, shift = settings
    shift, V, n = int(shift), int(text.max()) + 1, 2 * len(text) // 3
    rng, W, log = np.random.default_rng(seed), np.zeros((V, V)), []
    for step in range(STEPS):
        now = rate * min(1, (step + 1) / max(1, warmup))
        places = rng.integers(0, n - shift, BATCH)
        before, target = text[places], text[places + shift]
        p = softmax(scale * W[before])
        loss = -np.log(np.maximum(p[np.arange(BATCH), target], 1e-300)).mean()
        p[np.arange(BATCH), target] -= 1
        grad = np.zeros((V, V))
        np.add.at(grad, before, scale * p / BATCH)
        norm = np.linalg.norm(grad)
        W = W * (1 - decay * now / rate) - now * grad * min(1, clip / max(norm, 1e-300))
        if step % EVERY == EVERY - 1:
            log.append([step + 1, now, loss, norm, np.linalg.norm(W)])
    p = softmax(scale * W[text[n:-1]])
    return -np.log(np.maximum(p[np.arange(len(p)), text[n + 1 :]], 1e-300)).mean(), np.array(log)


def finetune(states, labels, settings):
    """Train a head on the first half of the texts.

    Args:
        states: (N, T, d), a body's state at each place. labels: (N,) 0 or 1. settings: (4,), in the order of FINETUNE.
    Returns:
        the loss on the last quarter; the log: epoch, loss, accuracy, both on the third quarter.
    """
    position, rate, epochs, decay = settings
    position, epochs, n = int(position), int(epochs), len(labels) // 2
    x, sign, w, log = states[:, min(position, states.shape[1] - 1)], 2 * labels - 1, np.zeros(states.shape[2]), []
    parts = [slice(0, n), slice(n, n + n // 2), slice(n + n // 2, None)]
    every = max(1, epochs // 20)

    def measured(part):
        margin = sign[part] * (x[part] @ w)
        return np.logaddexp(0, -margin).mean(), (margin > 0).mean()

    for epoch in range(epochs):
        if not np.abs(w).max() < 1e9:
            break  # it has run away
        if epoch % every == 0:
            log.append([epoch, *measured(parts[0]), *measured(parts[1])])
        push = sign[:n] * np.exp(-np.logaddexp(0, sign[:n] * (x[:n] @ w)))  # (N / 2,): sigmoid(-margin), signed
        w = w * (1 - decay) + rate * push @ x[:n] / n
    log.append([epochs, *measured(parts[0]), *measured(parts[1])])
    return measured(parts[2])[0], np.array(log)


def changed(settings, *wrong):
    """A copy of the settings with (place, value) put in."""
    settings = np.array(settings, float)
    for place, value in wrong:
        settings[place] = value
    return settings


def trains(arguments, parts, student=None):
    """Do the settings repair the run of homework 05?"""
    text, scale = arguments["text"], arguments["scale"]
    return judged(arguments, parts, TRAIN, lambda settings: train(text, settings, scale)[0])


def finetunes(arguments, parts, student=None):
    """Do the settings repair the run of homework 07?"""
    return judged(arguments, parts, FINETUNE, lambda s: finetune(arguments["states"], arguments["labels"], s)[0])


def judged(arguments, parts, bounds, run):
    (settings, *more), given = parts, arguments["settings"]
    if more or settings.shape != given.shape:
        return f"the result has shape {settings.shape}{' and more' * bool(more)}, it should have {given.shape}", BOUNDS
    for name, value, (least, most) in zip(bounds, settings.tolist(), bounds.values(), strict=True):
        if not least <= value <= most or (name in WHOLE and value != round(value)):
            return f"{name} is {value:.6g}; it may be {least:g} to {most:g}{', whole' * (name in WHOLE)}", BOUNDS
    changed = [
        name for name, a, b in zip(bounds, settings, given, strict=True) if not np.isclose(a, b, rtol=1e-9, atol=0)
    ]
    if len(changed) > arguments["n_wrong"]:
        return f"{', '.join(changed)} were changed; {arguments['n_wrong']} settings are wrong", TOO_MANY
    with np.errstate(all="ignore"):
        reached = run(settings)
    if not reached <= arguments["needed"]:
        return (
            f"with these settings the loss is {reached:.4g}; at most {arguments['needed']:.4g} was needed",
            NOT_REPAIRED,
        )
    return None
