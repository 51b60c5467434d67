"""The ablations: every line is there once, a second start fills in only what is missing, arms differ as they say."""

import dataclasses

import pytest
import torch

from minigpt.data import world, world_tasks
from minigpt.data.world_grammar import WITH_QUESTIONS
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.model import GPT, GPTConfig
from minigpt.studies import ablation, snapshots, zeroshot
from minigpt.studies.ablation import Trial, ablate, merge, read_table, take_over, trials
from minigpt.studies.lstm import LSTM
from minigpt.studies.settings import Corpus, Setting, TaskData
from minigpt.support.errors import InputError
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig


def small(task="entailment"):
    """A setting of a few seconds: 2 blocks, 4 steps, one task."""
    recipe = FinetuneConfig(epochs=1, batch_size=16)
    tasks = {task: TaskData(task, [], world_tasks.examples(task, 20, 1), recipe)}
    sizes = {"n_ctx": 72, "n_layer": 2, "n_head": 2, "d_model": 16}
    plain, other = Corpus(world.stories(50, 0), []), Corpus(world.stories(50, 0, kinds=WITH_QUESTIONS), [])
    return Setting(plain, "word", 100, sizes, TrainConfig(4, batch_size=8), tasks, {"with questions": other})


def test_every_line_once_and_a_second_start_does_nothing(few_ablations, tmp_path):
    told = []
    rows = ablate(tmp_path, 0, small(), told.append)
    assert [ablation.trial_of(row) for row in rows] == list(trials(0, 2, 4, ["with questions"]))
    assert len({tuple(dataclasses.astuple(ablation.trial_of(row))) for row in rows}) == len(rows) == 3 + 4 + 2 + 2 + 1
    assert all(row["low"] <= row["score"] <= row["high"] for row in rows)
    table = tmp_path / "seed0" / "ablations.csv"
    before = table.stat().st_mtime_ns
    assert ablate(tmp_path, 0, small(), told.append) == rows and table.stat().st_mtime_ns == before
    assert told[-1].endswith("0 are missing")
    assert merge(tmp_path) == rows == read_table(tmp_path / "ablations.csv")


def test_only_what_is_missing_is_filled_in(few_ablations, tmp_path, monkeypatch):
    """Stopped in the middle, and with two lines lost: the same table in the end, and no body trained again."""
    whole = ablate(tmp_path / "whole", 0, small(), lambda line: None)
    done = []

    def stopped(trial, *rest, attempt=ablation.attempt):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(trial)
        return attempt(trial, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ablation, "attempt", stopped)
        ablate(tmp_path / "cut", 0, small(), lambda line: None)
    assert len(read_table(tmp_path / "cut" / "seed0" / "ablations.csv")) == 5
    monkeypatch.setattr(ablation, "pretrain", None)  # would fail if it were called
    assert ablate(tmp_path / "cut", 0, small(), lambda line: None) == whole


def test_a_body_that_was_stopped_goes_on(few_ablations, tmp_path):
    """Killed between a checkpoint and the end: the same weights as from one run."""
    setting = small()
    tok = setting.tokenizer()
    once = ablation.body(tmp_path / "once", "gpt", setting, tok)
    sequences = ablation.documents(setting.corpus.texts, tok, 72)
    config = TrainConfig(4, batch_size=8)
    with pytest.raises(KeyboardInterrupt):
        cut = GPT(setting.config(tok), 0)
        ablation.pretrain(cut, sequences, config, tmp_path / "cut", checkpoint_every=2, watch=interrupt_at_3)
    again = ablation.body(tmp_path / "cut", "gpt", setting, tok)
    other = ablation.body(tmp_path / "other", "with questions", setting, tok)
    assert not torch.equal(other.lm_head.weight, once.lm_head.weight)  # it read another text
    assert all(torch.equal(a, b) for a, b in zip(once.parameters(), again.parameters(), strict=True))


def interrupt_at_3(log):
    if log[-1]["step"] == 3:
        raise KeyboardInterrupt


def test_take_over_copies_what_it_says():
    config = GPTConfig(40, 16, 3, 2, 16)
    theirs, ours, drawn = GPT(config, 0), GPT(config, 1), GPT(config, 1)
    take_over(theirs, ours, 2)
    for name, weight in ours.state_dict().items():
        source = drawn if name.startswith("blocks.2.") else theirs
        assert torch.equal(weight, source.state_dict()[name]), name


def test_the_trials_of_a_seed():
    rows = list(trials(3, n_layer=3, last=6_000, others=["with questions"]))
    assert len(rows) == len(set(rows)) == 4 * (7 + 6 + 3 + 2 + 1)
    assert Trial(3, "similarity", "with questions", 3, 6_000, 500, 0.0) in rows
    assert Trial(3, "similarity", "gpt", 3, 6_000, 500, 0.5) in rows  # the auxiliary loss
    assert Trial(3, "similarity", "lstm", 1, 6_000, 500, 0.0) in rows
    assert Trial(3, "similarity", "scratch", 0, 0, 50, 0.0) in rows


def test_fewer_labels_are_the_first_of_more_and_none_is_tested():
    test = world_tasks.examples("entailment", 50, 5)
    few, more = (ablation.labelled(Trial(5, "entailment", "gpt", 3, 0, n, 0.0), test) for n in (50, 500))
    assert few == more[:50] and len(more) == 500
    assert not {world_tasks.texts_of(e) for e in more} & {world_tasks.texts_of(e) for e in test}


@pytest.mark.parametrize("text", ["", "seed,task\n0,entailment\n", "no table", "seed,task,body,layers\n0,a,b,x\n"])
def test_a_damaged_table_is_refused(tmp_path, text):
    path = tmp_path / "ablations.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="no table of `minigpt ablate`"):
        read_table(path)
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "other.csv")


def test_the_lstm_looks_left_only_and_follows_its_seed():
    config = GPTConfig(40, 16, 3, 2, 32, dropout=0.0)
    model = LSTM(config, 0)
    ids = torch.randint(40, (2, 9), generator=torch.Generator().manual_seed(0))
    changed = ids.clone()
    changed[:, 6:] = 0
    assert torch.allclose(model(ids)[:, :6], model(changed)[:, :6], rtol=0, atol=1e-6)
    assert not torch.allclose(model(ids)[:, 6:], model(changed)[:, 6:], rtol=0, atol=1e-3)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), LSTM(config, 0).parameters(), strict=True))
    blocks = sum(p.numel() for p in GPT(config).blocks.parameters() if p.ndim > 1)
    weights = sum(p.numel() for part in (model.lstm, model.projection) for p in part.parameters() if p.ndim > 1)
    assert weights == 37.5 / 36 * blocks


def test_an_lstm_reads_each_option_in_a_row_of_its_own():
    """It has no mask: a GPT reads the options of a question in one row, and can be asked to recompute its blocks."""
    examples = world_tasks.examples("multiple_choice", 8, 0)
    tok = Tokenizer.train(world.stories(50, 0), 100, "word")
    config = GPTConfig(tok.vocab_size, 72, 1, 1, 8)
    for kind, packed in ((GPT, True), (LSTM, False)):
        model = TaskModel.for_examples("multiple_choice", tok, kind(config, 0), examples)
        sequences, _ = model.encode(examples)
        assert (model.batch(sequences, "cpu").mask is not None) == packed
        finetune(model, examples, FinetuneConfig(epochs=1), progress=False)
    with pytest.raises(InputError, match="LSTM has none; leave it out"):
        finetune(model, examples, FinetuneConfig(epochs=1, recompute=True), progress=False)


class Oracle(torch.nn.Module):
    """A language model that knows the toy world's true distribution of the next word."""

    def __init__(self, tok):
        super().__init__()
        self.tok = tok

    def forward(self, ids):
        logits = torch.full((*ids.shape, self.tok.vocab_size), -30.0)
        for b, row in enumerate(ids.tolist()):
            prefix = []
            for t, i in enumerate(row):
                if i != self.tok.start_id:
                    prefix.append(self.tok.decode([i]))
                try:
                    known, _ = world.next_word(prefix)
                except InputError:  # padding, or an option that no story holds
                    break
                for word, p in known.items():
                    if word != world.END:
                        logits[b, t, self.tok.encode(word)[0]] = torch.tensor(p).log()
        return logits


@pytest.mark.parametrize("task", ["single_text", "entailment", "similarity", "multiple_choice"])
def test_zero_shot_with_the_true_distribution_is_right(task):
    """Who knows the world's own distribution needs no label."""
    tok = Tokenizer.train(world.stories(2_000, 0), 100, "word")
    examples = world_tasks.examples(task, 12, 0)
    answers = zeroshot.answer(Oracle(tok), tok, task, examples)
    right = sum(a == e["label"] for a, e in zip(answers, examples, strict=True))
    assert right == 12, (answers, [e["label"] for e in examples])


def test_without_the_mask_the_future_is_seen_and_afterwards_it_is_not(tiny):
    early, late = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3, 5]])
    with torch.no_grad():
        with snapshots.no_mask():
            assert not torch.equal(tiny(early)[0, 0], tiny(late)[0, 0])
        assert torch.equal(tiny(early)[0, 0], tiny(late)[0, 0])
