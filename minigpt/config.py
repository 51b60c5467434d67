"""The sizes of a model, checked before anything of these sizes is made.

Lecture page "Unsupervised pre-training": L layers, d_model, |V|; Radford et al. 2018, section 4.1, has GPT-1's.
"""

import dataclasses
from dataclasses import dataclass

from minigpt.support.errors import InputError, require


@dataclass(frozen=True)
class GPTConfig:
    """The model's sizes. `vocab_size` counts the markers: a tokenizer's `vocab_size`.

    Dropout 0.1 as in GPT-1; for `attention_dropout` see `attention.py`. `tie_weights=False` is the lecture's separate
    W^L, True the paper's transposed W^e.

    Raises:
        InputError: naming the value, what is allowed, and what to do.

    >>> GPTConfig(vocab_size=40, n_ctx=64, n_layer=2, n_head=2, d_model=32).dropout
    0.1
    """

    vocab_size: int
    n_ctx: int
    n_layer: int
    n_head: int
    d_model: int
    dropout: float = 0.1
    attention_dropout: float = 0.0
    tie_weights: bool = False

    def __post_init__(self):
        for name in ("vocab_size", "n_ctx", "n_layer", "n_head", "d_model"):
            value = getattr(self, name)  # NumPy's whole numbers are refused too: JSON does not write them
            require(type(value) is int and value >= 1, name, value, "a whole number from 1, an int")
        if self.d_model % self.n_head:
            raise InputError(
                f"d_model {self.d_model} cannot be shared by {self.n_head} heads; choose a multiple of n_head"
            )
        for name in ("dropout", "attention_dropout"):
            value = getattr(self, name)
            require(isinstance(value, int | float) and 0 <= value < 1, name, value, "a number from 0, below 1")
        require(type(self.tie_weights) is bool, "tie_weights", self.tie_weights, "True or False")

    def to_json(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values):
        try:
            return cls(**values)
        except TypeError as error:
            names = ", ".join(field.name for field in dataclasses.fields(cls))
            raise InputError(f"not a model's configuration ({error}); it has {names}") from None
