"""Equation (3): P(y | x_1..x_T) = softmax(h_T^[L] W^y), the state at `<e>` and one matrix, for all four tasks.

    (5), (6)  one sequence      logits = h_T W^y                     W^y: d_model x k
    (7)       both orders       logits = (h_ab + h_ba) W^y
    (8)       N options         logit_i = h_i w,  softmax over the N options of one example

One state is a sum of one, so (3) and (7) are one head: a sum over the S sequences, then W^y.
Lecture pages "Supervised fine-tuning" and "Input formats"; Radford et al. 2018, sections 3.2 and 3.3.
"""

import math

import torch
from torch import nn

from minigpt.fast.dropout import Dropout
from minigpt.model import initialise


class LinearHead(nn.Module):
    """Equations (3) and (7): states (B, S, d_model) -> logits (B, k); k = 1 for a score.

    a + b and b + a are the same bits, so exchanging the texts of eq. (7) changes nothing.

    >>> LinearHead(d_model=8, k=3)(torch.ones(2, 1, 8), torch.tensor([[4], [6]])).shape
    torch.Size([2, 3])
    """

    def __init__(self, d_model, k, seed=0):
        super().__init__()
        self.w_y = nn.Linear(d_model, k, bias=False)
        initialise(self, d_model, seed)

    def forward(self, states, last):
        return self.w_y(states.sum(dim=1))


class ChoiceHead(nn.Module):
    """Equation (8): states (B, N, d_model) -> one logit an option (B, N); -inf where an example has fewer options.

    >>> ChoiceHead(d_model=8)(torch.ones(2, 3, 8), torch.tensor([[4, 4, 4], [6, 6, -1]])).isinf().sum()
    tensor(1)
    """

    def __init__(self, d_model, seed=0):
        super().__init__()
        self.w_y = nn.Linear(d_model, 1, bias=False)
        initialise(self, d_model, seed)

    def forward(self, states, last):
        return self.w_y(states).squeeze(-1).masked_fill(last < 0, -math.inf)


class TaskModel(nn.Module):
    """A body and a head: ids (B, S, T), last (B, S) -> logits (B, k).

    The S sequences are read one by one, as rows of a batch; right padding lies in the future of `<e>`, unseen.
    What `formats.pack` returns is read too: all options in one row.
    """

    def __init__(self, gpt, head):
        super().__init__()
        self.gpt, self.head = gpt, head
        self.dropout = Dropout(gpt.config.dropout)

    def forward(self, ids, last, positions=None, mask=None):
        return self.logits(self.gpt.hidden(ids.flatten(0, 1), None, positions, mask), last)

    def logits(self, hidden, last):
        """The head on the states at `<e>`: hidden (B * S, T, d_model), or (B, T, d_model) if packed -> (B, k)."""
        rows = torch.arange(len(hidden), device=hidden.device).view(len(last), -1)  # (B, S), or (B, 1) if packed
        states = hidden[rows, last.clamp(min=0)]  # (B, S, d_model)
        return self.head(self.dropout(states), last)
