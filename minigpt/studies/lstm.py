"""An LSTM in the Transformer's place, for the ablation of Radford et al. 2018, table 5.

    i, f, o = sigmoid(W e_t + U h_{t-1} + b),   c_t = f * c_{t-1} + i * tanh(W_c e_t + U_c h_{t-1} + b_c)
    h_t = o * tanh(c_t),    the state that the heads read: h_t W^P, of length d_model

It reads one token after the other, and all that it knows of the past has to fit in c and h.
Hochreiter and Schmidhuber 1997.
"""

import torch
from torch import nn

from minigpt.fast.dropout import Dropout
from minigpt.fast.linear import Linear
from minigpt.model import initialise


class LSTM(nn.Module):
    """A body with a `GPT`'s interface: the same embedding, one LSTM, the same `lm_head`.

    5/2 d_model cells (the paper has 8/3) are 37.5 d_model^2 weights; three decoder blocks have 36.
    It needs no positions, since it reads in order; the sequences of an example are read one by one, not packed.

    >>> from minigpt.model import GPTConfig
    >>> LSTM(GPTConfig(vocab_size=40, n_ctx=64, n_layer=3, n_head=2, d_model=32))(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 40])
    """

    def __init__(self, config, seed=0):
        super().__init__()
        d = config.d_model
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, d)  # W^e
        self.dropout = Dropout(config.dropout)
        cells = 5 * d // 2
        self.lstm = nn.LSTM(d, cells, batch_first=True)
        self.projection = Linear(cells, d, bias=False)  # W^P
        self.lm_head = Linear(d, config.vocab_size, bias=False)  # W^L
        initialise(self, d, seed)
        generator = torch.Generator().manual_seed(seed)
        for weight in self.lstm.parameters():  # PyTorch's own range, drawn by our seed
            nn.init.uniform_(weight, -(cells**-0.5), cells**-0.5, generator=generator)

    def hidden(self, ids):
        """The state after each token: ids (B, T) -> (B, T, d_model)."""
        h, _ = self.lstm(self.dropout(self.token_embedding(ids)))  # (B, T, cells)
        return self.dropout(self.projection(h))

    def forward(self, ids):
        """Logits of the next token at each position: ids (B, T) -> (B, T, |V|)."""
        return self.lm_head(self.hidden(ids))
