"""W^y alone on states that are computed once: the minimum of eq. (4), found for every kind of answer."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from minigpt.data import world_tasks
from minigpt.model import GPT, GPTConfig
from minigpt.probe import probe, states_at_end
from minigpt.support.errors import InputError
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer


def model_for(task, examples):
    texts = [value for e in examples for v in e.values() for value in (v if isinstance(v, list) else [v])]
    tok = Tokenizer.train([t for t in texts if isinstance(t, str)], 200, "word")
    body = GPT(GPTConfig(tok.vocab_size, n_ctx=128, n_layer=1, n_head=2, d_model=32, dropout=0.1), seed=1)
    return TaskModel.for_examples(task, tok, body, examples)


@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_it_is_a_minimum_and_the_body_stays(task):
    examples = world_tasks.examples(task, 60, seed=0)
    model = model_for(task, examples)
    before = {name: p.clone() for name, p in model.body.named_parameters()}
    done = probe(model, examples, progress=False)
    assert all(torch.equal(p, before[name]) for name, p in model.body.named_parameters())
    states, last, _ = states_at_end(model, examples, progress=False)
    numbers, weight = model.kind.numbers(examples), model.head.w_y.weight
    with torch.no_grad():
        torch.testing.assert_close(model.kind.loss(model.head(states, last), numbers).item(), done["loss"])
    loss = model.kind.loss(model.head(states, last), numbers) + weight.square().sum() / (2 * len(examples))
    (gradient,) = torch.autograd.grad(loss, weight)
    start = model_for(task, examples).head.w_y.weight.norm()
    assert gradient.norm() < 1e-3 and weight.norm() > start  # at rest, and not where it began
    answers = [model.kind.answer(row) for row in model.head(states, last).detach()]
    assert answers == model.predict(examples)  # what is cached is what the model itself computes


def test_it_is_scikit_learns_logistic_regression():
    """The same penalty: C = 1, no intercept."""
    examples = world_tasks.examples("single_text", 80, seed=0)
    model = model_for("single_text", examples)
    probe(model, examples, progress=False)
    states, _, _ = states_at_end(model, examples, progress=False)
    theirs = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-8, max_iter=10_000)
    theirs.fit(states[:, 0].numpy(), model.kind.numbers(examples).numpy())
    ours = model.head.w_y.weight.detach().numpy()
    np.testing.assert_allclose(ours[1] - ours[0], theirs.coef_[0], rtol=0.02, atol=0.02)


def test_a_damaged_body_is_refused():
    examples = world_tasks.examples("single_text", 10, seed=0)
    model = model_for("single_text", examples)
    with torch.no_grad():
        model.body.blocks[0].mlp[0].weight[0, 0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        probe(model, examples, progress=False)
