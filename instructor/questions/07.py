"""Homework 07, single text: a softer eq. (4), a fifth format, a weighted eq. (4), and a head that reads every token."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# --- 07.1 label smoothing -----------------------------------------------------------------------------------------


def smoothed_inputs(rng):
    B, k = int(rng.integers(2, 6)), int(rng.integers(3, 6))
    rows = rng.normal(scale=500, size=(B, 1))  # the same for all labels of a text: e^z overflows, the loss does not
    return {
        "logits": rows + 2 * rng.normal(size=(B, k)),
        "labels": rng.integers(k, size=B),
        "eps": float(rng.uniform(0.05, 0.4)),
    }


def one_hot(labels, k):
    return np.eye(k)[labels]


def smoothed(labels, k, eps):
    return (1 - eps) * one_hot(labels, k) + eps / k


def against(logits, target, target_below=None):
    """The mean cross-entropy with `target`, and its gradient; below, the gradient may be given another target."""
    log_p = log_softmax(logits)
    below = target if target_below is None else target_below
    return -(target * log_p).sum(axis=-1).mean(), (np.exp(log_p) - below) / len(logits)


def smoothed_loss(logits, labels, eps):
    return against(logits, smoothed(labels, logits.shape[1], eps))


def shared_by_the_others(logits, labels, eps):
    k = logits.shape[1]
    true = one_hot(labels, k)
    return against(logits, (1 - eps) * true + eps / (k - 1) * (1 - true))


def too_much_in_all(logits, labels, eps):
    k = logits.shape[1]
    return against(logits, one_hot(labels, k) + eps / k)


def hard_gradient(logits, labels, eps):
    k = logits.shape[1]
    return against(logits, smoothed(labels, k, eps), one_hot(labels, k))


def a_little_added(logits, labels, eps):
    _, gradient = smoothed_loss(logits, labels, eps)
    log_p = np.log(np.exp(log_softmax(logits)) + 1e-12)
    return -(smoothed(labels, logits.shape[1], eps) * log_p).sum() / len(logits), gradient


def gradient_of_the_sum(logits, labels, eps):
    loss, gradient = smoothed_loss(logits, labels, eps)
    return loss, gradient * len(logits)


def smoothed_edges():
    """Labels hundreds apart: P is 0, its logarithm is not; and nothing smoothed."""
    far = np.array([[0.0, -900.0, 300.0], [700.0, -100.0, 0.0]])
    hard = {"logits": np.array([[300.0, -500.0]]), "labels": np.array([0], dtype=np.int32), "eps": 0.0}
    return [{"logits": far, "labels": np.array([1, 2]), "eps": 0.1}, hard]


SMOOTHED = Question(
    "07.1",
    "smoothed_loss",
    3,
    smoothed_inputs,
    smoothed_loss,
    (
        Wrong(shared_by_the_others, "how many labels share eps? Write q for k = 2 and compare it with the text"),
        Wrong(too_much_in_all, "add up your q over the labels of one text: is it a distribution?"),
        Wrong(a_little_added, "log(P + 1e-12) is never below -28: write log P without P"),
        Wrong(hard_gradient, "the loss is right; which distribution does its gradient compare P with?"),
        Wrong(
            gradient_of_the_sum, "the loss is right; compare the gradient's size with finite differences of the loss"
        ),
    ),
    smoothed_edges,
    n_cases=6,
)

# --- 07.2 a review: three texts, one of which may be missing ------------------------------------------------------


def review_inputs(rng):
    V = int(rng.integers(20, 40))
    parts = [rng.integers(1, V, size=rng.integers(1, 5)).tolist() for _ in range(3)]
    missing = int(rng.integers(4))  # 3: none is
    if missing < 3:
        parts[missing] = []
    title, text, answer = parts
    T = sum(map(len, parts)) + 4 + int(rng.integers(1, 4))
    return {"title": title, "text": text, "answer": answer, "T": T, "start": V, "delimiter": V + 1, "end": V + 2}


def joined(parts, delimiter):
    ids = []
    for n, part in enumerate(parts):
        ids += [delimiter] * (n > 0) + part
    return ids


def padded(ids, T):
    return np.array(ids + [0] * (T - len(ids)))


def review(title, text, answer, T, start, delimiter, end):
    ids = [start, *joined([part for part in (title, text, answer) if part], delimiter), end]
    return padded(ids, T), len(ids) - 1


def doubled_delimiter(title, text, answer, T, start, delimiter, end):
    ids = [start, *joined([title, text, answer], delimiter), end]
    return padded(ids, T), len(ids) - 1


def delimiter_behind_each(title, text, answer, T, start, delimiter, end):
    ids = [start, *(i for part in (title, text, answer) if part for i in [*part, delimiter])]
    return padded([*ids, end], T), len(ids)


def last_of_the_row(**arguments):
    ids, _ = review(**arguments)
    return ids, len(ids) - 1


def before_the_padding(**arguments):
    ids, _ = review(**arguments)
    return ids, int(np.argmax(ids == 0)) - 1


def last_from_one(**arguments):
    ids, last = review(**arguments)
    return ids, last + 1


def full_rows():
    """Nothing to pad, whatever is missing; and ids as large as GPT-1's."""
    markers = {"start": 40478, "delimiter": 40479, "end": 40480}
    rows = [([7], [300, 8], [9, 40477], 9), ([], [300, 8], [9], 6), ([7], [], [9], 5), ([7], [300, 8], [], 6)]
    return [{"title": a, "text": b, "answer": c, "T": T} | markers for a, b, c, T in rows]


REVIEW = Question(
    "07.2",
    "review_format",
    2,
    review_inputs,
    review,
    (
        Wrong(doubled_delimiter, "look at a review with an empty part: which markers stand beside each other?"),
        Wrong(delimiter_behind_each, "what stands right before <e>? `$` is a border between two texts"),
        Wrong(last_of_the_row, "the ids are right; what does ids[last] hold?"),
        Wrong(before_the_padding, "the ids are right; a row may be full: where is its first 0?"),
        Wrong(last_from_one, "the ids are right; what does ids[last] hold, counted as NumPy counts?"),
    ),
    full_rows,
    n_cases=12,  # so that a part is missing in some
)

# --- 07.3 weights for the classes ---------------------------------------------------------------------------------


def weighted_inputs(rng):
    B, k = int(rng.integers(5, 9)), int(rng.integers(2, 5))
    return {
        "logits": 2 * rng.normal(size=(B, k)),
        "labels": rng.integers(k, size=B),
        "weights": rng.uniform(0.2, 3, size=k),
    }


def losses(logits, labels):
    return -log_softmax(logits)[np.arange(len(labels)), labels]


def weighted_loss(logits, labels, weights):
    w = weights[labels]
    return (w * losses(logits, labels)).sum() / w.sum()


def by_the_answer(logits, labels, weights):
    w = weights[logits.argmax(axis=-1)]
    return (w * losses(logits, labels)).sum() / w.sum()


def weighted_edges():
    """A single text, and losses in the hundreds."""
    one = {"logits": np.array([[1.0, 2.0]]), "labels": np.array([0]), "weights": np.array([0.5, 2.0])}
    far = np.array([[0.0, -900.0, 300.0], [-2000.0, -1500.0, -1600.0]])
    return [one, {"logits": far, "labels": np.array([1, 2], dtype=np.int32), "weights": np.array([0.5, 2.0, 3.0])}]


WEIGHTED = Question(
    "07.3",
    "weighted_loss",
    2,
    weighted_inputs,
    weighted_loss,
    (
        Wrong(
            lambda logits, labels, weights: (weights[labels] * losses(logits, labels)).mean(),
            "what happens to your loss when all weights are doubled? What should happen?",
        ),
        Wrong(by_the_answer, "whose weight does a text get: that of its label, or that of the model's answer?"),
        Wrong(lambda logits, labels, weights: losses(logits, labels).mean(), "the weights have no effect"),
    ),
    weighted_edges,
    n_cases=6,
)

QUESTIONS = (SMOOTHED, REVIEW, WEIGHTED)
