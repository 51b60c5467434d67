"""Homework 10, multiple choice: eq. (8) for any number of options, a loss that compares two by two, and packed rows."""

import numpy as np

from minigpt.grading.question import Question, Wrong


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# --- 10.1 questions with different numbers of options -------------------------------------------------------------


def choice_inputs(rng):
    lengths = np.append(rng.integers(2, 6, size=rng.integers(2, 5)), [2, 3])  # never all alike
    return {
        "scores": 2 * rng.normal(size=lengths.sum()),
        "lengths": lengths,
        "labels": rng.integers(lengths),
    }


def per_question(scores, lengths):
    return np.split(scores, np.cumsum(lengths)[:-1])


def losses(scores, lengths, labels):
    return np.array([-log_softmax(z)[y] for z, y in zip(per_question(scores, lengths), labels, strict=True)])


def choice_loss(scores, lengths, labels):
    gradient = np.concatenate([np.exp(log_softmax(z)) for z in per_question(scores, lengths)])
    gradient[np.cumsum(lengths) - lengths + labels] -= 1
    return losses(scores, lengths, labels).mean(), gradient / len(lengths)


def mean_over_options(scores, lengths, labels):
    loss, gradient = choice_loss(scores, lengths, labels)
    return loss * len(lengths) / lengths.sum(), gradient * len(lengths) / lengths.sum()


def against_all_options(scores, lengths, labels):
    right = np.cumsum(lengths) - lengths + labels
    gradient = np.exp(log_softmax(scores))
    gradient -= np.bincount(right, minlength=len(scores)) / len(lengths)
    return -log_softmax(scores)[right].mean(), gradient


def labels_not_moved(scores, lengths, labels):
    loss, _ = choice_loss(scores, lengths, labels)
    gradient = np.concatenate([np.exp(log_softmax(z)) for z in per_question(scores, lengths)])
    np.subtract.at(gradient, labels, 1)
    return loss, gradient / len(lengths)


def summed_gradient(scores, lengths, labels):
    loss, gradient = choice_loss(scores, lengths, labels)
    return loss, gradient * len(lengths)


def choice_edges():
    """A single option; scores hundreds apart, with a question of one option among others."""
    far = np.array([0.0, -900.0, 2000.0, -400.0, 500.0, 500.0])
    one = {"scores": np.array([3.0]), "lengths": np.array([1]), "labels": np.array([0])}
    lengths = np.array([2, 1, 3], dtype=np.int32)
    return [one, {"scores": far, "lengths": lengths, "labels": np.array([1, 0, 2], dtype=np.int32)}]


CHOICE = Question(
    "10.1",
    "choice_loss",
    2,
    choice_inputs,
    choice_loss,
    (
        Wrong(mean_over_options, "a question with many options must not weigh the mean down: what do you divide by?"),
        Wrong(against_all_options, "what does your softmax run over? Add up P over one question's options"),
        Wrong(labels_not_moved, "the loss is right; add up your gradient over the options of each question"),
        Wrong(summed_gradient, "the loss is right; compare the gradient's size with finite differences of it"),
    ),
    choice_edges,
    n_cases=6,
)

# --- 10.2 two by two ----------------------------------------------------------------------------------------------


def ranking_inputs(rng):
    N, d = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    return {"h": rng.normal(size=(N, d)), "w": 2 * rng.normal(size=d), "y": int(rng.integers(N))}


def ranking(h, w, y, others, sign=1):
    """The mean over `others` of log(1 + e^-(z_y - z_i)), and its gradient at w."""
    apart = sign * (h[y] - h[others])  # (n, d)
    return np.logaddexp(0, -apart @ w).mean(), -(wrong_way(apart @ w)[:, None] * apart).mean(axis=0)


def wrong_way(difference):
    """1 / (1 + e^difference), which never overflows."""
    return np.exp(-np.logaddexp(0, difference))


def all_but(y, N):
    return np.arange(N) != y


def ranking_loss(h, w, y):
    return ranking(h, w, y, all_but(y, len(h)))


def with_itself(h, w, y):
    return ranking(h, w, y, np.ones(len(h), dtype=bool))


def other_way_round(h, w, y):
    return ranking(h, w, y, all_but(y, len(h)), sign=-1)


def summed(h, w, y):
    loss, gradient = ranking_loss(h, w, y)
    return loss * (len(h) - 1), gradient * (len(h) - 1)


def right_state_forgotten(h, w, y):
    others = all_but(y, len(h))
    loss, _ = ranking_loss(h, w, y)
    return loss, (wrong_way((h[y] - h[others]) @ w)[:, None] * h[others]).mean(axis=0)


def ranking_edges():
    """Two options; and differences of many hundreds, both ways."""
    far = {"h": np.array([[1.0, 2.0], [900.0, 0.0], [-900.0, 1.0]]), "w": np.array([1.0, -0.5])}
    return [{"h": np.array([[1.0], [0.5]]), "w": np.array([2.0]), "y": 1}, far | {"y": 0}, far | {"y": 2}]


RANKING = Question(
    "10.2",
    "ranking_loss",
    3,
    ranking_inputs,
    ranking_loss,
    (
        Wrong(with_itself, "is the right option compared with itself? Count your pairs"),
        Wrong(other_way_round, "raise the right option's score: the loss must fall"),
        Wrong(summed, "the text asks for the mean over the pairs"),
        Wrong(right_state_forgotten, "the loss is right; w acts on two states in each pair, what are they?"),
    ),
    ranking_edges,
    n_cases=7,
)

QUESTIONS = (CHOICE, RANKING)
