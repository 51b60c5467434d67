"""The trained body that comes with the project: the main job's model, so that a lesson need not train it first.

`make body` makes it again: weights, tokenizer, configuration, and a card that says how it was made, how far above the
exact floor of eq. (1) it is, and the hash of its weights.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from minigpt.model import GPT
from minigpt.studies import main_job, settings
from minigpt.support.device import one_thread, pick
from minigpt.support.files import write_json

SEED = 0


def sha256(folder):
    """The hash of the weights in a model's folder."""
    return hashlib.sha256((Path(folder) / "model.safetensors").read_bytes()).hexdigest()


def make_body(folder, setting, seed=SEED):
    """Pre-train as `minigpt run` does with this seed; writes the model and `card.json`, which is returned too."""
    tok = setting.tokenizer()
    with one_thread(), tempfile.TemporaryDirectory() as aside:
        result = main_job.pretrained(setting, setting.corpus, tok, Path(aside), pick("cpu"), print)
        model = GPT.load(aside)
    model.save(folder)
    tok.save(folder)
    card = {
        "made by": "make body",
        "seed": seed,
        "stories": len(setting.corpus.texts),
        "steps": setting.pretraining.steps,
        "parameters": sum(p.numel() for p in model.parameters()),
        "fresh stories": len(setting.corpus.fresh),
        "loss": round(result["loss"], 4),
        "floor": round(setting.corpus.floor, 4),
        "above floor": f"{100 * (result['loss'] / setting.corpus.floor - 1):.1f}%",
        "sha256": sha256(folder),
    }
    write_json(Path(folder) / "card.json", card)
    return card


if __name__ == "__main__":
    print(make_body(sys.argv[1], settings.toy(SEED)))
