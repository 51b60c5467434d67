"""Equation (1): L(theta) = -sum_{t=1..T} log P(x_t | x_1..x_{t-1}; theta), and equation (4): -sum_{(x,y)} log P(y | x).

Both are minus the log probability of what was observed: the next token in (1), the label in (4).
Both are divided by the number of targets, so that losses of batches of different sizes can be compared.
Lecture pages "Unsupervised pre-training" and "Supervised fine-tuning"; Radford et al. 2018, sections 3.1 and 3.2.
"""

import math

import torch.nn.functional as F

from minigpt.fast.cross_entropy import cross_entropy

NO_TARGET = -100  # stands where there is nothing to predict: behind the end of a shorter text


def log_loss(logits, targets):
    """Minus the log probability of each target.

        -log softmax(logits)[target]        0 where the target is NO_TARGET

    Args:
        logits: (..., k) real numbers; -inf where a class is not allowed.
        targets: (...) integers below k, or NO_TARGET.
    Returns:
        (...) nats, each at least 0.

    >>> import torch
    >>> log_loss(torch.tensor([[0.0, 0.0], [5.0, 0.0]]), torch.tensor([1, NO_TARGET]))
    tensor([0.6931, 0.0000])
    """
    flat = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=NO_TARGET, reduction="none")
    return flat.view(targets.shape)


def lm_loss(logits, targets):
    """Equation (1), as nats per token: the sum over all texts and positions, divided by the number of targets.

    Args:
        logits: (B, T, |V|), the model's answer at each position; targets: (B, T), the token that came next.
    Source: Radford et al. 2018, eq. (1). Its term t = 1 exists where texts start with `<s>`.
    """
    nats = cross_entropy(logits.flatten(0, -2), targets.flatten())  # `log_loss`, in less time
    return nats.sum() / (targets != NO_TARGET).sum()


def classification_loss(logits, labels):
    """Equation (4), as the mean over a batch: logits (B, k), labels (B). Source: Radford et al. 2018, eq. (4)."""
    return log_loss(logits, labels).mean()


def squared_error(scores, targets):
    """For a number instead of a class: the mean of (score - target)^2, both (B).

    It is eq. (4) where y is normally distributed about the score with standard deviation 1, up to a factor and a
    constant.

    >>> import torch
    >>> squared_error(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    """
    return ((scores - targets) ** 2).mean()


def perplexity(nats):
    """exp(nats per token): the number of equally likely tokens that would be as surprising.

    >>> round(perplexity(math.log(6)), 9)
    6.0
    """
    return math.exp(nats)


def bits(nats):
    """Nats to bits: log2(x) = ln(x) / ln(2).

    >>> bits(math.log(8))
    3.0
    """
    return nats / math.log(2)
