"""Homework 09, similarity: another symmetric head, a correlation of ranks, the cosine, and a loss of pairs alone."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def log_softmax(z, axis=-1):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


# --- 09.1 the product of the two states ---------------------------------------------------------------------------


def product_inputs(rng):
    B, d, k = int(rng.integers(2, 6)), int(rng.integers(3, 6)), int(rng.integers(2, 5))
    return {
        "h_ab": rng.normal(size=(B, d)),
        "h_ba": rng.normal(size=(B, d)),
        "W": rng.normal(size=(d, k)),
        "y": rng.integers(k, size=B),
    }


def head_of(joint, W, y):
    """Eq. (4) of logits joint W: its mean, the gradient at W, and the gradient at joint."""
    log_p = log_softmax(joint @ W)
    d_logits = (np.exp(log_p) - np.eye(W.shape[1])[y]) / len(y)
    return -log_p[np.arange(len(y)), y].mean(), joint.T @ d_logits, d_logits @ W.T


def product_head(h_ab, h_ba, W, y):
    loss, d_W, d_joint = head_of(h_ab * h_ba, W, y)
    return loss, d_W, d_joint * h_ba, d_joint * h_ab


def as_for_the_sum(h_ab, h_ba, W, y):
    loss, d_W, d_joint = head_of(h_ab * h_ba, W, y)
    return loss, d_W, d_joint, d_joint


def own_factor(h_ab, h_ba, W, y):
    loss, d_W, d_ab, d_ba = product_head(h_ab, h_ba, W, y)
    return loss, d_W, d_ba, d_ab


def sum_over_the_batch(h_ab, h_ba, W, y):
    loss, *gradients = product_head(h_ab, h_ba, W, y)
    return loss, *(len(y) * g for g in gradients)


def the_sum(h_ab, h_ba, W, y):
    loss, d_W, d_joint = head_of(h_ab + h_ba, W, y)
    return loss, d_W, d_joint, d_joint


def product_edges():
    """A single pair; logits that lie hundreds apart, in a row and between rows."""
    h_ab, h_ba = np.array([[30.0, -2.0], [-30.0, 10.0]]), np.array([[30.0, 1.0], [40.0, -200.0]])
    W = np.array([[1.0, -1.0, 0.5], [0.25, 2.0, 0.0]])
    one = {"h_ab": h_ab[:1] / 10, "h_ba": h_ba[:1] / 10, "W": W, "y": np.array([1], dtype=np.int32)}
    return [one, {"h_ab": h_ab, "h_ba": h_ba, "W": W, "y": np.array([1, 0])}]


PRODUCT = Question(
    "09.1",
    "product_head",
    3,
    product_inputs,
    product_head,
    (
        Wrong(as_for_the_sum, "a sum hands its gradient on unchanged; does a product?"),
        Wrong(own_factor, "differentiate u v at u: what stands beside du?"),
        Wrong(sum_over_the_batch, "the loss is right; is your gradient that of the mean over the batch?"),
        Wrong(the_sum, "this is eq. (7) as it stands; here the two states are joined in another way"),
    ),
    product_edges,
    n_cases=6,
)

# --- 09.2 Kendall's tau-b -----------------------------------------------------------------------------------------


def tau_inputs(rng):
    n = int(rng.integers(8, 14))
    x = rng.permutation(np.arange(n) % 5)  # five values: there are always ties
    return {"x": x.astype(float), "y": np.clip(x + rng.integers(-1, 2, size=n), 0, 4).astype(float)}


def counted_pairs(x, y):
    """Over all i < j: the signs' products, and which pairs are tied in x and in y."""
    i, j = np.triu_indices(len(x), k=1)
    return np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]), x[i] == x[j], y[i] == y[j]


def kendall_tau(x, y):
    signs, tied_x, tied_y = counted_pairs(x, y)
    return signs.sum() / np.sqrt((~tied_x).sum() * (~tied_y).sum())


def tau_a(x, y):
    return counted_pairs(x, y)[0].mean()


def untied_only(x, y):
    signs, _, _ = counted_pairs(x, y)
    return signs.sum() / abs(signs).sum()


def ties_agree(x, y):
    signs, tied_x, tied_y = counted_pairs(x, y)
    return (signs + (tied_x | tied_y)).sum() / np.sqrt((~tied_x).sum() * (~tied_y).sum())


def no_root(x, y):
    signs, tied_x, tied_y = counted_pairs(x, y)
    return signs.sum() / ((~tied_x).sum() * (~tied_y).sum())


def tau_edges():
    """A single pair, in opposite order; no ties, and whole numbers."""
    x, y = np.array([3, 1, 2, 5, 4]), np.array([1, 4, 2, 5, 3])
    return [{"x": np.array([1.0, 2.0]), "y": np.array([0.5, 0.0])}, {"x": x, "y": y}, {"x": x, "y": -x}]


TAU = Question(
    "09.2",
    "kendall_tau",
    2,
    tau_inputs,
    kendall_tau,
    (
        Wrong(tau_a, "try x = y = [1, 1, 2]: the two agree perfectly, what do you get?"),
        Wrong(untied_only, "try x = [1, 1, 2], y = [1, 2, 3]: which pairs does each of the two factors count?"),
        Wrong(ties_agree, "what does a tied pair add to the numerator?"),
        Wrong(no_root, "try x = y = [1, 2, 3]: the two agree perfectly, what do you get?"),
    ),
    tau_edges,
    n_cases=7,
)

# --- 09.3 the cosine ----------------------------------------------------------------------------------------------


def cosine_inputs(rng):
    B, d = int(rng.integers(2, 6)), int(rng.integers(3, 6))
    return {"u": 3 * rng.normal(size=(B, d)), "v": 2 * rng.normal(size=(B, d))}


def norm(u):
    return np.sqrt((u * u).sum(axis=-1, keepdims=True))


def cosine_of(u, v, gradient):
    """c (B,), and `gradient(u, v, c)` of the unit vectors u and v."""
    unit_u, unit_v = u / norm(u), v / norm(v)
    c = (unit_u * unit_v).sum(axis=-1, keepdims=True)
    return c[:, 0], gradient(unit_u, unit_v, c)


def cosine(u, v):
    return cosine_of(u, v, lambda unit_u, unit_v, c: (unit_v - c * unit_u) / norm(u))


def cosine_edges():
    """Parallel, opposite and orthogonal; short and long; a single number."""
    u = np.array([[1.0, 2.0], [-2e-3, 1e-3], [3.0, 0.0], [3000.0, 1000.0]])
    v = np.array([[2.0, 4.0], [4e-3, -2e-3], [0.0, 0.5], [1e-3, 2e-3]])
    return [{"u": u, "v": v}, {"u": np.array([[-2.0]]), "v": np.array([[5.0]])}]


COSINE = Question(
    "09.3",
    "cosine",
    2,
    cosine_inputs,
    cosine,
    (
        Wrong(
            lambda u, v: cosine_of(u, v, lambda unit_u, unit_v, c: unit_v / norm(u)),
            "the cosine is right; does |u| change when u does? A step along u itself must change nothing",
        ),
        Wrong(
            lambda u, v: cosine_of(u, v, lambda unit_u, unit_v, c: unit_v - c * unit_u),
            "the cosine is right; if u is twice as long, how large is the effect of the same small step?",
        ),
        Wrong(
            lambda u, v: cosine_of(u, v, lambda unit_u, unit_v, c: (unit_u - c * unit_v) / norm(v)),
            "the cosine is right; at which of the two vectors is this the gradient?",
        ),
    ),
    cosine_edges,
    n_cases=6,
)

# --- 09.4 a batch of pairs ----------------------------------------------------------------------------------------


def batch_inputs(rng):
    B, d = int(rng.integers(3, 7)), int(rng.integers(3, 6))
    a = rng.normal(size=(B, d))
    b = a + rng.normal(size=(B, d))
    lengths = rng.uniform(0.5, 2, size=(B, 1))
    return {"a": a * lengths, "b": b, "tau": float(rng.uniform(0.1, 0.6))}


def both_ways(scores):
    """The right partner of each row among the columns, and of each column among the rows; half of each."""
    rows, columns = (-np.diag(log_softmax(scores, axis)).mean() for axis in (1, 0))
    return (rows + columns) / 2


def cosines(a, b):
    return (a / norm(a)) @ (b / norm(b)).T


def pair_loss(a, b, tau):
    return both_ways(cosines(a, b) / tau)


def among_all_pairs(a, b, tau):
    scores = cosines(a, b) / tau
    return -np.diag(log_softmax(scores.reshape(-1)).reshape(scores.shape)).mean()


def batch_edges():
    """A single pair; and a temperature so low that the probabilities of other partners, or the right one, are 0."""
    a = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -2.0]])
    low = {"a": a, "b": np.array([[1.0, 0.5], [-1.0, 0.2], [0.1, -1.0]]), "tau": 0.001}
    return [{"a": a[:1], "b": a[1:2], "tau": 0.5}, low]


PAIRS = Question(
    "09.4",
    "pair_loss",
    3,
    batch_inputs,
    pair_loss,
    (
        Wrong(
            lambda a, b, tau: -np.diag(log_softmax(cosines(a, b) / tau)).mean(),
            "exchange a and b: the loss must not change",
        ),
        Wrong(lambda a, b, tau: both_ways(a @ b.T / tau), "make one vector twice as long: the loss must not change"),
        Wrong(
            lambda a, b, tau: both_ways(cosines(a, b) * tau), "does a small tau make the softmax sharper or flatter?"
        ),
        Wrong(
            among_all_pairs, "each text chooses among the B texts of the other side; what does your softmax run over?"
        ),
    ),
    batch_edges,
    n_cases=6,
)

QUESTIONS = (PRODUCT, TAU, COSINE, PAIRS)
