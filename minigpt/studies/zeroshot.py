"""Tasks without a label: the language model's own probabilities answer, as in Radford et al. 2018, section 5.

    single text, entailment   `premise hypothesis?`             is "True" likelier than "False"?
    similarity                `story statement?` for each statement of the summary: the same, on average
    multiple choice           `passage question option`         whose option has the highest mean log probability?

Only the toy world's English is read here: its stories hold such questions. Nothing is trained.
"""

import re

import torch

from minigpt.answers import Options
from minigpt.batch import shift
from minigpt.formats import TASKS
from minigpt.loss import NO_TARGET, log_loss


@torch.no_grad()
def answer(gpt, tok, task, examples):
    """The answers of a language model `gpt` to a toy task's `examples`, in the terms of the data."""
    gpt.eval()
    if Options in TASKS[task].kinds:
        return [choose(gpt, tok, example) for example in examples]
    yes, no = {"single_text": ("fits", "clashes"), "similarity": ("same", "different")}.get(
        task, ("entailment", "contradiction")
    )
    return [yes if is_true(gpt, tok, *said(task, example)) else no for example in examples]


def device_of(model):
    """Where its weights are; the CPU for a model that has none."""
    return next(model.parameters(), torch.empty(0)).device


def said(task, example):
    """A story, and the statements that it is asked about.

    >>> said("single_text", {"text": "Ben took the ball. Ben has the key? False. Ben has the ball"})
    ('Ben took the ball. Ben has the key? False.', ['Ben has the ball'])
    """
    if task == "entailment":
        return example["premise"], [example["hypothesis"]]
    if task == "single_text":
        story, _, last = example["text"].rpartition(". ")
        return story + ".", [last]
    summary, story = sorted((example["a"], example["b"]), key=lambda text: text.count("."))  # 2 against 3 to 5
    return story, [statement.strip() for statement in re.split(r"\.", summary) if statement.strip()]


def is_true(gpt, tok, story, statements):
    """Does the model expect "True" after `story statement?`, rather than "False", over all statements?"""
    rows = [[tok.start_id, *tok.encode(f"{story} {statement}?")] for statement in statements]
    ids, _ = shift([[*row, tok.end_id] for row in rows], device_of(gpt))
    logits = gpt(ids)
    (true,), (false,) = tok.encode("True"), tok.encode("False")
    ahead = [logits[b, len(row) - 1, true] - logits[b, len(row) - 1, false] for b, row in enumerate(rows)]
    return sum(ahead) > 0


def choose(gpt, tok, example):
    """The option with the highest mean log P of its tokens after passage and question."""
    given = [tok.start_id, *tok.encode(f"{example['passage']} {example['question']}")]
    options = [[*given, *tok.encode(option)] for option in example["options"]]
    ids, targets = shift(options, device_of(gpt))
    losses = log_loss(gpt(ids), targets)  # (N, T)
    option = torch.arange(ids.shape[1], device=ids.device) >= len(given) - 1  # the targets that belong to the option
    counted = option & (targets != NO_TARGET)
    return int(((losses * counted).sum(1) / counted.sum(1)).argmin())
