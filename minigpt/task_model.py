"""A task's model with all that its use needs: tokenizer, body, head, and the labels that it answers with.

    examples --format--> sequences --batch--> GPT.hidden --head--> logits --eq. (4)--> loss, or answers

Lecture page "Supervised fine-tuning"; Radford et al. 2018, sections 3.2 and 3.3.
"""

import math
from pathlib import Path

import torch
from torch import nn

from minigpt.answers import Classes, Options, Scores
from minigpt.batch import collate, pack, shift
from minigpt.fast.dropout import Dropout
from minigpt.fast.packed import packed_hidden
from minigpt.formats import TASKS, cut
from minigpt.loss import lm_loss
from minigpt.model import GPT
from minigpt.support.errors import InputError
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import fill, save_tensors
from minigpt.tokenizer import Tokenizer


class TaskModel(nn.Module):
    """Body and head for one task: a `Batch` -> logits (B, k).

    Args:
        name: of a task in `formats.TASKS`.
        body: a `GPT`, or a module with its `config`, `token_embedding`, `hidden` and `lm_head`, such as `studies.lstm`.
        kind: what it answers with: `Classes`, `Options` or `Scores`.
        seed: of the head. Not that of an untrained body: W^y would be drawn as a copy of the first rows of W^e.
    Raises:
        InputError: if there is no such task, or the tokenizer is another model's.
    """

    def __init__(self, name, tok, body, kind, seed=0):
        super().__init__()
        if name not in TASKS:
            raise InputError(f"task {name!r} is not one of {', '.join(TASKS)}")
        if tok.vocab_size != body.config.vocab_size:
            raise InputError(
                f"the tokenizer has {tok.vocab_size} ids, the model {body.config.vocab_size}: "
                "take both from the folder of one run"
            )
        self.name, self.task, self.tok, self.kind = name, TASKS[name], tok, kind
        self.body = body
        self.dropout = Dropout(body.config.dropout)
        self.head = kind.head(body.config.d_model, seed)

    @classmethod
    def for_examples(cls, task, tok, body, examples, seed=0):
        """A new head for the labels, or the scores, that `examples` hold; for `$` and `<e>` see `warm_markers`."""
        if not examples:
            raise InputError("there are no training examples; check the file")
        if task not in TASKS:
            raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}")
        model = cls(task, tok, body, TASKS[task].kind_of(examples).of(examples), seed)
        if tok.level != "gpt1":  # whose markers are drawn from N(0, 0.02), as in the paper
            warm_markers(body, tok)
        return model

    def forward(self, batch):
        return self.logits(self.hidden(batch), batch.last)

    def hidden(self, batch):
        """The body's states: (B * S, T, d_model), or (B, T, d_model) of packed rows.

        Sequences are read as rows of one batch; right padding lies in the future of `<e>`, unseen.
        """
        if batch.mask is not None:
            return packed_hidden(self.body, batch)
        return self.body.hidden(batch.ids.flatten(0, 1))

    def logits(self, hidden, last):
        """The head on the states at `<e>`: hidden as above, last (B, S) -> (B, k)."""
        return self.head(self.dropout(self.states(hidden, last)), last)

    def states(self, hidden, last):
        """The states at `<e>`: (B, S, d_model)."""
        rows = torch.arange(len(hidden), device=hidden.device).view(len(last), -1)  # (B, S), or (B, 1) if packed
        return hidden[rows, last.clamp(min=0)]

    def encode(self, examples):
        """Examples to sequences that fit n_ctx; returns them and how many had to be cut."""
        whole = [self.task.sequences(example, self.tok) for example in examples]
        fitted = [cut(sequences, self.tok, self.body.config.n_ctx, self.task) for sequences in whole]
        return fitted, sum(a != b for a, b in zip(whole, fitted, strict=True))

    def n_tokens(self, examples):
        """How many tokens the body reads: a beginning that sequences share counts once, as it is read once."""
        return sum(self.batch([sequences], "cpu").ids.numel() for sequences in self.encode(examples)[0])

    def batch(self, sequences, device, whole=False):
        """What the body reads: sequences that begin alike share a row, by a GPT and its mask, unless `whole`."""
        packed = self.task.begin_alike and isinstance(self.body, GPT) and not whole
        return (pack if packed else collate)(sequences, device)

    def loss(self, sequences, numbers, aux=0.0):
        """Equation (4), plus `aux` times eq. (1) on the same sequences; `numbers` from `kind.numbers`."""
        batch = self.batch(sequences, numbers.device, whole=aux > 0)
        hidden = self.hidden(batch)
        loss = self.kind.loss(self.logits(hidden, batch.last), numbers)
        if aux:
            _, next_ids = shift([row for rows in sequences for row in rows], numbers.device)
            states = hidden[batch.last.flatten() >= 0, : next_ids.shape[1]]  # rows that hold a sequence
            loss = loss + aux * lm_loss(self.body.lm_head(states), next_ids)
        return loss

    @torch.no_grad()
    def predict(self, examples, batch_size=64):
        """Answers in the terms of the data: labels, option indices, or scores."""
        self.eval()
        sequences, _ = self.encode(examples)
        device = self.head.w_y.weight.device
        order = sorted(range(len(examples)), key=lambda i: max(map(len, sequences[i])))
        answers = [None] * len(examples)
        for at in range(0, len(order), batch_size):
            chosen = order[at : at + batch_size]
            logits = self(self.batch([sequences[i] for i in chosen], device)).cpu()
            for i, row in zip(chosen, logits, strict=True):
                answers[i] = self.kind.answer(row)
        return answers

    def evaluate(self, examples):
        """A `metrics.Score`: the task's metric with its 95% interval, and the other metrics of its kind."""
        if not examples:
            raise InputError("there are no test examples; check the file")
        self.kind.numbers(examples)  # an unknown label is refused before anything is computed
        return self.kind.score(self.predict(examples), examples)

    def save(self, folder):
        """`task.json`, `head.safetensors`, `tokenizer.json`, and the body as `GPT.save` does; the body comes last, so
        that a folder whose writing was cut short is no language model."""
        folder = Path(folder)
        labels = scale = None
        if isinstance(self.kind, Classes):
            labels = list(self.kind.labels)
        if isinstance(self.kind, Scores):
            scale = [self.kind.mean, self.kind.std]
        write_json(folder / "task.json", {"task": self.name, "labels": labels, "scale": scale})
        save_tensors(folder / "head.safetensors", self.head.state_dict())
        self.tok.save(folder)
        self.body.save(folder)

    @classmethod
    def load(cls, folder):
        """Read what `save` wrote.

        Raises:
            InputError: if a file is missing or damaged.
        """
        folder = Path(folder)
        name, kind = read_task(folder / "task.json")
        model = cls(name, Tokenizer.load(folder), GPT.load(folder), kind)
        fill(model.head, folder / "head.safetensors")
        return model


def read_task(path):
    """`task.json` to the task's name and the kind of answer.

    Raises:
        InputError: if it is not what `save` writes.
    """
    saved = read_json(path)
    try:
        name, labels, scale = saved["task"], saved["labels"], saved["scale"]
        if name not in TASKS or (labels and scale):
            raise ValueError(f"task {name!r}, labels {labels!r}, scale {scale!r}")
        if labels:
            return name, Classes(tuple(map(str, labels)))
        if scale:
            scores = Scores(*map(float, scale))
            if not (math.isfinite(scores.mean) and 0 < scores.std < math.inf):
                raise ValueError(f"scale {scale!r}")
            return name, scores
        return name, Options()
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} lacks task, labels or scale, or they are damaged ({error!r}): restore it") from None


def warm_markers(body, tok):
    """Start `$` and `<e>` as the embedding of a full stop. Changes `body`.

    Pre-training never read these two, so their rows of W^e are noise, and a few hundred labels are too few to learn
    what to gather at `<e>`; at a full stop the body knows what it thinks of the sentence that ends there. GPT-1, with
    thousands of labels, started from N(0, 0.02). Where W^L is tied to W^e, the row of `<e>` was trained as an output:
    it is replaced too, and the body no longer predicts the end of a text.
    """
    encoded = [tok.encode(sign) for sign in ".。"]
    known = [ids[0] for ids in encoded if len(ids) == 1 and ids[0] != tok.unknown_id]
    if known:
        rows = body.token_embedding.weight
        with torch.no_grad():
            rows[[tok.delimiter_id, tok.end_id]] = rows[known].mean(dim=0)


def score(task, answers, examples):
    """Anybody's answers, a baseline's say, by the task's metric: a `metrics.Score`."""
    return TASKS[task].kind_of(examples).score(answers, examples)
