"""Lists of ids to rectangles: what a model reads at once, and in which order batches come.

    shift            texts for eq. (1): what goes in, and what should come out one place later
    batches, plan    which texts make up a batch: of similar length, so that little is padding
    collate, pack    examples of eqs. (5) to (8), each S sequences, as one `Batch`

Padding is id 0, on the right: attention looks left only, so it changes no earlier state and needs no mask.
Lecture pages "Unsupervised pre-training" and "Input formats".
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from minigpt.loss import NO_TARGET
from minigpt.support.errors import InputError


@dataclass(frozen=True)
class Batch:
    """B examples of S sequences, as a model reads them.

    ids:        (B, S, T), padded on the right; (B, 1, T) where an example's sequences share a row, see `pack`.
    last:       (B, S), where each sequence's `<e>` stands in its row; -1 where an example has fewer than S sequences.
    positions:  None: 0 .. T-1.              (B, T) in packed rows: each token's place in its own sequence.
    mask:       None: the present and past.  (B, 1, T, T) in packed rows: True where a token may look.
    """

    ids: torch.Tensor
    last: torch.Tensor
    positions: torch.Tensor | None = None
    mask: torch.Tensor | None = None

    def to(self, device):
        given = {name: tensor.to(device) for name, tensor in vars(self).items() if tensor is not None}
        return Batch(**given)


def shift(sequences, device="cpu"):
    """Sequences to what goes in and what should come out, one place later.

    Returns:
        ids, targets: (B, T), padded on the right; where there is nothing to predict the target is NO_TARGET.

    >>> shift([[7, 1, 2], [7, 3]])
    (tensor([[7, 1], [7, 0]]), tensor([[ 1, 2], [ 3, -100]]))
    """
    T = max(map(len, sequences)) - 1
    ids = torch.zeros(len(sequences), T, dtype=torch.long)
    targets = torch.full((len(sequences), T), NO_TARGET)
    for row, sequence in enumerate(sequences):
        tokens = torch.tensor(sequence)
        ids[row, : len(sequence) - 1] = tokens[:-1]
        targets[row, : len(sequence) - 1] = tokens[1:]
    return ids.to(device), targets.to(device)


def lengths_of(sequences):
    """How many ids each has; a token file says it without reading them."""
    return sequences.lengths if hasattr(sequences, "lengths") else [*map(len, sequences)]


def check_sequences(sequences, vocab_size):
    """Refuse what can't be trained on, once and before the first step: later a GPU would be kept waiting."""
    if not len(sequences):
        raise InputError("there are no documents to train on; check the text file")
    if hasattr(sequences, "check"):  # ids on disk were looked at when they were written
        return sequences.check(vocab_size)
    for row, sequence in enumerate(sequences):
        if min(sequence) < 0 or max(sequence) >= vocab_size:
            strange = next(i for i in sequence if not 0 <= i < vocab_size)
            raise InputError(
                f"document {row}: token id {strange} is outside the vocabulary of {vocab_size} (ids 0 to "
                f"{vocab_size - 1}); encode the texts with the tokenizer this model was made for"
            )


def batches(lengths, batch_size, seed, epoch):
    """One epoch's batches, lists of indices, one after the other: random, but of texts of similar length.

    Shuffle, sort pieces of 50 batches by length, cut them into batches, shuffle the batches. Indices stay an array of
    8 bytes a text until their batch is asked for: a corpus has millions.
    """
    rng = np.random.default_rng([seed, epoch])
    lengths = np.asarray(lengths)
    order = rng.permutation(len(lengths))
    for at in range(0, len(order), 50 * batch_size):
        piece = order[at : at + 50 * batch_size]
        piece[:] = piece[np.argsort(lengths[piece], kind="stable")]
    for i in rng.permutation(math.ceil(len(order) / batch_size)):
        yield order[i * batch_size : (i + 1) * batch_size].tolist()


def plan(lengths, batch_size, seed, first=0):
    """The batches of every step from `first` on, epoch after epoch, without end.

    >>> steps = plan([5] * 4, batch_size=2, seed=0)
    >>> sorted(i for _ in range(2) for i in next(steps)) == [0, 1, 2, 3]
    True
    """
    per_epoch = math.ceil(len(lengths) / batch_size)
    for epoch in itertools.count(first // per_epoch):
        done = first % per_epoch if epoch == first // per_epoch else 0
        yield from itertools.islice(batches(lengths, batch_size, seed, epoch), done, None)


def collate(examples, device="cpu"):
    """Examples, each a list of sequences, as one rectangle, every sequence in a row of its own.

    >>> batch = collate([[[7, 1, 9]], [[7, 1, 2, 9], [7, 3, 9]]])
    >>> batch.ids.shape, batch.last.tolist()
    (torch.Size([2, 2, 4]), [[2, -1], [3, 2]])
    """
    S = max(map(len, examples))
    T = max(len(ids) for sequences in examples for ids in sequences)
    ids = torch.zeros(len(examples), S, T, dtype=torch.long)
    last = torch.full((len(examples), S), -1)
    for b, sequences in enumerate(examples):
        for s, tokens in enumerate(sequences):
            ids[b, s, : len(tokens)] = torch.tensor(tokens)
            last[b, s] = len(tokens) - 1
    return Batch(ids, last).to(device)


def pack(examples, device="cpu"):
    """Examples whose sequences begin alike, such as the options of eq. (8), in a row each: the beginning is read once.

        <s> passage $ question $ option_1 <e> option_2 <e> .. option_N <e>

    A token keeps the position that it has in its own sequence, and sees that sequence's past: the shared beginning
    and its own option, not the others. So every state is what it would be in N rows, for far fewer tokens.

    >>> batch = pack([[[7, 1, 2, 9], [7, 1, 3, 3, 9]]])
    >>> batch.ids.tolist(), batch.positions.tolist(), batch.last.tolist()
    ([[[7, 1, 2, 9, 3, 3, 9]]], [[0, 1, 2, 3, 2, 3, 4]], [[3, 6]])
    """
    S = max(map(len, examples))
    last = torch.full((len(examples), S), -1)
    rows = []
    for b, sequences in enumerate(examples):
        row, ends = packed_row(sequences)
        rows.append(row)
        last[b, : len(ends)] = torch.tensor(ends)
    ids, positions, owner = pad_sequence(rows, batch_first=True).unbind(-1)  # (B, T) each
    T = ids.shape[1]
    query_owner, key_owner = owner[:, :, None], owner[:, None, :]  # of padding 0, but it lies right of all queries
    mask = (key_owner == 0) | (key_owner == query_owner)  # (B, T, T)
    mask = mask & torch.ones(T, T, dtype=torch.bool).tril()
    return Batch(ids[:, None], last, positions, mask[:, None]).to(device)


def packed_row(sequences):
    """One example in one row.

    Returns:
        (T, 3): each token's id, its position, and its sequence, counted from 1, or 0 in the shared beginning; and
        where each sequence ends.
    """
    n = shared_length(sequences)
    row = [(token, position, 0) for position, token in enumerate(sequences[0][:n])]
    ends = []
    for s, tokens in enumerate(sequences, start=1):
        row += [(token, position, s) for position, token in enumerate(tokens[n:], start=n)]
        ends.append(len(row) - 1)
    return torch.tensor(row), ends


def shared_length(sequences):
    """How many first ids all sequences have in common; each keeps its own last one, `<e>`.

    >>> shared_length([[7, 1, 2, 9], [7, 1, 3, 3, 9]])
    2
    """
    most = min(map(len, sequences)) - 1
    return next((n for n in range(most) if len({sequence[n] for sequence in sequences}) > 1), most)
