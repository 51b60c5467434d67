"""A GPU, where there is one: the model's numbers in four precisions, and every public function with a model on it.

The same tests run on the CPU, but for TF32, so that they are known to run before they meet a GPU.
"""

import dataclasses

import numpy as np
import pytest
import torch

from minigpt import reference
from minigpt.data import world_tasks
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.generate import generate
from minigpt.model import GPT, GPTConfig
from minigpt.probe import probe
from minigpt.studies import zeroshot
from minigpt.support.errors import InputError
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

GPU = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"))
DEVICES = ["cpu", GPU]
CONFIG = GPTConfig(vocab_size=90, n_ctx=64, n_layer=3, n_head=4, d_model=64, dropout=0.0)


@pytest.fixture(scope="module")
def stories():
    return [example["text"] for example in world_tasks.examples("single_text", 200, seed=0)]


@pytest.fixture(scope="module")
def tok(stories):
    return Tokenizer.train(stories, 300, level="word")


def body(tok, device, seed=0, **changed):
    config = dataclasses.replace(CONFIG, vocab_size=tok.vocab_size, n_ctx=128, **changed)
    return GPT(config, seed).to(device)


def far(found, expected):
    """|found - expected| / |expected|."""
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", range(3))
def test_bfloat16_is_numpy_to_its_digits(device, seed):
    model = GPT(CONFIG, seed).to(device).eval()
    ids = np.random.default_rng(seed).integers(CONFIG.vocab_size, size=(3, CONFIG.n_ctx))
    expected = reference.forward(reference.params_from(model), ids, CONFIG)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        found = model(torch.tensor(ids, device=device))
    assert 1e-4 < far(found.float().cpu().numpy(), expected) < 2e-2  # below 1e-4 it would not be bfloat16


HAS_TF32 = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)


@pytest.mark.skipif(not HAS_TF32, reason="no GPU here that has TF32")
@pytest.mark.parametrize("seed", range(3))
def test_tf32_is_numpy_to_its_digits(seed):
    model = GPT(CONFIG, seed).to("cuda").eval()
    ids = np.random.default_rng(seed).integers(CONFIG.vocab_size, size=(3, CONFIG.n_ctx))
    expected = reference.forward(reference.params_from(model), ids, CONFIG)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        with torch.no_grad():
            found = model(torch.tensor(ids, device="cuda")).cpu().numpy()
    finally:
        torch.set_float32_matmul_precision(before)
    assert 1e-5 < far(found, expected) < 3e-3


@pytest.mark.parametrize("device", DEVICES)
def test_logits_of_a_vocabulary_that_is_no_multiple_of_8(device):
    """In bfloat16 W^L is read with rows of zeros below it: no logit more, and the same gradient."""
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        model = GPT(CONFIG).to(device)
        ids = torch.randint(CONFIG.vocab_size, (2, 9), generator=torch.Generator().manual_seed(0)).to(device)
        with torch.autocast(device, dtype, enabled=dtype == torch.bfloat16):
            logits = model(ids)
        assert logits.shape == (2, 9, 90)
        logits.float().logsumexp(-1).sum().backward()
        found[dtype] = model.lm_head.weight.grad.cpu().numpy()
    assert far(found[torch.bfloat16], found[torch.float32]) < 2e-2


@pytest.mark.parametrize("device", DEVICES)
def test_pretraining_resumes_and_is_the_cpus(device, stories, tok, tmp_path):
    sequences, config = documents(stories, tok, 128), TrainConfig(steps=12, batch_size=8)
    here = pretrain(body(tok, device), sequences, config, tmp_path / "a", checkpoint_every=6, progress=False)
    there = pretrain(body(tok, "cpu"), sequences, config, progress=False)
    np.testing.assert_allclose([r["loss"] for r in here], [r["loss"] for r in there], rtol=1e-3)

    class Stop(Exception):
        pass

    def stop(log):
        if len(log) == 8:
            raise Stop

    with pytest.raises(Stop):
        pretrain(body(tok, device), sequences, config, tmp_path / "b", 6, progress=False, watch=stop)
    again = body(tok, device, seed=5)
    resumed = pretrain(again, sequences, config, tmp_path / "b", 6, resume=True, progress=False)
    np.testing.assert_allclose([r["loss"] for r in resumed], [r["loss"] for r in here], rtol=1e-5)
    assert np.isfinite(evaluate(again, sequences)["loss"])


@pytest.mark.parametrize("device", DEVICES)
def test_ids_outside_the_vocabulary_are_refused_before_the_first_step(device, tok):
    with pytest.raises(InputError, match="outside the vocabulary"):
        pretrain(body(tok, device), [[1, 2, 10_000]], TrainConfig(steps=1), progress=False)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_every_task(device, task, tok, tmp_path):
    examples = world_tasks.examples(task, 24, seed=1)
    tuned = TaskModel.for_examples(task, tok, body(tok, "cpu", dropout=0.1), examples)
    tuned.to(device)
    aux = 0.5 if task == "entailment" else 0.0
    found = finetune(tuned, examples, FinetuneConfig(epochs=2, batch_size=8, aux=aux), progress=False)
    assert np.isfinite(found["losses"]).all()
    score = tuned.evaluate(examples).score
    assert np.isfinite(probe(tuned, examples, progress=False)["loss"])
    tuned.save(tmp_path)
    assert TaskModel.load(tmp_path).predict(examples[:4]) is not None
    assert 0 <= score <= 1


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_zero_shot(device, task, tok):
    examples = world_tasks.examples(task, 6, seed=1)
    assert len(zeroshot.answer(body(tok, device), tok, task, examples)) == 6


@pytest.mark.parametrize("device", DEVICES)
def test_generation_with_a_generator_of_the_cpu(device, tok):
    model, prompts = body(tok, device), [[tok.start_id], [tok.start_id, 1, 2]]
    texts = [
        generate(model, prompts, 20, use_cache=cached, generator=torch.Generator().manual_seed(0))
        for cached in (True, False)
    ]
    assert texts[0] == texts[1]
    generate(model, prompts, 5, generator=torch.Generator(device).manual_seed(0))


@pytest.mark.parametrize("device", DEVICES)
def test_dropped_attention(device, tok):
    """A mean over many draws is what is computed without dropout: attention's output is linear in its weights."""
    model = body(tok, device, attention_dropout=0.2)
    attention = model.blocks[0].attention
    x = torch.randn(1, 12, 64, generator=torch.Generator().manual_seed(0)).to(device)
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = attention.train()(x.expand(4096, -1, -1))
        assert not torch.equal(drawn[0], drawn[1])
        spread = drawn.std(0) / 4096**0.5
        assert ((drawn.mean(0) - attention.eval()(x)[0]).abs() < 6 * spread + 1e-6).all()


@pytest.mark.parametrize("device", DEVICES)
def test_pictures_of_a_model(device, tok):
    widgets = pytest.importorskip("minigpt.pictures.widgets", reason="needs ipywidgets: pip install '.[notebooks]'")
    model = body(tok, device)
    weights = widgets.attention_weights(model.eval(), [tok.start_id, 1, 2], 1)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    widgets.next_token_figure(model, tok, "Ben took", lambda text: {"the": 1.0})
    assert "inside=Ben took" in widgets.explorer(model, tok, "inside", "Ben took the ball.").hash


@pytest.mark.parametrize("device", DEVICES)
def test_a_compiled_step_is_the_plain_one(device, tok):
    if device == "cpu":
        pytest.skip("compiling for the CPU needs a C++ compiler; the GPU's own is asked for here")
    losses = {}
    for compiled in (False, True):
        model = body(tok, device).train()
        run = torch.compile(model, fullgraph=True) if compiled else model
        ids = torch.arange(64, device=device)[None] % tok.vocab_size
        losses[compiled] = run(ids).logsumexp(-1).mean()
        losses[compiled].backward()
    torch.testing.assert_close(losses[True], losses[False], rtol=1e-5, atol=1e-5)
