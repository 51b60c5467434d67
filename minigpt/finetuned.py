"""A fine-tuned model with all that its use needs: a task, a tokenizer, a body, a head, and the labels.

    examples -> formats -> GPT.hidden -> head -> logits;  eq. (4) in training, answers in the terms of the data after

A score is learnt by squared error on the standardised score, which is the log loss of a normal distribution.
Lecture page "Supervised fine-tuning"; Radford et al. 2018, sections 3.2 and 3.3.
"""

from pathlib import Path

import numpy as np
import torch

from minigpt import metrics
from minigpt.formats import TASKS, collate, cut, pack
from minigpt.heads import ChoiceHead, LinearHead, TaskModel
from minigpt.loss import classification_loss, lm_loss
from minigpt.model import GPT
from minigpt.support.errors import InputError, require
from minigpt.support.files import read_json, write_json
from minigpt.support.tensors import fill, save_tensors
from minigpt.tokenizer import Tokenizer
from minigpt.train import shift


class Finetuned:
    """A task model with what is needed to use it: tokenizer, task, and the labels (or the scores' mean and spread)."""

    def __init__(self, task, tok, gpt, labels=None, scale=None, seed=0):
        if task not in TASKS:
            raise InputError(f"task {task!r} is not one of {', '.join(TASKS)}")
        if tok.vocab_size != gpt.config.vocab_size:
            raise InputError(
                f"the tokenizer has {tok.vocab_size} ids, the model {gpt.config.vocab_size}: "
                "take both from the folder of one run"
            )
        self.task, self.tok, self.labels, self.scale = task, tok, labels, scale
        k = 1 if labels is None else len(labels)
        d_model = gpt.config.d_model
        head = ChoiceHead(d_model, seed) if task == "multiple_choice" else LinearHead(d_model, k, seed)
        self.model = TaskModel(gpt, head)

    @classmethod
    def for_examples(cls, task, tok, gpt, examples, seed=0):
        """A new head for the labels, or the scores, that `examples` hold; the markers are warmed."""
        if not examples:
            raise InputError("there are no training examples; check the file")
        labels = scale = None
        if "score" in examples[0]:
            scores = np.array([example["score"] for example in examples])
            scale = (float(scores.mean()), float(scores.std()))
            require(
                scale[1] > 0, "every training score", float(scores[0]), "two different numbers at least, to learn from"
            )
        elif task != "multiple_choice":
            labels = sorted({example["label"] for example in examples})
            require(len(labels) > 1, "every training label", labels[0], "at least two different ones")
        tuned = cls(task, tok, gpt, labels, scale, seed)
        if tok.level != "gpt1":  # whose markers are drawn from N(0, 0.02), as in the paper
            warm_markers(gpt, tok)
        return tuned

    def encode(self, examples):
        """Examples to sequences that fit n_ctx; returns them and how many had to be cut."""
        n_ctx = self.model.gpt.config.n_ctx
        whole = [TASKS[self.task].sequences(example, self.tok) for example in examples]
        fitted = [cut(sequences, self.tok, n_ctx) for sequences in whole]
        return fitted, sum(a != b for a, b in zip(whole, fitted, strict=True))

    def targets(self, examples):
        """Labels as class numbers, options as indices, scores standardised."""
        answer = "score" if self.scale else "label"
        if answer not in examples[0]:
            raise InputError(
                f"these examples have no {answer!r}, but the model answers with a {answer}; use data alike"
            )
        if self.scale:
            mean, spread = self.scale
            return torch.tensor([(example["score"] - mean) / spread for example in examples])
        if self.labels is None:
            return torch.tensor([example["label"] for example in examples])
        known = {label: i for i, label in enumerate(self.labels)}
        for row, example in enumerate(examples, start=1):
            if example["label"] not in known:
                raise InputError(
                    f"example {row}: label {example['label']!r} is not one of the training labels "
                    f"{', '.join(map(repr, self.labels))}; correct it, or train with it"
                )
        return torch.tensor([known[example["label"]] for example in examples])

    def batch(self, sequences, device, whole=False):
        """What the model reads: options share their row unless `whole`."""
        return (pack if self.task == "multiple_choice" and not whole else collate)(sequences, device)

    def loss(self, sequences, targets, aux):
        """Equation (4), plus `aux` times eq. (1) on the same sequences."""
        ids, last, *packed = self.batch(sequences, targets.device, whole=aux > 0)
        hidden = self.model.gpt.hidden(ids.flatten(0, 1), None, *packed)
        logits = self.model.logits(hidden, last)
        if self.scale:
            loss = ((logits.squeeze(-1) - targets) ** 2).mean()
        else:
            loss = classification_loss(logits, targets)
        if aux:
            _, next_ids = shift([row for rows in sequences for row in rows], ids.device)
            lm_logits = self.model.gpt.lm_head(hidden[last.flatten() > 0, : next_ids.shape[1]])
            loss = loss + aux * lm_loss(lm_logits, next_ids)
        return loss

    @torch.no_grad()
    def predict(self, examples, batch_size=64):
        """Answers in the terms of the data: labels, option indices, or scores."""
        self.model.eval()
        sequences, _ = self.encode(examples)
        device = next(self.model.parameters()).device
        order = sorted(range(len(examples)), key=lambda i: max(map(len, sequences[i])))
        answers = [None] * len(examples)
        for at in range(0, len(order), batch_size):
            chosen = order[at : at + batch_size]
            logits = self.model(*self.batch([sequences[i] for i in chosen], device))
            for i, row in zip(chosen, logits.cpu(), strict=True):
                answers[i] = self.answer(row)
        return answers

    def answer(self, logits):
        if self.scale:
            return logits.item() * self.scale[1] + self.scale[0]
        best = logits.argmax().item()
        return best if self.labels is None else self.labels[best]

    def evaluate(self, examples):
        """The task's metric with its 95% interval, and the other metrics of its kind."""
        if not examples:
            raise InputError("there are no test examples; check the file")
        self.targets(examples)  # an unknown label is refused before anything is computed
        return score(self.predict(examples), examples)

    def save(self, folder):
        """The body as `GPT.save` does, `head.safetensors`, `tokenizer.json` and `task.json`."""
        folder = Path(folder)
        self.model.gpt.save(folder)
        self.tok.save(folder)
        save_tensors(folder / "head.safetensors", self.model.head.state_dict())
        write_json(folder / "task.json", {"task": self.task, "labels": self.labels, "scale": self.scale})

    @classmethod
    def load(cls, folder):
        folder = Path(folder)
        saved = read_json(folder / "task.json")
        if not isinstance(saved, dict) or not {"task", "labels", "scale"} <= saved.keys():
            raise InputError(f"{folder / 'task.json'} lacks task, labels or scale: restore it, or fine-tune again")
        tuned = cls(saved["task"], Tokenizer.load(folder), GPT.load(folder), saved["labels"], saved["scale"])
        fill(tuned.model.head, folder / "head.safetensors")
        return tuned


def warm_markers(gpt, tok):
    """Let `$` begin as the embedding of a full stop, and `<e>` as that of a question mark.

    Changes `gpt`. Pre-training never read these two, so their rows of W^e are noise (where W^L is W^e, `<e>` was
    written, never read), and a few hundred labels are too few to learn what to ask at `<e>`. GPT-1, with thousands of
    labels, started from N(0, 0.02).
    """
    rows = gpt.token_embedding.weight
    for marker, signs in ((tok.delimiter_id, ".。"), (tok.end_id, "?？")):
        encoded = [tok.encode(sign) for sign in signs]
        known = [ids[0] for ids in encoded if len(ids) == 1 and ids[0] != tok.unknown_id]
        if known:
            with torch.no_grad():
                rows[marker] = rows[known].mean(dim=0)


def score(answers, examples):
    """Answers against examples: {"metric", "score", "low", "high", "also": {...}}."""
    if "score" in examples[0]:
        truth = [example["score"] for example in examples]
        return {
            "metric": "pearson",
            **metrics.pearson(answers, truth),
            "also": {"spearman": metrics.spearman(answers, truth)},
        }
    truth = [example["label"] for example in examples]
    found = {"metric": "accuracy", **metrics.accuracy(answers, truth)}
    if "options" in examples[0]:  # an option's place is no class
        return found | {"also": {}}
    return found | {"also": {"macro_f1": metrics.macro_f1(answers, truth)}}
