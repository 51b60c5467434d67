"""The check that takes no thought: compare with `right_1` of the notebook, on random inputs of all sizes and scales.

`python tests/random_checks.py 20` says with how many of 20 seeds it tells all nine hidden programs of each question.
"""

import copy
import sys
from collections import Counter

import numpy as np

from minigpt.grading.instructor import questions_of
from minigpt.grading.question import SHOWN, cases

N = 300  # inputs
TRIES, DRAWS = 24, 400  # of a sampler


def sizes(rng, n):
    return rng.integers(1, 31, n)


def scale(rng):
    return 10 ** rng.uniform(-3, 3)


def for_loss(rng):
    T, V = sizes(rng, 2)
    logits = rng.normal(size=(T, V)) * scale(rng) + rng.choice([0, 1000]) * rng.normal()
    targets = np.where(rng.random(T) < rng.choice([0, 0.5]), -100, rng.integers(0, V, T))
    targets[rng.integers(T)] = rng.integers(V)
    return logits, targets


def for_attention(rng):
    T, d_k, d_v = sizes(rng, 3)
    return rng.normal(size=(T, d_k)) * scale(rng), rng.normal(size=(T, d_k)), rng.normal(size=(T, d_v))


def for_layer_norm(rng):
    *shape, d = sizes(rng, rng.integers(1, 4))
    far = rng.choice([0, 1]) * rng.normal() * 10 ** rng.uniform(-3, 8)
    return rng.normal(size=(*shape, d)) * scale(rng) + far, *rng.normal(size=(2, d))


def for_sampler(rng):
    V = rng.integers(1, 9)
    logits = rng.normal(size=V) * rng.choice([1, 1, 1, 10, 1000])
    return logits, 10 ** rng.uniform(-2, 1), int(rng.integers(1, V + 3))


def for_pair(rng):
    states = rng.normal(size=(100, 64, sizes(rng, 1)[0]))  # of each id at each place

    def encode(ids):
        return sum(states[i, t] for t, i in enumerate(ids))

    a, b = (rng.integers(3, 12, n).tolist() for n in sizes(rng, 2))
    return encode, rng.normal(size=states.shape[2]), a, a if rng.random() < 0.2 else b


def for_pieces(rng):
    letters = [*("ab", "abcD", "abcdeé小")[rng.integers(3)]]
    known, merges = [*letters, *(c + "</w>" for c in letters)], []
    for _ in range(rng.integers(12)):
        first, second = (known[rng.integers(len(known))] for _ in range(2))
        if not first.endswith("</w>") and (first, second) not in merges:
            merges.append((first, second))
            known.append(first + second)
    return "".join(rng.choice(letters, sizes(rng, 1)[0])), merges


INPUTS = {
    "01": for_loss,
    "02": for_attention,
    "04": for_layer_norm,
    "06": for_sampler,
    "09": for_pair,
    "12": for_pieces,
}


def fresh(arguments):
    return [x if callable(x) else copy.deepcopy(x) for x in arguments]


def like(found, wanted, tolerance=1e-3):
    if isinstance(wanted, list):
        return isinstance(found, list | tuple) and [*found] == wanted
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    return found.shape == wanted.shape and np.allclose(found, wanted, rtol=tolerance, atol=tolerance)


def shares(program, logits, temperature, k, seed):
    rng = np.random.default_rng(seed)
    drawn = [program(logits, temperature, k, rng) for _ in range(DRAWS)]
    return np.bincount(np.array(drawn, int), minlength=len(logits)) / DRAWS


def random_check(chapter):
    """A function that says whether a program is right, as far as `right_1` and random inputs tell."""
    (right,) = [c["candidate"] for c in cases(questions_of(chapter)[-1], SHOWN) if c["candidate"].name == "right_1"]
    rng, sampler = np.random.default_rng(0), chapter == "06"
    inputs = [INPUTS[chapter](rng) for _ in range(TRIES if sampler else N)]
    wanted = [shares(right, *fresh(x), 1) if sampler else right(*fresh(x)) for x in inputs]

    def passes(candidate):
        for given, theirs in zip(inputs, wanted, strict=True):
            mine = fresh(given)
            try:
                with np.errstate(all="ignore"):
                    found = shares(candidate, *mine, 2) if sampler else candidate(*mine)
                    again = {int(candidate(*mine, np.random.default_rng(3))) for _ in range(2 * sampler)}
                    alike = like(found, theirs, 0.12 if sampler else 1e-3)
            except Exception:
                return False
            kept = all(callable(x) or np.array_equal(x, y) for x, y in zip(mine, given, strict=True))
            if not alike or not kept or len(again) > 1:
                return False
        return True

    return passes


def told_apart(chapter, seeds):
    """With how many of the seeds the check tells all nine programs, and what kinds of mistakes it passed."""
    question, passes, memory, all_nine, passed = questions_of(chapter)[-1], random_check(chapter), {}, 0, Counter()
    for seed in seeds:
        wrong = 0
        for program in (case["candidate"] for case in cases(question, seed)):
            if program.source not in memory:
                memory[program.source] = passes(program), question.reference(program)
            said, right = memory[program.source]
            wrong += said != right
            if said != right:
                passed[program.about.split(" · ")[0] if said else "(right ones refused)"] += 1
        all_nine += not wrong
    return all_nine, passed


if __name__ == "__main__":
    for chapter in INPUTS:
        found, passed = told_apart(chapter, range(1, int(sys.argv[1]) + 1))
        print(
            f"{chapter}: with {found} of {sys.argv[1]} seeds all nine; passed: {dict(passed.most_common())}", flush=True
        )
