"""Fine-tuning: the options of eq. (8) in one row against one row each, and batches of similar length.

Multiple choice: N = 4 options of 12 tokens behind a passage and question of 200, forward and backward.
An epoch: 512 texts of 15 tokens on average, the longest 64, against padding every batch to the longest of all.
"""

import dataclasses

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.peers import hugging_face
from benchmarks.timing import interleave, rows_of
from benchmarks.training import M, S
from minigpt.answers import Classes, Options
from minigpt.batch import batches, collate, pack
from minigpt.loss import classification_loss
from minigpt.model import GPT
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer
from minigpt.train import make_optimizer

N, PREFIX, OPTION, BATCH = 4, 200, 12, 2


def model_for(task, config, targets):
    words = [f"w{i}" for i in range(config.vocab_size - 4)]  # three markers and <unk>
    return TaskModel(task, Tokenizer("word", ["<unk>", *words]), GPT(config), targets).train()


def choices(rng):
    """A batch of examples, each N sequences that begin alike."""
    examples = []
    for _ in range(BATCH):
        prefix = rng.integers(M.vocab_size, size=PREFIX).tolist()
        options = rng.integers(M.vocab_size, size=(N, OPTION)).tolist()
        examples.append([prefix + option for option in options])
    return examples


def read_by(read, examples, labels):
    """Forward and backward of minigpt, its batch made by `read`: `pack` or `collate`."""
    model = model_for("multiple_choice", M, Options())

    def work():
        model.zero_grad()
        classification_loss(model(read(examples)), labels).backward()

    return work


def read_by_hugging_face(examples, labels):
    """The same with OpenAIGPT of transformers: N full rows, the last state of each, one matrix."""
    body, w_y = hugging_face("OpenAIGPT", M, M.dropout).transformer.train(), torch.zeros(M.d_model, requires_grad=True)
    ids = torch.tensor(examples).flatten(0, 1)  # (B * N, T)

    def work():
        body.zero_grad()
        states = body(input_ids=ids).last_hidden_state[:, -1]
        F.cross_entropy((states @ w_y).view(BATCH, N), labels).backward()

    return work


def choice_rows(args):
    rng = np.random.default_rng(0)
    examples, labels = choices(rng), torch.tensor([0, 3])
    contenders = {
        "minigpt": read_by(pack, examples, labels),
        "minigpt, N full rows": read_by(collate, examples, labels),
        "HF OpenAIGPT, N full rows": read_by_hugging_face(examples, labels),
    }
    yield from rows_of("multiple choice M, N = 4, prefix read once", interleave(contenders, args.rounds))


def lengths(rng, n=512, longest=64):
    """Lengths of texts, skewed as real ones are: 15 on average, the longest 64."""
    drawn = np.clip(rng.gamma(2.2, 6.9, size=n).round(), 3, longest).astype(int)
    drawn[0] = longest
    return drawn


def epoch(sequences, plan, width=0):
    """One epoch of fine-tuning on `plan`'s batches, each padded to its longest, or to `width`."""
    model = model_for("single_text", S, Classes(("0", "1")))
    optimizer = make_optimizer(model.parameters(), 1e-3, 0.01)

    def work():
        for chosen in plan:
            batch = collate([[sequences[i]] for i in chosen])
            ids = F.pad(batch.ids, (0, max(0, width - batch.ids.shape[-1])))
            optimizer.zero_grad()
            classification_loss(model(dataclasses.replace(batch, ids=ids)), torch.tensor(chosen) % 2).backward()
            optimizer.step()

    return work


def bucket_rows(args):
    rng = np.random.default_rng(0)
    sequences = [rng.integers(S.vocab_size, size=n).tolist() for n in lengths(rng)]
    plan = [[int(i) for i in chosen] for chosen in batches([*map(len, sequences)], 16, 0, 0)]
    contenders = {
        "minigpt": epoch(sequences, plan),
        "padded to the longest of all": epoch(sequences, plan, width=max(map(len, sequences))),
    }
    mean = np.mean([*map(len, sequences)])
    yield from rows_of(f"fine-tuning epoch S, mean length {mean:.1f}, batch 16", interleave(contenders, args.rounds))


def rows(args):
    yield from choice_rows(args)
    yield from bucket_rows(args)
