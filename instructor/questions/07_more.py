"""Question 07.4: the mean of all states."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def pooled_inputs(rng):
    B, T, d, k = int(rng.integers(2, 5)), int(rng.integers(4, 8)), int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return {
        "hidden": rng.normal(size=(B, T, d)),
        "lengths": rng.integers(2, T, size=B),  # below T: each row is padded
        "W": rng.normal(size=(d, k)),
        "d_logits": rng.normal(size=(B, k)),
    }


def pooled(hidden, W, d_logits, share, share_below=None):
    """`share` (B, T): how much each position adds to its row's mean."""
    below = share if share_below is None else share_below
    logits = np.einsum("bt,btd->bd", share, hidden) @ W
    return logits, below[:, :, None] * (d_logits @ W.T)[:, None, :]


def real(hidden, lengths):
    return (np.arange(hidden.shape[1]) < lengths[:, None]).astype(float)  # (B, T)


def mean_head(hidden, lengths, W, d_logits):
    return pooled(hidden, W, d_logits, real(hidden, lengths) / lengths[:, None])


def over_all(hidden, lengths, W, d_logits):
    return pooled(hidden, W, d_logits, np.full(hidden.shape[:2], 1 / hidden.shape[1]))


def without_the_end(hidden, lengths, W, d_logits):
    return pooled(hidden, W, d_logits, real(hidden, lengths - 1) / (lengths - 1)[:, None])


def undivided_gradient(hidden, lengths, W, d_logits):
    mask = real(hidden, lengths)
    return pooled(hidden, W, d_logits, mask / lengths[:, None], mask)


def gradient_in_the_padding(hidden, lengths, W, d_logits):
    everywhere = np.ones(hidden.shape[:2])
    return pooled(hidden, W, d_logits, real(hidden, lengths) / lengths[:, None], everywhere / lengths[:, None])


def full_texts():
    """No padding; the shortest text, beside a full one."""
    hidden, d_logits = np.arange(24.0).reshape(2, 4, 3) ** 0.5, np.array([[1.0, -2.0], [0.5, 3.0]])
    W = np.array([[1.0, 0.5], [-1.0, 2.0], [0.0, 1.0]])
    lengths = [np.array([4]), np.array([4, 2], dtype=np.int32)]
    return [{"hidden": hidden[: len(n)], "lengths": n, "W": W, "d_logits": d_logits[: len(n)]} for n in lengths]


MEAN_HEAD = Question(
    "07.4",
    "mean_head",
    3,
    pooled_inputs,
    mean_head,
    (
        Wrong(over_all, "put other numbers into the padded positions: do your logits change?"),
        Wrong(without_the_end, "which is the last position that counts, if lengths[b] is 2?"),
        Wrong(undivided_gradient, "the logits are right; compare the gradient's size with finite differences"),
        Wrong(gradient_in_the_padding, "the logits are right; what is the gradient at a state that they do not read?"),
    ),
    full_texts,
    n_cases=6,
)

QUESTIONS = (MEAN_HEAD,)
