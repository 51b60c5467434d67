"""Training runs that went wrong, small enough to run again in a tenth of a second: are these settings a repair?

    train     a table of logits W (V, V), a later token's given this one's, by gradient descent on random places
    finetune  one vector w (d) on the states of a body, by gradient descent on all texts at once

Each takes the number of a run, from which its data are drawn, and returns the loss on text that it did not train on,
and its log. The inputs' scale is drawn too, over three powers of ten: only the log tells it, and with it which rate is
right. A repair changes no more settings than were wrong, and reaches the loss that was needed.
"""

from functools import lru_cache

import numpy as np

V, STEPS, BATCH, EVERY = 8, 100, 32, 5
PLACES = 6  # of each text's states
TRAIN = {  # each setting with its least and largest value
    "rate": (1e-6, 1e6),
    "warmup": (0, 1e5),  # steps until the rate is full
    "clip": (1e-9, 1e9),  # largest norm of a gradient
    "decay": (-1, 1),  # W shrinks by this share a step
    "shift": (0, 3),  # the target is the token this many places on
}
FINETUNE = {
    "position": (0, PLACES - 1),  # whose state is read, from 0
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
    "The run still fails. Ask of the log: how large are the inputs if this is the first gradient, and do the steps fit "
    "them? Does the loss fall at all?\n训练仍然失败。看日志：从第一个梯度看，输入有多大，步长合适吗？损失下降了吗？"
)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@lru_cache(maxsize=100)
def text_of(run):
    """A text in which each token follows from the one `shift` places before, 2 or 3; its inputs' scale."""
    rng = np.random.default_rng(run)
    shift, scale = int(rng.integers(2, 4)), 10 ** rng.uniform(-1.5, 1.5)
    rows, text = rng.dirichlet(np.full(V, 0.25), size=V).cumsum(axis=1), rng.integers(V, size=shift).tolist()
    for x in rng.random(1200):
        text.append(min(V - 1, int((rows[text[-shift]] < x).sum())))
    return np.array(text), shift, scale


def train(run, settings):
    """Train a table on the first two thirds of the run's text.

    Args:
        run: a whole number. settings: (5,), in the order of TRAIN.
    Returns:
        the loss on the last third, always of the token that follows from this one; the log: step, rate, loss, gradient
        norm, norm of W.
    """
    (text, follows, scale), (rate, warmup, clip, decay, shift) = text_of(run), settings
    shift, n = int(shift), 2 * len(text) // 3
    rng, W, log = np.random.default_rng(0), np.zeros((V, V)), []
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
        if step % EVERY == 0:
            log.append([step, now, loss, norm, np.linalg.norm(W)])
        W = W * (1 - decay) - now * grad * min(1, clip / max(norm, 1e-300))
    p = softmax(scale * W[text[n:-follows]])
    return -np.log(np.maximum(p[np.arange(len(p)), text[n + follows :]], 1e-300)).mean(), np.array(log)


@lru_cache(maxsize=100)
def states_of(run):
    """States (160, 6, 30) of which the later places know the label, and labels, one in seven of them wrong."""
    rng, N, d = np.random.default_rng(run), 160, 30
    first, scale = rng.integers(2, PLACES - 1), 10 ** rng.uniform(-1.5, 1.5)
    labels, direction = rng.integers(0, 2, N), rng.normal(size=d)
    states = rng.normal(size=(N, PLACES, d))
    states[:, first:] += 2 * np.outer(2 * labels - 1, direction / np.linalg.norm(direction))[:, None]
    return scale * states, np.where(rng.random(N) < 1 / 7, 1 - labels, labels), int(first), scale


def finetune(run, settings):
    """Train a head on the first half of the run's texts.

    Args:
        run: a whole number. settings: (4,), in the order of FINETUNE.
    Returns:
        the loss on the last quarter; the log: epoch, gradient norm, loss, accuracy, and both on the third quarter.
    """
    (states, labels, _, _), (position, rate, epochs, decay) = states_of(run), settings
    epochs, n = int(epochs), len(labels) // 2
    x, sign, w, log = states[:, int(position)], 2 * labels - 1, np.zeros(states.shape[2]), []
    parts = [slice(0, n), slice(n, n + n // 2), slice(n + n // 2, None)]
    every = max(1, epochs // 20)

    def measured(part):
        margin = sign[part] * (x[part] @ w)
        return np.logaddexp(0, -margin).mean(), (margin > 0).mean()

    for epoch in range(epochs):
        if not np.abs(w).max() < 1e9:
            break  # it has run away
        push = sign[:n] * np.exp(-np.logaddexp(0, sign[:n] * (x[:n] @ w)))  # (N / 2,): sigmoid(-margin), signed
        grad = push @ x[:n] / n
        if epoch % every == 0:
            log.append([epoch, np.linalg.norm(grad), *measured(parts[0]), *measured(parts[1])])
        w = w * (1 - decay) + rate * grad
    return measured(parts[2])[0], np.array(log)


def changed(settings, *wrong):
    """A copy of the settings with (place, value) put in."""
    settings = np.array(settings, float)
    for place, value in wrong:
        settings[place] = value
    return settings


def failing_run(right, first, second, run_of, number):
    """A case: the settings with two mistakes, and the loss half-way to what the smaller mistake costs.

    Returns None if one of the mistakes does no harm.
    """
    wrong = [], [first], [second], [first, second]
    with np.errstate(all="ignore"):
        best, *losses = [run_of(number, changed(right, *places))[0] for places in wrong]
    if not min(losses) > best + 0.1:
        return None
    settings, needed = changed(right, first, second), best + 0.6 * (min(losses) - best)
    return {
        "run": number,
        "settings": settings,
        "log": run_of(number, settings)[1],
        "n_wrong": 2,
        "needed": float(needed),
    }


def trains(arguments, parts, student=None):
    """Do the settings repair the run of homework 05?"""
    return judged(arguments, parts, TRAIN, lambda settings: train(arguments["run"], settings)[0])


def finetunes(arguments, parts, student=None):
    """Do the settings repair the run of homework 07?"""
    return judged(arguments, parts, FINETUNE, lambda settings: finetune(arguments["run"], settings)[0])


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
