"""Equations (5) to (8): how each task's texts become sequences that a language model can read.

    (5) single text       <s> x <e>
    (6) entailment        <s> premise $ hypothesis <e>
    (7) similarity        <s> a $ b <e>   and   <s> b $ a <e>
    (8) multiple choice   <s> passage $ question $ option_i <e>     for i = 1..N

Each function returns a list of S sequences of ids: S = 1, 1, 2, N. The model reads them, the head sees the state
at `<e>`.
The paper writes (8) without the `$` between passage and question; minigpt follows the lecture.
Lecture page "Input formats"; Radford et al. 2018, section 3.3 and figure 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.utils.rnn import pad_sequence

from minigpt.support.errors import InputError


def sequence(parts, tok):
    """`<s> part_1 $ part_2 $ ... <e>`: the parts are texts, the markers are not.

    Raises:
        InputError: if a part is empty.
    """
    ids = []
    for part in parts:
        if not isinstance(part, str) or not part.strip():
            raise InputError(f"a text is empty or no text: {part!r} among {parts!r}; remove the example or fill it in")
        ids += [tok.delimiter_id if ids else tok.start_id, *tok.encode(part)]
    return [*ids, tok.end_id]


def single_text(text, tok):
    """Equation (5): `<s> x <e>`.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in single_text("so good", tok)]
    ['<s> so good <e>']
    """
    return [sequence([text], tok)]


def entailment(premise, hypothesis, tok):
    """Equation (6): `<s> premise $ hypothesis <e>`.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in entailment("so good", "bad", tok)]
    ['<s> so good $ bad <e>']
    """
    return [sequence([premise, hypothesis], tok)]


def similarity(a, b, tok):
    """Equation (7): `<s> a $ b <e>` and `<s> b $ a <e>`, since similarity knows no order.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in similarity("good", "bad", tok)]
    ['<s> good $ bad <e>', '<s> bad $ good <e>']
    """
    return [sequence([a, b], tok), sequence([b, a], tok)]


def multiple_choice(passage, question, options, tok):
    """Equation (8): `<s> passage $ question $ option_i <e>` for each of the N options.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in multiple_choice("so", "so", ["good", "bad"], tok)]
    ['<s> so $ so $ good <e>', '<s> so $ so $ bad <e>']
    """
    if isinstance(options, str) or len(options) < 2:
        raise InputError(f"multiple choice needs a list of at least 2 options, got {options!r}")
    return [sequence([passage, question, option], tok) for option in options]


@dataclass(frozen=True)
class Task:
    """A task's columns, in the order of its format's arguments, and its format."""

    columns: tuple
    format: Callable

    def sequences(self, example, tok):
        return self.format(*(example[column] for column in self.columns), tok)


TASKS = {
    "single_text": Task(("text",), single_text),
    "entailment": Task(("premise", "hypothesis"), entailment),
    "similarity": Task(("a", "b"), similarity),
    "multiple_choice": Task(("passage", "question", "options"), multiple_choice),
}


def cut(sequences, tok, n_ctx):
    """Shorten sequences to n_ctx ids: text is cut, never a marker.

    The longest part gives way until the rest fits. It loses its end; in multiple choice (three parts) the passage
    loses its beginning. All sequences with three parts are cut alike, so that the options answer the same passage.

    Raises:
        InputError: if n_ctx has no room for the markers and one token of each part.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in cut(entailment("so so good", "bad", tok), tok, n_ctx=6)]
    ['<s> so so $ bad <e>']
    """
    if max(map(len, sequences)) <= n_ctx:
        return sequences
    split = [split_parts(ids, tok) for ids in sequences]
    n_parts = len(split[0])
    alike = [split] if n_parts == 3 else [[parts] for parts in split]
    if n_ctx < 2 * n_parts + 1:
        raise InputError(
            f"n_ctx {n_ctx} has no room for {n_parts} texts and their markers; it must be at least {2 * n_parts + 1}"
        )
    result = []
    for group in alike:
        sizes = [max(map(len, column)) for column in zip(*group, strict=True)]
        while sum(sizes) + n_parts + 1 > n_ctx:
            sizes[sizes.index(max(sizes))] -= 1
        result += [shortened(parts, sizes, tok) for parts in group]
    return result


def split_parts(ids, tok):
    """`<s> p $ q <e>` -> [p, q]; a `$` in the text is another id, so the markers tell the parts apart."""
    parts = [[]]
    for i in ids[1:-1]:
        if i == tok.delimiter_id:
            parts.append([])
        else:
            parts[-1].append(i)
    return parts


def shortened(parts, sizes, tok):
    """Put parts together again, part p at most sizes[p] long."""
    ids = []
    for place, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        from_end = len(parts) == 3 and place == 0  # the passage
        kept = part[-size:] if from_end else part[:size]
        ids += [tok.delimiter_id if ids else tok.start_id, *kept]
    return [*ids, tok.end_id]


def collate(examples, device="cpu"):
    """A batch of examples, each a list of sequences, as one rectangle.

    Returns:
        ids (B, S, T), padded on the right, and last (B, S), each sequence's position of `<e>`; -1 where an example has
        fewer than S sequences.

    >>> ids, last = collate([[[7, 1, 9]], [[7, 1, 2, 9], [7, 3, 9]]])
    >>> ids.shape, last.tolist()
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
    return ids.to(device), last.to(device)


def pack(examples, device="cpu"):
    """A batch of examples whose sequences begin alike, such as the options of eq. (8): the beginning is read once.

        <s> passage $ question $ option_1 <e> option_2 <e> .. option_N <e>         one row an example

    A token keeps the position that it has in its own sequence, and sees that sequence's past: the shared beginning
    and its own option, not the others. So every state is what it would be in N rows, for far fewer tokens.

    Returns:
        ids (B, 1, T), last (B, S) as `collate` does, positions (B, T), and mask (B, 1, T, T), True where allowed.

    >>> ids, last, positions, mask = pack([[[7, 1, 2, 9], [7, 1, 3, 3, 9]]])
    >>> ids.tolist(), positions.tolist(), last.tolist()
    ([[[7, 1, 2, 9, 3, 3, 9]]], [[0, 1, 2, 3, 2, 3, 4]], [[3, 6]])
    """
    S = max(map(len, examples))
    rows, places, owners, last = [], [], [], torch.full((len(examples), S), -1)
    for b, sequences in enumerate(examples):
        alike = [len(set(column)) == 1 for column in zip(*sequences, strict=False)]
        n = [*alike[:-1], False].index(False)  # how long the shared beginning is; each sequence keeps its own `<e>`
        row, place, owner = sequences[0][:n], list(range(n)), [0] * n
        for s, tokens in enumerate(sequences):
            row = row + tokens[n:]
            place += range(n, len(tokens))
            owner += [s + 1] * (len(tokens) - n)
            last[b, s] = len(row) - 1
        rows, places, owners = [*rows, row], [*places, place], [*owners, owner]
    ids, positions, owner = (pad_sequence([*map(torch.tensor, x)], batch_first=True) for x in (rows, places, owners))
    T = ids.shape[1]
    mine = (owner[:, None, :] == 0) | (owner[:, None, :] == owner[:, :, None])  # (B, T, T): key's, query's
    mask = (mine & torch.ones(T, T, dtype=torch.bool).tril())[:, None]
    return ids[:, None].to(device), last.to(device), positions.to(device), mask.to(device)
