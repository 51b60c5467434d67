"""Eq. (1) as a judge, without labels: log P of texts, log P of how a text goes on, and the option that goes on best.

    log P(x)             = sum over t = 1..T of log P(x_t | <s> x_1 .. x_{t-1})
    an option's score    = log P(option | passage, question) - log P(option)

What is likely anyway, being short or common, says nothing of the passage: hence the difference, in nats how much the
passage tells of the option. Source: Radford et al. 2018, section 5, where eq. (1) answers without labels too; the
difference: Holtzman et al. 2021.
"""

import numpy as np
import torch

from minigpt.batch import shift
from minigpt.loss import log_loss


@torch.no_grad()
def of_ends(model, rows, n_last, batch_size=128):
    """log P of the last tokens of each row, given those before them: (N) nats.

    Args:
        rows: lists of ids; a row longer than n_ctx + 1 loses its beginning.
        n_last: (N), how many tokens of each row count.
    """
    model.eval()
    device, longest = next(model.parameters()).device, model.config.n_ctx + 1
    rows = [row[-longest:] for row in rows]
    order, result = sorted(range(len(rows)), key=lambda i: len(rows[i])), np.zeros(len(rows))
    for at in range(0, len(order), batch_size):
        chosen = order[at : at + batch_size]
        ids, targets = shift([rows[i] for i in chosen], device)
        losses = log_loss(model(ids), targets).cpu().numpy()  # (B, T)
        for i, row in zip(chosen, losses, strict=True):
            end = len(rows[i]) - 1
            result[i] = -row[max(0, end - n_last[i]) : end].sum()
    return result


def of_texts(model, tok, texts):
    """log P of each text, `<e>` left out: (N) nats."""
    rows = [[tok.start_id, *tok.encode(text)] for text in texts]
    return of_ends(model, rows, [len(row) - 1 for row in rows])


def choose(model, tok, examples):
    """The place of the option that passage and question make the most likelier, for each example of eq. (8)'s task."""
    pairs = [(f"{e['passage']} {e['question']}", option) for e in examples for option in e["options"]]
    ends = [tok.encode(f" {option}") for _, option in pairs]
    given = [[tok.start_id, *tok.encode(before), *end] for (before, _), end in zip(pairs, ends, strict=True)]
    lengths = [len(end) for end in ends]
    scores = of_ends(model, given, lengths) - of_ends(model, [[tok.start_id, *end] for end in ends], lengths)
    cuts = np.cumsum([len(e["options"]) for e in examples])[:-1]
    return [int(row.argmax()) for row in np.split(scores, cuts)]
