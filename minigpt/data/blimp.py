"""BLiMP: pairs of sentences that differ as little as can be, of which one is English and the other is not.

    "Who should Anna hug after seeing Ben?"        "Who should Anna hug Ben after seeing?"

67 paradigms of 1,000 pairs each, of 12 phenomena of grammar. Language models choose by eq. (1), without a label
(`studies/minimal_pairs.py`). With labels it is a task for eq. (5): is this sentence, alone, acceptable?
`blimp.csv` says which paradigms train, so that those of dev and test are new. Source: Warstadt et al. 2020.
"""

from minigpt.data import registry
from minigpt.data.real_rows import parse_blimp

PAIRS = {"train": 100, "dev": 100, "test": 200}  # of each paradigm; they are drawn from templates, so the first will do


def paradigms(part=None):
    """The names of all paradigms, or of a part's: "train", "dev" or "test"."""
    files = registry.REGISTRY["blimp"]["files"]
    return [name for name, file in files.items() if part in (None, file["part"])]


def read_blimp(paradigm):
    """A paradigm's pairs: {"good", "bad", "phenomenon", "paradigm"}; raises as `real.read_task`."""
    return parse_blimp(*registry.load("blimp", paradigm))


def acceptability(split):
    """Single sentences, labelled "good" or "bad", of a split's paradigms; a pair's two stand side by side."""
    pairs = [pair for name in paradigms(split) for pair in read_blimp(name)[: PAIRS[split]]]
    return [{"text": pair[label], "label": label} for pair in pairs for label in ("good", "bad")]
