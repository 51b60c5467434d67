"""Three kinds of answer that eq. (4) can be asked for, each with its head, its loss and its metric:

    Classes   one of k labels        -log P(y | x)                            accuracy, macro-F1
    Options   one of N options       -log P(y | x), softmax over the N        accuracy
    Scores    a number               (h W^y - standardised score)^2           Pearson's r, Spearman's rho

A kind turns the labels of the data into numbers that a loss can read, and logits back into the terms of the data.
Lecture page "Supervised fine-tuning"; Radford et al. 2018, section 3.2; for scores see `loss.squared_error`.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from minigpt import metrics
from minigpt.heads import ChoiceHead, LinearHead
from minigpt.loss import classification_loss, squared_error
from minigpt.support.errors import InputError, require

LARGEST = 1e30  # of a score: squares of larger ones leave float32


def column_of(examples, column):
    """One column of all examples.

    Raises:
        InputError: naming the first example that lacks it.
    """
    for row, example in enumerate(examples, start=1):
        if column not in example:
            raise InputError(
                f"example {row} has no {column!r}, but the model answers with a {column}; give every example one"
            )
    return [example[column] for example in examples]


@dataclass(frozen=True)
class Classes:
    """One of k labels, by name."""

    labels: tuple
    column = "label"

    @classmethod
    def of(cls, examples):
        """The labels that occur, at least two; words, since `task.json` and tables know nothing else."""
        found = column_of(examples, cls.column)
        for row, label in enumerate(found, start=1):
            require(isinstance(label, str), f"the label of example {row}", label, f"a word, such as {str(label)!r}")
        labels = sorted(set(found))
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

    @classmethod
    def score(cls, answers, examples):
        truth = column_of(examples, cls.column)
        return replace(metrics.accuracy(answers, truth), also={"macro_f1": metrics.macro_f1(answers, truth)})


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
        """The right options' places: (B,)."""
        labels = column_of(examples, self.column)
        for row, (label, example) in enumerate(zip(labels, examples, strict=True), start=1):
            if not 0 <= label < len(example["options"]):
                raise InputError(
                    f"example {row}: label {label!r} is no option's place, 0 to {len(example['options']) - 1}"
                )
        return torch.tensor(labels)

    def loss(self, logits, numbers):
        return classification_loss(logits, numbers)

    def answer(self, logits):
        return logits.argmax().item()

    @classmethod
    def score(cls, answers, examples):
        return metrics.accuracy(answers, column_of(examples, cls.column))


@dataclass(frozen=True)
class Scores:
    """A number, learnt as (score - mean) / std, the mean and standard deviation being the training scores'."""

    mean: float
    std: float
    column = "score"

    @classmethod
    def of(cls, examples):
        """Mean and standard deviation of the training scores.

        Raises:
            InputError: if they are all the same, or too large to be squared.
        """
        scores = np.array(column_of(examples, cls.column), dtype=float)
        largest = float(np.abs(scores).max())
        require(largest <= LARGEST, "the largest score", largest, "at most 1e30: give it another unit")
        require(
            np.ptp(scores) > 1e-9 * largest, "every training score", scores[0].item(), "at least two different numbers"
        )
        return cls(float(scores.mean()), float(scores.std()))

    def head(self, d_model, seed):
        return LinearHead(d_model, 1, seed)

    def numbers(self, examples):
        return torch.tensor([(score - self.mean) / self.std for score in column_of(examples, self.column)])

    def loss(self, logits, numbers):
        return squared_error(logits.squeeze(-1), numbers)

    def answer(self, logits):
        return logits.item() * self.std + self.mean

    @classmethod
    def score(cls, answers, examples):
        truth = column_of(examples, cls.column)
        return replace(metrics.pearson(answers, truth), also={"spearman": metrics.spearman(answers, truth)})
