"""Tasks without a label: the language model's own probabilities answer, as in Radford et al. 2018, section 5.

    In the toy world a wrong statement is put right at once: "Paris hosts the cat. No, Tokyo does." So a statement is
    judged by P(No | story statement .), from eq. (2).

    single text, entailment   is P(No) above a half after the statement?
    similarity                the events of both accounts, then each one's statement: is it, after either?
    multiple choice           after which option is "No" the least likely?

Only the toy world's English is read here. Nothing is trained.
"""

import torch

from minigpt.answers import Options
from minigpt.batch import shift
from minigpt.formats import TASKS

LABELS = {"single_text": ("fits", "clashes"), "similarity": ("same", "different")}


@torch.no_grad()
def answer(gpt, tok, task, examples):
    """The answers of a language model `gpt` to a toy task's `examples`, in the terms of the data."""
    gpt.eval()
    if Options in TASKS[task].kinds:
        return [choose(gpt, tok, example) for example in examples]
    yes, no = LABELS.get(task, ("entailment", "contradiction"))
    return [no if max(p_no(gpt, tok, *said(task, example))) > 0.5 else yes for example in examples]


def device_of(model):
    """Where its weights are; the CPU for a model that has none."""
    return next(model.parameters(), torch.empty(0)).device


def said(task, example):
    """A story, and the statements that are judged after it.

    >>> said("single_text", {"text": "Ben took the ball. Anna took the key. Ben has the ball"})
    ('Ben took the ball. Anna took the key.', ['Ben has the ball'])
    """
    if task == "entailment":
        return example["premise"], [example["hypothesis"]]
    texts = [example["text"]] if task == "single_text" else [example["a"], example["b"]]
    parts = [text.rpartition(". ") for text in texts]
    return " ".join(events + "." for events, _, _ in parts), [statement for _, _, statement in parts]


def p_no(gpt, tok, story, statements):
    """P(No | story statement .) for each statement."""
    rows = [[tok.start_id, *tok.encode(f"{story} {statement}.")] for statement in statements]
    ids, _ = shift([[*row, tok.end_id] for row in rows], device_of(gpt))
    probabilities = gpt(ids).softmax(-1)  # (N, T, |V|)
    (no,) = tok.encode("No")
    return [probabilities[i, len(row) - 1, no].item() for i, row in enumerate(rows)]


def choose(gpt, tok, example):
    """The option after which "No" is the least likely; plain stories hold no question, so it is left out."""
    judged = p_no(gpt, tok, example["passage"], example["options"])
    return judged.index(min(judged))
