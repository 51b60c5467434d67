"""Homework 01, loss: a sum of exponentials in one pass, a unit that no tokenizer changes, two counting models mixed."""

import numpy as np

from minigpt.grading.question import Question, Wrong

# --- 01.1 log-sum-exp of a stream ---------------------------------------------------------------------------------


def stream_inputs(rng):
    """Numbers near -1000, then 0, 1000 and -1000 again: exp of them overflows or vanishes."""
    near = np.repeat([-1000.0, 0.0, 1000.0, -1000.0], rng.integers(2, 5, size=4))
    return {"z": near + rng.normal(scale=2, size=len(near))}


def one_pass(z, rescale=True, add_maximum=True):
    m, s, results = -np.inf, 0.0, []
    for x in z:
        new = max(m, x)
        s = s * (np.exp(m - new) if rescale else 1) + np.exp(x - new)
        m = new
        results.append(np.log(s) + (m if add_maximum else 0))
    return np.array(results)


def streaming_logsumexp(z):
    return one_pass(z)


def of_exponentials(z, shift):
    with np.errstate(over="ignore", divide="ignore"):
        return shift + np.log(np.cumsum(np.exp(z - shift)))


def stream_edges():
    """A single logit, equal ones, and steps as large as the text allows."""
    return [{"z": np.array([-1100.0])}, {"z": np.array([1100.0, 1100.0, -1100.0, 1100.0])}]


STREAM = Question(
    "01.1",
    "streaming_logsumexp",
    3,
    stream_inputs,
    streaming_logsumexp,
    (
        Wrong(lambda z: of_exponentials(z, 0), "exp(1000) is inf and exp(-1000) is 0: look at what you exponentiate"),
        Wrong(
            lambda z: of_exponentials(z, z.max()),
            "a maximum that comes later is not known yet; with it the first sums vanish",
        ),
        Wrong(
            lambda z: one_pass(z, rescale=False),
            "when the maximum changes, the old sum still refers to the old maximum",
        ),
        Wrong(lambda z: one_pass(z, add_maximum=False), "what you took off before exp must come back at the end"),
    ),
    stream_edges,
    n_cases=6,
)

# --- 01.2 bits per character --------------------------------------------------------------------------------------


def bits_inputs(rng):
    sizes = rng.integers(3, 8, size=int(rng.integers(3, 5)))
    return {
        "nats": [rng.exponential(2.0, size=T) for T in sizes],
        "lengths": [np.append(rng.integers(1, 7, size=T - 1), 0) for T in sizes],  # the marker <e> has no characters
    }


def ratio(nats, lengths):
    return nats.sum() / lengths.sum() / np.log(2)


def bits_per_character(nats, lengths):
    return ratio(np.concatenate(nats), np.concatenate(lengths))


def mean_of_ratios(nats, lengths):
    with np.errstate(divide="ignore"):  # a text without characters
        return np.mean([ratio(n, c) for n, c in zip(nats, lengths, strict=True)])


def without_markers(nats, lengths):
    nats, lengths = np.concatenate(nats), np.concatenate(lengths)
    return ratio(nats[lengths > 0], lengths)


def bits_edges():
    """One text, and two of which one has nothing but its end."""
    nats = [np.array([1.0, 2.0, 0.5]), np.array([0.25])]
    lengths = [np.array([4, 1, 0]), np.array([0])]
    return [{"nats": nats[:1], "lengths": lengths[:1]}, {"nats": nats, "lengths": lengths}]


BITS = Question(
    "01.2",
    "bits_per_character",
    3,
    bits_inputs,
    bits_per_character,
    (
        Wrong(
            lambda nats, lengths: bits_per_character(nats, lengths) * np.log(2),
            "that is nats per character: look at the unit",
        ),
        Wrong(
            lambda nats, lengths: np.concatenate(nats).mean() / np.log(2),
            "that is bits per token: what stands below the line?",
        ),
        Wrong(
            mean_of_ratios,
            "a short text weighs as much as a long one: that is a mean of ratios",
        ),
        Wrong(without_markers, "the end of a text has to be predicted too, although it has no characters"),
    ),
    bits_edges,
    n_cases=6,
)

# --- 01.3 a mixture of two counting models ------------------------------------------------------------------------


def mixture_inputs(rng):
    V = int(rng.integers(4, 7))
    weights = rng.dirichlet(np.ones(V), size=V)  # a bigram world, so that the two models differ
    return {
        "train": walk(rng, weights, int(rng.integers(30, 60))),
        "test": walk(rng, weights, int(rng.integers(8, 15))),
        "vocab_size": V,
        "share": float(rng.uniform(0.6, 0.9)),
    }


def walk(rng, weights, n):
    ids = [0]
    while len(ids) < n:
        ids.append(int(rng.choice(len(weights), p=weights[ids[-1]])))
    return np.array(ids)


def counted(train, test, vocab_size):
    """Unigram and bigram probability of each token of `test` but the first."""
    pairs = np.ones((vocab_size, vocab_size))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    single = 1 + np.bincount(train[1:], minlength=vocab_size)
    return (single / single.sum())[test[1:]], (pairs / pairs.sum(axis=1, keepdims=True))[test[:-1], test[1:]]


def interpolated_loss(train, test, vocab_size, share):
    one, two = counted(train, test, vocab_size)
    return -np.log(share * two + (1 - share) * one).mean()


def mixed_logs(train, test, vocab_size, share):
    one, two = counted(train, test, vocab_size)
    return -(share * np.log(two) + (1 - share) * np.log(one)).mean()


def backwards(train, test, vocab_size, share):
    """P(before | token) where P(token | before) is asked for."""
    one, _ = counted(train, test, vocab_size)
    _, two = counted(train[::-1], test[::-1], vocab_size)
    return -np.log(share * two[::-1] + (1 - share) * one).mean()


def of_ids_that_occur(train, test, vocab_size, share):
    return interpolated_loss(train, test, int(max(train.max(), test.max())) + 1, share)


def per_id(train, test, vocab_size, share):
    return interpolated_loss(train, test, vocab_size, share) * (len(test) - 1) / len(test)


def mixture_edges():
    """Ids that never occur, the whole share for one model, and nothing to count."""
    train, test = np.array([0, 1, 1, 2, 0, 1], dtype=np.int32), np.array([1, 0, 2], dtype=np.int32)
    return [
        {"train": train, "test": test, "vocab_size": 6, "share": 0.3},
        {"train": train, "test": np.array([2, 4]), "vocab_size": 5, "share": 1.0},
        {"train": train[:1], "test": test, "vocab_size": 4, "share": 0.0},
    ]


MIXTURE = Question(
    "01.3",
    "interpolated_loss",
    4,
    mixture_inputs,
    interpolated_loss,
    (
        Wrong(mixed_logs, "you mixed the logarithms; the mixture is one of probabilities"),
        Wrong(
            lambda train, test, vocab_size, share: interpolated_loss(train, test, vocab_size, 1 - share),
            "which of the two models has the weight share?",
        ),
        Wrong(backwards, "a row of the bigram table must sum to 1 over the NEXT token"),
        Wrong(of_ids_that_occur, "an id that neither text holds is possible all the same: what is vocab_size for?"),
        Wrong(per_id, "how many tokens of test are predicted? The first has nothing before it"),
    ),
    mixture_edges,
    n_cases=7,
)

QUESTIONS = (STREAM, BITS, MIXTURE)
