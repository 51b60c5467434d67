"""Heads and fine-tuning: eqs. (3), (4), (7), (8), metrics, saving, and refusals; wrong heads that the checks catch."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import f1_score

from minigpt import metrics
from minigpt.answers import Classes, Options
from minigpt.batch import collate, pack
from minigpt.data.own import read_examples
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.formats import TASKS, Task, cut, sequence
from minigpt.heads import LinearHead
from minigpt.loss import classification_loss
from minigpt.model import GPT, GPTConfig
from minigpt.studies import baselines
from minigpt.support.errors import InputError
from minigpt.task_model import TaskModel, score
from minigpt.tokenizer import Tokenizer

TOK = Tokenizer.train(["a b c d e f g h"], 30, "word")
RNG = np.random.default_rng(0)


def body(dropout=0.0, seed=0):
    return GPT(GPTConfig(TOK.vocab_size, n_ctx=16, n_layer=2, n_head=2, d_model=16, dropout=dropout), seed).eval()


def letters(n):
    return " ".join(RNG.choice(list("abcdefgh"), size=n))


def rows_of(task, n=40):
    """Labels that a small model can learn: does the (first) text begin with one of a to d?"""
    rows = []
    for _ in range(n):
        x, y, _options = (
            letters(3),
            letters(2),
            [letters(RNG.integers(1, 3)) for _ in range(RNG.integers(2, 5))],
        )
        label = "early" if x[0] in "abcd" else "late"
        rows.append(
            {
                "single_text": {"text": x, "label": label},
                "entailment": {"premise": x, "hypothesis": y, "label": label},
                "similarity": {"a": x, "b": y, "score": float("abcdefgh".index(x[0]) + "abcdefgh".index(y[0]))},
                "multiple_choice": {
                    "passage": x,
                    "question": y,
                    "options": ["h", "a"] if label == "early" else ["a", "h", "b"],
                    "label": int(label == "early"),
                },
            }[task]
        )
    return rows


def tuned_for(task, rows, seed=0):
    return TaskModel.for_examples(task, TOK, body(), rows, seed)


def test_nothing_is_dropped_where_a_model_answers(tmp_path):
    """Whatever was done with it before; a model that was just read, too, which PyTorch takes for one in training."""
    rows = rows_of("similarity")  # scores, which tell the least difference
    model = TaskModel.for_examples("similarity", TOK, body(dropout=0.5), rows)
    model.save(tmp_path)
    answers = model.eval().predict(rows)
    assert model.train().predict(rows) == answers == TaskModel.load(tmp_path).predict(rows)


def assert_head_correct(model, task):
    """Logits against eqs. (3), (7) and (8) with one text at a time: no batch, no padding, the state at `<e>`."""
    examples = [[[24, 1, 2, 26], [24, 2, 25, 3, 1, 26]], [[24, 4, 26], [24, 5, 5, 26]]]
    if task == "single_text":
        examples = [e[:1] for e in examples]
    if task == "multiple_choice":
        examples[0].append([24, 7, 7, 7, 26])
    batch = collate([[[min(i, TOK.vocab_size - 1) for i in s] for s in e] for e in examples])
    logits = model(batch)
    for b, sequences in enumerate(examples):
        states = [
            model.body.hidden(batch.ids[b, s : s + 1, : len(tokens)])[0, -1] for s, tokens in enumerate(sequences)
        ]
        if task == "multiple_choice":
            expected = torch.stack([state @ model.head.w_y.weight[0] for state in states])
            assert torch.isneginf(logits[b, len(states) :]).all()
        else:
            expected = sum(states) @ model.head.w_y.weight.T
        torch.testing.assert_close(logits[b, : len(expected)], expected, atol=1e-12, rtol=0)


def model_for(task):
    kind = Options() if task == "multiple_choice" else Classes(("x", "y", "z"))
    return TaskModel(task, TOK, body(), kind).double().eval()


@pytest.mark.parametrize("task", ["single_text", "similarity", "multiple_choice"])
def test_heads(task):
    assert_head_correct(model_for(task), task)


def last_column(self, hidden, last):
    return self.head(hidden[:, -1].view(*last.shape, -1), last)


def first_state(self, hidden, last):
    return self.head(hidden[:, 0].view(*last.shape, -1), last)


@pytest.mark.parametrize("wrong", [last_column, first_state])
@pytest.mark.parametrize("task", ["single_text", "similarity", "multiple_choice"])
def test_head_check_catches_the_wrong_state(wrong, task, monkeypatch):
    monkeypatch.setattr(TaskModel, "logits", wrong)
    with pytest.raises(AssertionError):
        assert_head_correct(model_for(task), task)


@pytest.mark.parametrize(
    "wrong",
    [lambda self, states, last: self.w_y(states[:, 0]), lambda self, states, last: self.w_y(states.mean(1))],
)
def test_head_check_catches_one_order_only(wrong, monkeypatch):
    monkeypatch.setattr(LinearHead, "forward", wrong)
    with pytest.raises(AssertionError):
        assert_head_correct(model_for("similarity"), "similarity")


def assert_softmax_over_options(loss):
    """Two examples of 2 and 3 options, by hand."""
    logits = torch.tensor([[0.0, 1.0, -math.inf], [2.0, 0.0, 1.0]])
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(2) + math.exp(1))) / 2
    assert float(loss(logits, torch.tensor([1, 1]))) == pytest.approx(expected, rel=1e-6)


def test_softmax_is_over_the_options():
    assert_softmax_over_options(classification_loss)
    with pytest.raises(AssertionError):  # over the batch instead
        assert_softmax_over_options(lambda x, y: -x.log_softmax(0)[[0, 1], y].mean())


def assert_packing_exact(pack):
    """All options in one row: logits and every gradient equal to those of N rows, to 1e-10."""
    sequences = [[[9, 1, 2, 3, 10, *option, 11] for option in options] for options in ([[4], [4, 5, 6]], [[7]] * 3)]
    sequences.append([[9, 1, 11], [9, 2, 3, 11]])  # nothing shared but <s>
    targets = torch.tensor([1, 2, 0])
    model = model_for("multiple_choice")
    for p in model.parameters():
        p.data *= 10  # so that a wrong position or mask shows
    results = []
    for read in (collate, pack):
        model.zero_grad()
        logits = model(read(sequences))
        classification_loss(logits, targets).backward()
        results.append([logits.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)])
    for whole, packed in zip(*results, strict=True):
        torch.testing.assert_close(packed, whole, rtol=0, atol=1e-10)


def options_see_each_other(examples):
    batch = pack(examples)
    return dataclasses.replace(batch, mask=torch.ones_like(batch.mask).tril())


def positions_go_on(examples):
    batch = pack(examples)
    return dataclasses.replace(batch, positions=torch.arange(batch.ids.shape[-1]).expand_as(batch.positions))


def options_forget_the_passage(examples):
    batch = pack(examples)
    mask = batch.mask.clone()
    mask[..., 5:, 1:3] = False
    return dataclasses.replace(batch, mask=mask)


def test_packing_is_exact():
    assert_packing_exact(pack)


@pytest.mark.parametrize("wrong", [options_see_each_other, positions_go_on, options_forget_the_passage])
def test_packing_check_catches(wrong):
    with pytest.raises(AssertionError):
        assert_packing_exact(wrong)


def test_swapping_a_and_b_gives_the_same_bits():
    rows = rows_of("similarity", 60)
    tuned = tuned_for("similarity", rows)
    finetune(tuned, rows, FinetuneConfig(epochs=1), progress=False)
    swapped = [row | {"a": row["b"], "b": row["a"]} for row in rows]
    assert tuned.predict(rows) == tuned.predict(swapped)
    assert len(set(tuned.predict(rows))) > 1


def test_swap_check_catches_one_order(monkeypatch):
    rows = rows_of("similarity", 20)
    tuned = tuned_for("similarity", rows)
    monkeypatch.setattr(LinearHead, "forward", lambda self, states, last: self.w_y(states[:, 0]))
    assert tuned.predict(rows) != tuned.predict([row | {"a": row["b"], "b": row["a"]} for row in rows])


@pytest.mark.parametrize("task", ["single_text", "entailment", "similarity", "multiple_choice"])
def test_every_task_learns_saves_and_loads(task, tmp_path):
    rows = rows_of(task)
    tuned = tuned_for(task, rows)
    finetune(tuned, rows, FinetuneConfig(epochs=30, batch_size=8, lr=3e-3), progress=False)
    found = tuned.evaluate(rows)
    assert found.score > 0.9 and found.low <= found.score <= found.high
    tuned.save(tmp_path)
    assert TaskModel.load(tmp_path).predict(rows) == tuned.predict(rows)


def test_a_fifth_task_is_a_format_and_its_columns(monkeypatch, tmp_path):
    """Three texts and a label: nothing else in the package has to know, from training to the baseline and back."""

    def support(claim, source, quote, tok):
        return [sequence([claim, source, quote], tok)]

    monkeypatch.setitem(TASKS, "support", Task(("claim", "source", "quote"), support))
    rows = [{"claim": letters(3), "source": letters(2), "quote": letters(2)} for _ in range(40)]
    rows = [row | {"label": "early" if row["claim"][0] in "abcd" else "late"} for row in rows]
    model = TaskModel.for_examples("support", TOK, body(), rows)
    finetune(model, rows, FinetuneConfig(epochs=30, batch_size=8, lr=3e-3), progress=False)
    assert model.evaluate(rows).score > 0.9
    model.save(tmp_path)
    assert TaskModel.load(tmp_path).predict(rows) == model.predict(rows)
    assert score("support", baselines.bag_of_words("support", rows, rows), rows).score > 0.5
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read_examples(tmp_path / "rows.jsonl", "support") == rows


def test_a_long_fifth_task_loses_ends_only():
    """Three texts are not multiple choice: the first loses its end, as any text does."""
    long = sequence(["a b c d", "e f", "g h"], TOK)
    (short,) = cut([long], TOK, len(long) - 1, Task(("x", "y", "z"), None))
    assert TOK.decode(short) == "<s> a b c $ e f $ g h <e>"


def test_same_seed_same_model():
    rows = rows_of("entailment", 20)
    answers = []
    for seed in (0, 0, 1):
        tuned = TaskModel.for_examples("entailment", TOK, body(dropout=0.1), rows)
        answers.append(finetune(tuned, rows, FinetuneConfig(epochs=2, seed=seed), progress=False)["losses"])
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.parametrize("task", ["single_text", "similarity", "multiple_choice"])
def test_auxiliary_loss_is_eq1_of_the_sequences(task):
    """The loss with aux is the one without, plus aux times the mean of -log P over each sequence's own tokens."""
    rows = rows_of(task, 6)
    tuned = tuned_for(task, rows)
    sequences, _ = tuned.encode(rows)
    plain, both = (tuned.loss(sequences, tuned.kind.numbers(rows), aux).item() for aux in (0.0, 0.5))
    total = tokens = 0
    for row in (s for example in sequences for s in example):
        logs = tuned.body(torch.tensor([row[:-1]])).log_softmax(-1)[0]
        total -= sum(logs[t, token].item() for t, token in enumerate(row[1:]))
        tokens += len(row) - 1
    assert both - plain == pytest.approx(0.5 * total / tokens, rel=1e-4)


def test_cut_examples_are_counted():
    rows = [{"text": letters(n), "label": "x" if n % 2 else "y"} for n in (3, 14, 15, 40)]
    tuned = tuned_for("single_text", rows)
    assert finetune(tuned, rows, FinetuneConfig(epochs=1), progress=False)["cut"] == 2


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"clip": 0}, {"clip": -1.0}, {"warmup": 1.5}, {"weight_decay": -0.1}, {"lr": 0.0}, {"aux": -1}],
)
def test_a_recipe_that_cannot_teach_is_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(InputError, match=f"{name} is {value}; it must be"):
        FinetuneConfig(**wrong)


def test_diverging_is_said():
    rows = rows_of("single_text", 8)
    with pytest.raises(InputError, match=r"diverged.*; lower the learning rate"):
        finetune(tuned_for("single_text", rows), rows, FinetuneConfig(epochs=3, lr=1e30), progress=False)


def test_refusals():
    rows = rows_of("single_text", 4)
    tuned = tuned_for("single_text", rows)
    with pytest.raises(InputError, match="example 1: label 'never'"):
        tuned.evaluate([{"text": "a", "label": "never"}])
    with pytest.raises(InputError, match="no test examples"):
        tuned.evaluate([])
    with pytest.raises(InputError, match="no training examples"):
        TaskModel.for_examples("single_text", TOK, body(), [])
    with pytest.raises(InputError, match="label of example 2 is 1; it must be a word, such as '1'"):
        TaskModel.for_examples("single_text", TOK, body(), [{"text": "a", "label": "0"}, {"text": "b", "label": 1}])
    with pytest.raises(InputError, match="'summary'"):
        TaskModel.for_examples("summary", TOK, body(), rows)
    other = Tokenizer.train(["a b"], 30, "word")
    with pytest.raises(InputError, match=f"tokenizer has {other.vocab_size} ids"):
        TaskModel.for_examples("single_text", other, body(), rows)


def test_a_head_starts_small():
    """At a tenth of the body's standard deviation, so that the first gradients change W^y and hardly the body."""
    tok = Tokenizer.train(["a b . ?"], 30, "word")
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=8, n_layer=1, n_head=2, d_model=512))
    model = TaskModel.for_examples("single_text", tok, gpt, rows)
    assert 0.08 < model.head.w_y.weight.std() / gpt.lm_head.weight.std() < 0.12
    model.loss(model.encode(rows)[0], model.kind.numbers(rows)).backward()
    head, body = model.head.w_y.weight.grad.norm(), gpt.blocks[0].mlp[0].weight.grad.norm()
    assert head > 5 * body


def test_markers_are_warmed():
    """`$` and `<e>` begin as the full stop; where the vocabulary lacks it, nothing changes."""
    tok = Tokenizer.train(["a b . ?"], 30, "word")
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    gpt = GPT(GPTConfig(tok.vocab_size, n_ctx=8, n_layer=1, n_head=1, d_model=4))
    before = gpt.token_embedding.weight.detach().clone()
    TaskModel.for_examples("single_text", tok, gpt, rows)
    after = gpt.token_embedding.weight
    (stop,) = tok.encode(".")
    assert (after[[tok.delimiter_id, tok.end_id]] == before[stop]).all()
    assert (after[: tok.start_id + 1] == before[: tok.start_id + 1]).all()
    unchanged = body()
    TaskModel.for_examples("single_text", TOK, unchanged, rows)
    assert (unchanged.token_embedding.weight == body().token_embedding.weight).all()


def test_accuracy_interval_is_wilsons():
    p, n, z = 0.75, 40, stats.norm.ppf(0.975)
    found = metrics.accuracy([1] * 30 + [0] * 10, [1] * 40)
    middle, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n),
    )
    assert (found.score, found.low, found.high) == pytest.approx((p, middle - half, middle + half))


def resampled_f1(predicted, labels, n_resamples=500):
    """The bootstrap as it is told: draw examples again, one by one, and ask scikit-learn."""
    draws = np.random.default_rng(1).integers(len(labels), size=(n_resamples, len(labels)))
    scores = [f1_score(labels[i], predicted[i], average="macro", zero_division=0) for i in draws]
    return np.quantile(scores, [0.025, 0.975])


def test_a_lead_counts_only_where_two_differ():
    """By hand: 8 won, 2 lost, of 20; McNemar's exact p is that of 8 or more of 10 coins, or of 2 or fewer."""
    right = [True] * 8 + [False] * 2 + [True] * 10
    other = [False] * 8 + [True] * 2 + [True] * 10
    found = metrics.paired(right, other)
    p = 2 * sum(math.comb(10, k) for k in (0, 1, 2)) / 2**10
    half = 1.96 * math.sqrt(10 - 36 / 20) / 20
    assert math.isclose(found.lead, 0.3) and math.isclose(found.p, p)
    assert math.isclose(found.high - found.lead, half, rel_tol=1e-3) and math.isclose(
        found.lead - found.low, half, rel_tol=1e-3
    )
    back = metrics.paired(other, right)
    assert math.isclose(back.lead, -found.lead) and math.isclose(back.low, -found.high) and back.p == found.p
    assert metrics.paired(right, right) == metrics.Lead(0.0, 0.0, 0.0, 1.0)


def test_pairs_that_stand_or_fall_together_are_counted_once():
    """Each example written twice says no more than once: the interval and p of pairs are those of the examples."""
    right, other = RNG.random((2, 40)) < np.array([[0.8], [0.6]])
    once = metrics.paired(right, other)
    twice = metrics.paired(right.repeat(2), other.repeat(2), groups=2)
    assert (twice.lead, twice.low, twice.high, twice.p) == pytest.approx((once.lead, once.low, once.high, once.p))
    alone = metrics.paired(right.repeat(2), other.repeat(2))
    assert alone.low > twice.low and alone.high < twice.high


def test_macro_f1_is_scikit_learns():
    """The score to the last digits; the interval as near as two bootstraps are: 500 draws leave 0.01 at its ends."""
    rng = np.random.default_rng(0)
    labels = rng.choice(list("aaabbcd"), size=300)
    predicted = np.where(rng.random(300) < 0.6, labels, rng.choice(list("abce"), size=300))
    found = metrics.macro_f1(predicted, labels)
    assert abs(found.score - f1_score(labels, predicted, average="macro", zero_division=0)) < 1e-12
    low, high = resampled_f1(predicted, labels)
    assert abs(found.low - low) < 0.03 and abs(found.high - high) < 0.03 and found.high - found.low > 0.08


def test_macro_f1_by_hand():
    found = metrics.macro_f1(list("aabbb"), list("aaabb"))
    assert found.score == pytest.approx((2 * 1 * (2 / 3) / (5 / 3) + 2 * (2 / 3) * 1 / (5 / 3)) / 2)
    assert found.low < found.score <= found.high


def test_correlations():
    x, y = RNG.standard_normal((2, 50))
    y = x + y
    r = np.corrcoef(x, y)[0, 1]
    found = metrics.pearson(x, y)
    half = 1.959964 / math.sqrt(47)
    expected = (r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))
    assert (found.score, found.low, found.high) == pytest.approx(expected)
    assert metrics.spearman(np.exp(x), x).score == pytest.approx(1) and metrics.pearson(np.exp(x), x).score < 0.99
    assert metrics.pearson([1.0] * 5, [1, 2, 3, 4, 5]).score == 0


def test_a_damaged_task_file_is_one_line(tmp_path):
    rows = [{"text": "a b", "label": "x"}, {"text": "c d", "label": "y"}]
    TaskModel.for_examples("single_text", TOK, body(), rows).save(tmp_path)
    assert TaskModel.load(tmp_path).kind == Classes(("x", "y"))
    (tmp_path / "task.json").write_text('{"labels": null}')
    with pytest.raises(InputError, match=r"task\.json lacks task"):
        TaskModel.load(tmp_path)


def test_score_of_wrong_answers_is_low():
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}] * 10
    assert (
        score("single_text", ["x", "y"] * 10, rows).score == 1
        and score("single_text", ["y", "x"] * 10, rows).score == 0
    )


def test_answers_are_checked_row_by_row():
    rows = rows_of("multiple_choice", 3)
    model = tuned_for("multiple_choice", rows)
    with pytest.raises(InputError, match="example 2: label 3 is no option's place"):
        model.kind.numbers([rows[0], rows[1] | {"label": 3}])
    with pytest.raises(InputError, match="example 3 has no 'label'"):
        model.kind.numbers([*rows[:2], {"passage": "a"}])


def test_a_test_set_of_one_class_has_a_score():
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "x"}]
    assert score("single_text", ["x", "y"], rows).score == 0.5


def test_a_score_beside_a_label_is_not_learnt():
    """Which answer a task has is said by the task, not by what else stands in the rows."""
    rows = [row | {"score": float(i)} for i, row in enumerate(rows_of("single_text", 8))]
    assert tuned_for("single_text", rows).kind == Classes(("early", "late"))
    both = [{"a": "a", "b": "b", "label": "x", "score": 1.0}, {"a": "a", "b": "c", "label": "y", "score": 2.0}]
    with pytest.raises(InputError, match="must stand in one of 'label' or 'score'"):
        tuned_for("similarity", both)


@pytest.mark.parametrize("scores", [(3.7, 3.7, 3.7), (1e200, 1.0, 2.0), (0.1 + 0.2, 0.3, 0.3)])
def test_scores_that_teach_nothing_are_refused(scores):
    with pytest.raises(InputError, match=r"every training score is|the largest score is 1e\+200"):
        tuned_for("similarity", [{"a": "a", "b": "b", "score": s} for s in scores])


@pytest.mark.parametrize(
    "saved",
    ['[]', '{"task": 5, "labels": null, "scale": null}', '{"task": "entailment", "labels": 3, "scale": null}',
     '{"task": "entailment", "labels": null, "scale": ["x"]}', '{"task": ["x"], "labels": null, "scale": null}'],
)  # fmt: skip
def test_a_task_file_of_another_shape_is_one_line(tmp_path, saved):
    (tmp_path / "task.json").write_text(saved)
    with pytest.raises(InputError, match=r"task\.json lacks task"):
        TaskModel.load(tmp_path)


def test_a_folder_whose_writing_failed_is_no_language_model(tmp_path, monkeypatch):
    rows = rows_of("single_text", 4)
    model = tuned_for("single_text", rows)
    monkeypatch.setattr(TOK.__class__, "save", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save(tmp_path)
    assert (tmp_path / "task.json").exists() and not (tmp_path / "config.json").exists()


def test_resume_is_bit_equal(tmp_path):
    """Dropout's draws, the order and AdamW's moments go on where they stopped."""
    examples = rows_of("single_text")
    recipe = FinetuneConfig(epochs=3, batch_size=8, lr=1e-3)
    whole, cut, lost = (TaskModel.for_examples("single_text", TOK, body(dropout=0.3), examples) for _ in range(3))
    losses = finetune(whole, examples, recipe, progress=False)["losses"]

    class Killed(Exception):
        pass

    steps = iter(range(9))  # then, in the second epoch, two steps after a checkpoint, it is killed

    def kill(*_):
        if next(steps, None) is None:
            raise Killed

    out = tmp_path / "cut"
    with pytest.raises(Killed), pytest.MonkeyPatch.context() as patch:
        patch.setattr("minigpt.finetune.check_finite", kill)
        finetune(cut, examples, recipe, progress=False, out=out, checkpoint_every=7)
    again = TaskModel.for_examples("single_text", TOK, body(dropout=0.3, seed=5), examples)
    done = finetune(again, examples, recipe, progress=False, out=out, resume=True)
    assert done["losses"] == losses
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(InputError, match=r"finetune\.lr was 0\.001, now it is 0\.002"):
        finetune(lost, examples, dataclasses.replace(recipe, lr=2e-3), progress=False, out=out, resume=True)
