"""What eq. (4) asks for, in three kinds, each with its loss, its answer and its metric:

    Classes   one of k labels        -log P(y | x)                            accuracy, macro-F1
    Options   one of N options       -log P(y | x), softmax over the N        accuracy
    Scores    a number               (h W^y - standardised score)^2           Pearson's r, Spearman's rho

A kind turns the labels of the data into numbers that a loss can read, and logits back into the terms of the data.
Lecture page "Supervised fine-tuning"; Radford et al. 2018, section 3.2; for scores see `loss.squared_error`.
"""

from dataclasses import dataclass

import numpy as np
import torch

from minigpt import metrics
from minigpt.heads import ChoiceHead, LinearHead
from minigpt.loss import classification_loss, squared_error
from minigpt.support.errors import InputError, require


def column_of(examples, column):
    """One column of all examples.

    Raises:
        InputError: if the first example lacks it.
    """
    if column not in examples[0]:
        raise InputError(f"these examples have no {column!r}, but the model answers with a {column}; use data alike")
    return [example[column] for example in examples]


@dataclass(frozen=True)
class Classes:
    """One of k labels, by name."""

    labels: tuple
    column = "label"

    @classmethod
    def of(cls, examples):
        """The labels that occur, at least two."""
        labels = sorted(set(column_of(examples, cls.column)))
        require(len(labels) > 1, "every training label", labels[0], "at least two different ones")
        return cls(tuple(labels))

    def head(self, d_model, seed):
        return LinearHead(d_model, len(self.labels), seed)

    def numbers(self, examples):
        """Labels as class numbers: (B,)."""
        known = {label: i for i, label in enumerate(self.labels)}
        for row, label in enumerate(column_of(examples, self.column), start=1):
            if label not in known:
                raise InputError(
                    f"example {row}: label {label!r} is not one of the training labels "
                    f"{', '.join(map(repr, self.labels))}; correct it, or train with it"
                )
        return torch.tensor([known[example[self.column]] for example in examples])

    def loss(self, logits, numbers):
        return classification_loss(logits, numbers)

    def answer(self, logits):
        """Logits (k) of one example to its label."""
        return self.labels[logits.argmax().item()]

    def score(self, answers, examples):
        truth = column_of(examples, self.column)
        also = {"macro_f1": metrics.macro_f1(answers, truth)}
        return {"metric": "accuracy", **metrics.accuracy(answers, truth), "also": also}


@dataclass(frozen=True)
class Options:
    """One of the options of eq. (8), by its place; an example's options are no classes, so there is no macro-F1."""

    column = "label"

    @classmethod
    def of(cls, examples):
        return cls()

    def head(self, d_model, seed):
        return ChoiceHead(d_model, seed)

    def numbers(self, examples):
        return torch.tensor(column_of(examples, self.column))

    def loss(self, logits, numbers):
        return classification_loss(logits, numbers)

    def answer(self, logits):
        return logits.argmax().item()

    def score(self, answers, examples):
        return {"metric": "accuracy", **metrics.accuracy(answers, column_of(examples, self.column)), "also": {}}


@dataclass(frozen=True)
class Scores:
    """A number, learnt as (score - mean) / spread."""

    mean: float
    spread: float
    column = "score"

    @classmethod
    def of(cls, examples):
        """Mean and spread of the training scores."""
        scores = np.array(column_of(examples, cls.column))
        mean, spread = float(scores.mean()), float(scores.std())
        require(spread > 0, "every training score", float(scores[0]), "two different numbers at least, to learn from")
        return cls(mean, spread)

    def head(self, d_model, seed):
        return LinearHead(d_model, 1, seed)

    def numbers(self, examples):
        return torch.tensor([(score - self.mean) / self.spread for score in column_of(examples, self.column)])

    def loss(self, logits, numbers):
        return squared_error(logits.squeeze(-1), numbers)

    def answer(self, logits):
        return logits.item() * self.spread + self.mean

    def score(self, answers, examples):
        truth = column_of(examples, self.column)
        also = {"spearman": metrics.spearman(answers, truth)}
        return {"metric": "pearson", **metrics.pearson(answers, truth), "also": also}
