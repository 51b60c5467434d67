"""The trained body that comes with the project: what its card says holds, on any machine."""

from pathlib import Path

from minigpt.data import world
from minigpt.pretrained import load_body
from minigpt.studies import settings, shipped
from minigpt.support.files import read_json
from minigpt.train import TrainConfig, documents, evaluate

BODY = Path(__file__).resolve().parent.parent / "datasets" / "toy_world" / "body"


def fresh_loss(tok, model, n=1_000):
    """Loss on stories that no training of the project draws, and their floor."""
    fresh = world.stories(n, seed=77_000_000)
    return evaluate(model, documents(fresh, tok, model.config.n_ctx)), world.floor(fresh)


def test_the_card_is_the_bodys():
    card = read_json(BODY / "card.json")
    assert card["sha256"] == shipped.sha256(BODY)
    assert sum(file.stat().st_size for file in BODY.iterdir()) < 2e6
    tok, model = load_body(BODY)
    assert sum(p.numel() for p in model.parameters()) == card["parameters"]
    setting = settings.toy(shipped.SEED)
    assert model.config.to_json() == {"vocab_size": tok.vocab_size, "dropout": 0.0} | setting.sizes | {
        "attention_dropout": 0.0,
        "tie_weights": False,
    }
    assert setting.pretraining.steps == card["steps"]  # the lessons show what `make run` shows


def test_the_loss_is_near_the_floor_and_not_below():
    found, floor = fresh_loss(*load_body(BODY))
    assert 1 < found["loss"] / floor < 1.04


def test_the_body_is_made_anew(tmp_path):
    """In miniature; and a body that never learnt is far from the floor, so that the check above can fail."""
    texts = world.stories(100, 0)
    sizes = {"n_ctx": 72, "n_layer": 1, "n_head": 2, "d_model": 16}
    corpus = settings.Corpus(texts, texts[:10], world.floor(texts[:10]))
    setting = settings.Setting(corpus, "word", 100, sizes, TrainConfig(steps=3, batch_size=8), {})
    card = shipped.make_body(tmp_path / "body", setting)
    assert card["sha256"] == shipped.sha256(tmp_path / "body") and read_json(tmp_path / "body" / "card.json") == card
    found, floor = fresh_loss(*load_body(tmp_path / "body"), n=50)
    assert found["loss"] / floor > 2
