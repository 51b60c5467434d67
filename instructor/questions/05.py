"""Homework 05, pre-training: one step of AdamW, clipping, gradients of unequal parts, a schedule with restarts."""

import math

import numpy as np

from minigpt.grading.question import Question, Wrong

# --- 05.1 one step of AdamW ---------------------------------------------------------------------------------------


def adamw_inputs(rng):
    shape = (int(rng.integers(2, 4)), int(rng.integers(2, 4)))
    w, g, m = rng.normal(size=(3, *shape))
    return {
        "w": w,
        "g": g,
        "m": 0.1 * m,
        "v": rng.uniform(0.01, 0.1, size=shape),
        "step": int(rng.integers(2, 20)),
        "lr": float(rng.uniform(0.01, 0.1)),
        "betas": np.array([0.9, 0.99]),
        "eps": 0.01,  # large enough to see where it stands
        "decay": float(rng.uniform(0.05, 0.5)),
    }


def adamw_step(w, g, m, v, step, lr, betas, eps, decay):
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    m_hat, v_hat = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps) - lr * decay * w, m, v


def decay_in_gradient(w, g, m, v, step, lr, betas, eps, decay):
    return adamw_step(w, g + decay * w, m, v, step, lr, betas, eps, 0.0)


def eps_inside(w, g, m, v, step, lr, betas, eps, decay):
    _, m, v = adamw_step(w, g, m, v, step, lr, betas, eps, decay)
    m_hat, v_hat = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
    return w - lr * m_hat / np.sqrt(v_hat + eps) - lr * decay * w, m, v


def adamw_edges():
    """The very first step, without decay; and one after a million."""
    g, some = np.array([0.5, -2.0, 1e-3]), {"lr": 0.1, "betas": np.array([0.9, 0.999])}
    first = {"w": np.ones(3), "g": g, "m": np.zeros(3), "v": np.zeros(3), "step": 1, **some, "eps": 0.0, "decay": 0.0}
    x = np.linspace(0.1, 1, 4).reshape(2, 1, 2)
    return [first, {"w": x, "g": -x, "m": 2 * x, "v": 3 * x, "step": 10**6, **some, "eps": 1e-8, "decay": 0.01}]


ADAMW = Question(
    "05.1",
    "adamw_step",
    3,
    adamw_inputs,
    adamw_step,
    (
        Wrong(decay_in_gradient, "the decay goes through the moments; decoupled means that it does not"),
        Wrong(
            lambda **a: adamw_step(**a | {"step": math.inf}), "the moments began at 0: something must make up for that"
        ),
        Wrong(eps_inside, "look at where eps stands: under the root or behind it?"),
        Wrong(
            lambda **a: adamw_step(**a | {"decay": a["decay"] / a["lr"]}),
            "how far does the decay move w in one step when the rate is near 0?",
        ),
    ),
    adamw_edges,
    n_cases=6,
)

# --- 05.2 clipping ------------------------------------------------------------------------------------------------


def clip_inputs(rng):
    grads = [rng.normal(size=rng.integers(2, 4, size=n_axes)) for n_axes in (1, 2, int(rng.integers(1, 3)))]
    return {"grads": grads, "max_norm": float(length(grads) * rng.choice([0.4, 1.7]))}


def length(arrays):
    return math.sqrt(sum((a**2).sum() for a in arrays))


def clip_by_global_norm(grads, max_norm):
    return tuple(g * min(1.0, max_norm / length(grads)) for g in grads)


def clip_edges():
    """Exactly as long as allowed, an array of zeros, and a single array."""
    return [
        {"grads": [np.array([3.0]), np.array([0.0, 4.0])], "max_norm": 5.0},
        {"grads": [np.zeros((1, 2)), np.array([[-6.0], [8.0]])], "max_norm": 1},
        {"grads": [np.array([-0.5])], "max_norm": 2.0},
    ]


CLIP = Question(
    "05.2",
    "clip_by_global_norm",
    2,
    clip_inputs,
    clip_by_global_norm,
    (
        Wrong(
            lambda grads, max_norm: tuple(g * min(1.0, max_norm / (length([g]) or 1)) for g in grads),
            "each array is clipped alone: the direction of the whole changes",
        ),
        Wrong(
            lambda grads, max_norm: tuple(g * max_norm / length(grads) for g in grads),
            "a gradient that is short enough must stay as it is",
        ),
        Wrong(
            lambda grads, max_norm: tuple(g * min(1.0, max_norm / length(grads) ** 2) for g in grads),
            "a length is a root",
        ),
        Wrong(
            lambda grads, max_norm: tuple(np.clip(g, -max_norm, max_norm) for g in grads),
            "single numbers are cut off: the whole is to be shortened, with its direction kept",
        ),
    ),
    clip_edges,
    n_cases=20,  # long and short gradients, both in any seed
)

# --- 05.3 the gradient of unequal parts ---------------------------------------------------------------------------

NO_TARGET = -100


def parts_inputs(rng):
    d, V = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    targets = []
    for n in (3, 4, 6):
        part = rng.integers(V, size=n)
        part[n - int(rng.integers(1, 3)) :] = NO_TARGET
        targets.append(part)
    states = [rng.normal(size=(len(part), d)) for part in targets]
    return {"W": rng.normal(size=(d, V)), "states": states, "targets": targets}


def part_gradient(W, h, targets, padding=False):
    """The gradient at W of the sum of -log P(target), and the number of targets."""
    logits = h @ W
    P = np.exp(logits - logits.max(axis=-1, keepdims=True))
    P /= P.sum(axis=-1, keepdims=True)
    real = targets != NO_TARGET
    P[real, targets[real]] -= 1
    return h.T @ (P if padding else P * real[:, None]), real.sum()


def accumulated_gradient(W, states, targets):
    parts = [part_gradient(W, h, y) for h, y in zip(states, targets, strict=True)]
    return sum(g for g, _ in parts) / sum(n for _, n in parts)


def mean_of_means(W, states, targets):
    return np.mean([g / n for g, n in (part_gradient(W, h, y) for h, y in zip(states, targets, strict=True))], axis=0)


def padding_learns(W, states, targets):
    parts = [part_gradient(W, h, y, padding=True) for h, y in zip(states, targets, strict=True)]
    return sum(g for g, _ in parts) / sum(n for _, n in parts)


def per_position(W, states, targets):
    real = sum((y != NO_TARGET).sum() for y in targets)
    return accumulated_gradient(W, states, targets) * real / sum(map(len, targets))


def parts_edges():
    """A single position; no target at first and in the middle, logits that lie far apart in a row and between rows."""
    W = np.array([[1000.0, 0.0, -1000.0, 1.0], [0.0, 500.0, -500.0, 2.0]])
    h = np.array([[9.0, 9.0], [2.0, 0.0], [5.0, 5.0], [0.001, 0.002]])
    targets = [np.array([NO_TARGET, 1, NO_TARGET, 3]), np.array([0], dtype=np.int32)]
    return [
        {"W": W / 1000, "states": [h[1:2]], "targets": [np.array([2])]},
        {"W": W, "states": [h, h[1:2]], "targets": targets},
    ]


ACCUMULATED = Question(
    "05.3",
    "accumulated_gradient",
    3,
    parts_inputs,
    accumulated_gradient,
    (
        Wrong(mean_of_means, "a part with few targets weighs as much as one with many"),
        Wrong(per_position, "you divide by all positions: how many targets are there?"),
        Wrong(padding_learns, "positions without a target still push W"),
        Wrong(
            lambda **a: accumulated_gradient(**a) * len(a["states"]),
            "too long by the number of parts: what do you divide by, and how often?",
        ),
    ),
    parts_edges,
    n_cases=6,
)

# --- 05.4 a cosine with restarts ----------------------------------------------------------------------------------


def restart_inputs(rng):
    period, factor = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    return {
        "steps": period * (1 + factor) + int(rng.integers(3, 6)),  # into the third cycle
        "period": period,
        "factor": factor,
        "lr": float(rng.uniform(0.5, 1.0)),
        "lr_min": float(rng.uniform(0.01, 0.1)),
    }


def restart_rates(steps, period, factor, lr, lr_min, late=0, turn=math.pi):
    found, s = [], 0
    for _ in range(steps):
        found.append(lr_min + (lr - lr_min) * (1 + math.cos(turn * (s + late) / period)) / 2)
        s += 1
        if s == period:
            s, period = 0, period * factor
    return np.array(found)


def restart_edges():
    """Cycles of one step, one that is cut short, equal cycles, an end where a cycle ends."""
    sizes = [(4, 1, 1), (2, 5, 2), (7, 2, 1), (9, 3, 2), (1, 1, 3)]
    return [{"steps": n, "period": p, "factor": f, "lr": 1.0, "lr_min": 0.0} for n, p, f in sizes]


RESTARTS = Question(
    "05.4",
    "restart_rates",
    2,
    restart_inputs,
    restart_rates,
    (
        Wrong(lambda **a: restart_rates(**a | {"factor": 1}), "every cycle is as long as the first: look at factor"),
        Wrong(lambda **a: restart_rates(**a, late=1), "off by one: the first step of a cycle has the full rate"),
        Wrong(
            lambda **a: restart_rates(**a, turn=2 * math.pi),
            "the rate comes back up within a cycle: how much of a cosine is one cycle?",
        ),
        Wrong(
            lambda **a: restart_rates(**a | {"period": a["steps"]}),
            "there is no restart: the rate falls once over all steps",
        ),
    ),
    restart_edges,
    n_cases=9,
)

QUESTIONS = (ADAMW, CLIP, ACCUMULATED, RESTARTS)
