"""Which of two sentences is English? Eq. (1) says: the likelier one. Nothing is trained for it, and no label is seen.

    right if log P(good) > log P(bad); a tie is half                      log P as in `likelihood.py`

The sum, as in the paper, not the mean of a token: 94% of BLiMP's pairs have as many words in both sentences. `<e>` is
left out: a full stop ends each sentence, and `<e>` stands behind pages, not sentences.
`python -m minigpt.studies.minimal_pairs FOLDER` asks a run's body about all 67,000 pairs. Source: Warstadt et al. 2020.
"""

import sys
from collections import defaultdict
from functools import partial

import numpy as np

from minigpt.data import blimp
from minigpt.metrics import wilson
from minigpt.pretrained import load_body
from minigpt.studies import likelihood, results

TIE = 1e-6  # nats; the same probabilities in another order give the same sum but for rounding
# Warstadt et al. 2020, table 3, as in BLiMP.pdf of the authors' repository at commit 3e56b06; GPT-2 has 774M weights.
PAPER = {
    "anaphor_agreement": (47.9, 91.7, 99.3, 97.5),
    "argument_structure": (71.9, 73.2, 81.8, 90.0),
    "binding": (64.4, 73.5, 80.9, 87.3),
    "control_raising": (68.5, 67.0, 81.9, 83.9),
    "determiner_noun_agreement": (70.0, 85.4, 95.8, 92.2),
    "ellipsis": (36.9, 67.6, 89.3, 85.0),
    "filler_gap_dependency": (60.2, 73.9, 81.3, 86.9),
    "irregular_forms": (79.5, 89.1, 91.9, 97.0),
    "island_effects": (57.2, 46.6, 72.7, 84.9),
    "npi_licensing": (45.5, 51.7, 76.8, 88.1),
    "quantifiers": (53.5, 64.5, 79.0, 86.6),
    "subject_verb_agreement": (60.3, 80.1, 86.4, 90.9),
    "overall": (61.2, 69.8, 83.0, 88.6),
}
PAPERS_COLUMNS = ("5-gram", "LSTM", "GPT-2", "people")
OTHER_NAMES = {"s-selection": "argument_structure"}  # two paradigms, which the paper counts there


def read_pairs(per_paradigm=1_000):
    """The first pairs of each of the 67 paradigms."""
    return [pair for name in blimp.paradigms() for pair in blimp.read_blimp(name)[:per_paradigm]]


def wins(pairs, score):
    """1 where the good sentence is likelier, 0 where the bad one is, 1/2 for a tie: (N).

    Args:
        score: texts to their log probabilities.

    >>> pairs = [{"good": "cats sit", "bad": "cats sits"}, {"good": "he sits", "bad": "sits he"}]
    >>> wins(pairs, lambda texts: [-float(len(text)) for text in texts])
    array([1. , 0.5])
    """
    good, bad = (np.asarray(score([pair[which] for pair in pairs])) for which in ("good", "bad"))
    return np.where(np.abs(good - bad) < TIE, 0.5, good > bad)


def by_phenomenon(pairs, right):
    """{phenomenon, and "overall": {"score", "low", "high", "n"}}: the mean of `right` (N).

    The intervals take pairs as independent; a paradigm's share a template, so other templates may differ more. For
    them ties, which are halves, are rounded to whole pairs.
    """
    groups = defaultdict(list)
    for pair, value in zip(pairs, right, strict=True):
        groups[OTHER_NAMES.get(pair["phenomenon"], pair["phenomenon"])].append(value)
    groups = dict(sorted(groups.items())) | {"overall": list(right)}
    result = {}
    for name, values in groups.items():
        low, high = wilson(round(sum(values)), len(values))
        result[name] = {"score": float(np.mean(values)), "low": low, "high": high, "n": len(values)}
    return result


def table(arms):
    """Markdown: a line a phenomenon; of each arm {name: `by_phenomenon`} the score in per cent, then the paper's."""
    heads = [*arms, *(f"{name} (paper)" for name in PAPERS_COLUMNS)]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (1 + len(heads)) + "|"]
    for name in next(iter(arms.values())):
        cells = [results.cell(arm[name]) for arm in arms.values()] + [f"{share:.1f}" for share in PAPER[name]]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def judged(tok, model, pairs):
    """`by_phenomenon` of a language model, by eq. (1)."""
    return by_phenomenon(pairs, wins(pairs, partial(likelihood.of_texts, model, tok)))


if __name__ == "__main__":
    print(table({folder: judged(*load_body(folder), read_pairs()) for folder in sys.argv[1:]}))
