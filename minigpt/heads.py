"""Equation (3): P(y | x_1..x_T) = softmax(h_T^[L] W^y), the state at `<e>` and one matrix, for all four tasks.

    (5), (6)  one sequence      logits = h_T W^y                     W^y: d_model x k
    (7)       both orders       logits = (h_ab + h_ba) W^y
    (8)       N options         logit_i = h_i w,  softmax over the N options of one example

The sum over one state is that state, so (3) and (7) are one head: a sum over the S sequences, then W^y.
W^y starts at a tenth of the size of the body's matrices. Its own gradient, h^T (P - e_y), is as large as ever; the
body's, (P - e_y) (W^y)^T, begins small: a random W^y does not push the body about before it has learnt what the states
say (Kumar et al. 2022). The paper draws W^y like all else.
Lecture pages "Supervised fine-tuning" and "Input formats"; Radford et al. 2018, sections 3.2 and 3.3.
"""

import math

import torch
from torch import nn

from minigpt.model import initialise

SMALLER = 0.1


@torch.no_grad()
def start(head, d_model, seed):
    initialise(head, d_model, seed)
    head.w_y.weight.mul_(SMALLER)


class LinearHead(nn.Module):
    """Equations (3) and (7): states (B, S, d_model) -> logits (B, k); k = 1 for a score.

    a + b and b + a are the same bits, so exchanging the texts of eq. (7) changes no answer. `last` is for `ChoiceHead`.

    >>> import torch
    >>> LinearHead(d_model=8, k=3)(torch.ones(2, 1, 8), torch.tensor([[4], [6]])).shape
    torch.Size([2, 3])
    """

    def __init__(self, d_model, k, seed=0):
        super().__init__()
        self.w_y = nn.Linear(d_model, k, bias=False)
        start(self, d_model, seed)

    def forward(self, states, last):
        return self.w_y(states.sum(dim=1))


class ChoiceHead(nn.Module):
    """Equation (8): states (B, N, d_model), last (B, N) -> one logit an option (B, N).

    `last` is -1 where an example has fewer options: the logit there is -inf, so its probability is 0.

    >>> import torch
    >>> ChoiceHead(d_model=8)(torch.ones(2, 3, 8), torch.tensor([[4, 4, 4], [6, 6, -1]])).isinf().sum()
    tensor(1)
    """

    def __init__(self, d_model, seed=0):
        super().__init__()
        self.w_y = nn.Linear(d_model, 1, bias=False)
        start(self, d_model, seed)

    def forward(self, states, last):
        return self.w_y(states).squeeze(-1).masked_fill(last < 0, -math.inf)
