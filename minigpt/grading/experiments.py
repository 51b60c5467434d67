"""The experiments that students run on a seed of their own, and that the grader runs again, see `personal`.

by_amount        00: what a counting model gains from more stories
without_heads    03: what switching off each head of the shipped body costs
parts_anew       11: what the loss is if parts of the shipped body start from scratch
"""

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from minigpt.data import world
from minigpt.grading.personal import compared
from minigpt.support import words
from minigpt.support.errors import InputError

AMOUNTS = (30, 100, 300, 1_000, 3_000)  # stories that are read
CONTEXTS = (1, 3)  # words that a counting model looks back
GROUPS = ({"Paris", "Tokyo", "Cairo"}, {"Anna", "Ben", "Clara"}, {"ball", "key"}, {"No"})
PARTS = ("embeddings", "blocks.0", "blocks.1", "blocks.2")
WORDS = 35  # of the world's stories, and the end
FRESH = 1_000_000  # added to a seed for the stories that a model has not read


# --- 00: how many stories a counting model needs -------------------------------------------------------------------


@cache
def by_amount(seed):
    """Nats per token above the floor, for each of CONTEXTS and AMOUNTS: an array (2, 5).

    A counting model that looks k words back gives the word w after the context c the probability
        (count(c w) + 0.1) / (count(c) + 0.1 V)
    """
    texts = [words.split(text) for text in world.stories(max(AMOUNTS), seed)]
    fresh = world.stories(200, seed + FRESH)
    floor = world.floor(fresh)
    return np.array([[counted(texts[:n], fresh, k) - floor for n in AMOUNTS] for k in CONTEXTS])


def counted(texts, fresh, k):
    """The loss on `fresh` of a model that counted the words after each k words of `texts`, in nats per token."""
    pairs, before, V = Counter(), Counter(), WORDS
    for text in texts:
        for context, word in contexts(text, k):
            pairs[context, word] += 1
            before[context] += 1
    logs = [
        np.log((pairs[context, word] + 0.1) / (before[context] + 0.1 * V))
        for text in fresh
        for context, word in contexts(words.split(text), k)
    ]
    return -np.mean(logs)


def contexts(text, k):
    padded = ["<s>"] * k + list(text) + [world.END]
    return [(tuple(padded[t - k : t]), padded[t]) for t in range(k, len(padded))]


# --- 03 and 11: the body that comes with the project ---------------------------------------------------------------


@cache
def body():
    """The shipped model, its tokenizer; found in the checkout, or in a folder above the current one."""
    from minigpt.model import GPT  # torch, which most checks do without
    from minigpt.tokenizer import Tokenizer

    for folder in (Path(__file__).resolve().parents[2], Path.cwd(), *Path.cwd().parents):
        path = folder / "datasets" / "toy_world" / "body"
        if (path / "model.safetensors").is_file():
            return GPT.load(path).eval(), Tokenizer.load(path)
    raise InputError(
        f"there is no datasets/toy_world/body in or above {Path.cwd()}; run this inside the course's folder"
    )


def ids_of(texts):
    import torch

    _, tok = body()
    rows = [[tok.start_id, *tok.encode(text), tok.end_id] for text in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [tok.end_id] * (longest - len(row)) for row in rows])
    there = torch.tensor([[t < len(row) - 1 for t in range(longest - 1)] for row in rows])  # what is predicted
    return ids, there


def nats(logits, ids, chosen):
    """Eq. (1) where `chosen` (B, T - 1) is true, in nats per token."""
    from minigpt.loss import log_loss

    return float(log_loss(logits[:, :-1], ids[:, 1:])[chosen].mean())


@cache
def without_heads(seed, group):
    """What switching off each head costs on 30 stories: nats per word of GROUPS[group], an array (3, 4).

    A head is off if its output is 0, before W^O.
    """
    import torch

    model, tok = body()
    ids, there = ids_of(world.stories(30, seed))
    wanted = torch.tensor([tok.encode(word)[0] for word in sorted(GROUPS[int(group)])])
    chosen, d_k = there & torch.isin(ids[:, 1:], wanted), model.config.d_model // model.config.n_head
    with torch.no_grad():
        states = [model.embed(ids, torch.arange(ids.shape[1]))]
        for block in model.blocks:
            states.append(block(states[-1]))
        whole, cost = nats(model.lm_head(states[-1]), ids, chosen), np.zeros((3, 4))
        for layer, block in enumerate(model.blocks):
            for head in range(4):
                columns = slice(head * d_k, (head + 1) * d_k)
                h = without(block.attention.out, columns, lambda block=block, layer=layer: block(states[layer]))
                for later in model.blocks[layer + 1 :]:
                    h = later(h)
                cost[layer, head] = nats(model.lm_head(h), ids, chosen) - whole
    return cost


def without(linear, columns, run):
    """What `run()` gives while these columns of a matrix are 0."""
    kept = linear.weight[:, columns].clone()
    try:
        linear.weight[:, columns] = 0
        return run()
    finally:
        linear.weight[:, columns] = kept


@cache
def parts_anew(seed):
    """The loss on 30 stories if some of PARTS start from scratch: nats per token, an array (16,).

    Place m has those parts anew whose bit is set in m: 1 the embeddings, 2, 4 and 8 the three blocks.
    """
    import torch

    from minigpt.model import GPT

    model, _ = body()
    ids, there = ids_of(world.stories(30, seed))
    trained, anew = model.state_dict(), GPT(model.config, seed).state_dict()
    mixed, losses = GPT(model.config), []
    for m in range(2 ** len(PARTS)):
        new = {part for bit, part in enumerate(PARTS) if m >> bit & 1}
        mixed.load_state_dict({name: anew[name] if part_of(name) in new else trained[name] for name in trained})
        with torch.no_grad():
            losses.append(nats(mixed.eval()(ids), ids, there))
    return np.array(losses)


def part_of(name):
    """Which of PARTS a tensor belongs to; the output matrix to none, and stays."""
    if "embedding" in name:
        return PARTS[0]
    return next((part for part in PARTS if name.startswith(part)), None)


# --- what was handed in --------------------------------------------------------------------------------------------


def above_the_floor(arguments, parts, student=None):
    """Homework 00: (seed, (amount, nats), by_amount(seed))."""
    return compared(parts, student, [30, 0], [(30, 3_000), (0, 20)], (2, 5), lambda seed, _: by_amount(seed))


def heads_off(arguments, parts, student=None):
    """Homework 03: (seed, (group, layer, head, nats), without_heads(seed, group)); layers and heads count from 1."""
    default, ranges = [0, 1, 1, 0], [(0, 3), (1, 3), (1, 4), (-20, 20)]
    return compared(parts, student, default, ranges, (3, 4), lambda seed, told: without_heads(seed, told[0]), whole=3)


def scratch(arguments, parts, student=None):
    """Homework 11: (seed, (part, nats), parts_anew(seed))."""
    return compared(parts, student, [1, 0], [(0, 3), (-20, 50)], (16,), lambda seed, _: parts_anew(seed), whole=1)
