"""The trained body that comes with the project: the main job's model, so that a lesson need not train it first.

`make body` makes it again: weights, tokenizer, configuration, and a card that says how it was made, how far above the
exact floor of eq. (1) it is, and the hash of its weights.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from minigpt.model import GPTConfig
from minigpt.studies import main_job
from minigpt.support.device import one_thread, pick
from minigpt.support.files import write_json
from minigpt.tokenizer import Tokenizer
from minigpt.train import documents, evaluate

SEED = 0


def sha256(folder):
    """The hash of the weights in a model's folder."""
    return hashlib.sha256((Path(folder) / "model.safetensors").read_bytes()).hexdigest()


def make_body(folder, setting, seed=SEED):
    """Pre-train as `minigpt run` does with this seed; writes the model and `card.json`, which is returned too."""
    tok = Tokenizer.train(setting.texts, setting.vocab_size, setting.level)
    config = GPTConfig(vocab_size=tok.vocab_size, **setting.sizes)
    with one_thread(), tempfile.TemporaryDirectory() as aside:
        model = main_job.pretrained_model(setting, tok, config, Path(aside), pick("cpu"))
        result = evaluate(model, documents(setting.fresh, tok, config.n_ctx))
    model.save(folder)
    tok.save(folder)
    card = {
        "made by": "make body",
        "seed": seed,
        "stories": len(setting.texts),
        "steps": setting.pretraining.steps,
        "parameters": sum(p.numel() for p in model.parameters()),
        "fresh stories": len(setting.fresh),
        "loss": round(result["loss"], 4),
        "floor": round(setting.floor, 4),
        "above floor": f"{100 * (result['loss'] / setting.floor - 1):.1f}%",
        "sha256": sha256(folder),
    }
    write_json(Path(folder) / "card.json", card)
    return card


if __name__ == "__main__":
    print(make_body(sys.argv[1], main_job.toy(SEED)))
