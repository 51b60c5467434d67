"""Question 12.4: the heads in a file."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def heads_inputs(rng):
    H, d_head = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    d = H * d_head
    return {"c_attn": rng.normal(size=(d, 3 * d)), "n_head": H}


def cut_columns(matrix, n_head):
    """(d, d) -> (n_head, d, d_head): each head has columns that lie side by side."""
    return np.stack(np.split(matrix, n_head, axis=1))


def split_heads(c_attn, n_head):
    return tuple(cut_columns(matrix, n_head) for matrix in np.split(c_attn, 3, axis=1))


def reshaped_only(c_attn, n_head):
    d = len(c_attn)
    return tuple(c_attn.reshape(3, n_head, d, d // n_head))


def head_by_head(c_attn, n_head):
    """As if each head's query, key and value stood together."""
    heads = cut_columns(c_attn, n_head)  # (n_head, d, 3 d_head)
    return tuple(np.split(heads, 3, axis=2))


def every_nth_column(c_attn, n_head):
    return tuple(np.stack([m[:, h::n_head] for h in range(n_head)]) for m in np.split(c_attn, 3, axis=1))


def as_torch_keeps_it(c_attn, n_head):
    return tuple(cut_columns(matrix.T, n_head) for matrix in np.split(c_attn, 3, axis=1))


def heads_edges():
    """One head, and heads of one column."""
    c_attn = np.arange(27.0).reshape(3, 9)
    return [{"c_attn": c_attn, "n_head": 1}, {"c_attn": c_attn, "n_head": 3}]


HEADS = Question(
    "12.4",
    "split_heads",
    2,
    heads_inputs,
    split_heads,
    (
        Wrong(reshaped_only, "the shapes fit, but is W_Q[0][1, 0] still in row 1 of the file's matrix?"),
        Wrong(head_by_head, "what stands beside head 0's query in the file: its key, or head 1's query?"),
        Wrong(every_nth_column, "do a head's columns lie side by side in the file?"),
        Wrong(as_torch_keeps_it, "in which order does the file keep (in, out)? A state multiplies from the left"),
    ),
    heads_edges,
    n_cases=6,
)

QUESTIONS = (HEADS,)
