"""A model pre-trained elsewhere, an arm of the real table: what it is fitted to, what it is asked, where it stands."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from minigpt import commands
from minigpt.data import hub
from minigpt.finetune import FinetuneConfig
from minigpt.pretrained import load_body
from minigpt.studies import main_job, named, settings
from minigpt.task_model import TaskModel

FOUND = {"similarity": ("right", 3), "multiple_choice": ("wrong", 5)}  # what an arm that is played answers, and cuts


@pytest.fixture
def real(tiny_setting):
    """Four small tasks; the labels of texts of letters can be learnt, one is never tested, and one text is too long."""
    kinds = {"x": "a b.", "y": "c d.", "z": "e f.", "never": "g h."}
    rows = [{"text": text, "label": label} for label, text in kinds.items()]
    train = [*rows * 8, {"text": "a " * 600, "label": "x"}]
    letters = settings.TaskData("single_text", train, [rows[i] for i in (2, 0, 1, 1, 2)], FinetuneConfig())
    others = {name: tiny_setting.tasks[name] for name in ("entailment", "similarity", "multiple_choice")}
    return dataclasses.replace(tiny_setting, tasks={"letters": letters} | others, others={}, snapshots=())


def copied(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def moved(module, before):
    return {name for name, p in module.named_parameters() if not torch.equal(p, before[name])}


@pytest.fixture
def fits(monkeypatch):
    """What each task's model was before it was fitted, by which function, to what: filled in as `arm` goes on."""
    seen = []

    def watch(name, fit):
        def watched(model, examples, *given):
            before = copied(model)
            done = fit(model, examples, *given)
            seen.append((name, model, before, examples, given))
            return done

        monkeypatch.setattr(named, name, watched)

    for name in ("probe", "finetune"):
        watch(name, getattr(named, name))
    return seen


@pytest.mark.parametrize("frozen", [True, False])
def test_what_the_arm_does(real, gpt1_folder, fits, frozen):
    """Each task begins with the folder's weights and a head of the seed, and is fitted to its training examples."""
    found = named.arm(real, gpt1_folder, frozen, 7, "cpu")
    assert list(found) == list(real.tasks) and [n_cut for _, n_cut in found.values()] == [1, 0, 0, 0]
    for data, (answers, _), fit in zip(real.tasks.values(), found.values(), fits, strict=True):
        how, model, before, examples, given = fit
        assert how == ("probe" if frozen else "finetune") and examples == data.train
        assert not moved(TaskModel.for_examples(data.task, *load_body(gpt1_folder), data.train, 7), before)
        changed = moved(model, before) - {"body.token_embedding.weight"}  # in which `<e>` is warmed
        assert changed == {"head.w_y.weight"} if frozen else changed > {"head.w_y.weight"}
        assert answers == [model.predict([example])[0] for example in data.test]
        if not frozen:  # section 4.1; read in parts of 4, which is the same but for memory
            recipe = FinetuneConfig(epochs=3, batch_size=32, lr=6.25e-5, seed=7)
            assert dataclasses.replace(given[0], accumulate=1) == recipe


def test_the_arm_learns_and_its_answers_are_labels(real, gpt1_folder):
    letters = real.tasks["letters"]
    answers, _ = named.arm(real, gpt1_folder, True, 0, "cpu")["letters"]
    assert answers == [example["label"] for example in letters.test] == ["z", "x", "y", "y", "z"]


@pytest.mark.parametrize("frozen", [True, False])
def test_the_test_labels_decide_nothing(real, gpt1_folder, frozen):
    other = {}
    for name, data in real.tasks.items():
        labels = [example["label"] for example in data.test]
        rows = [example | {"label": labels[i - 1]} for i, example in enumerate(data.test)]
        assert rows != data.test
        other[name] = dataclasses.replace(data, test=rows)
    ways = [real, dataclasses.replace(real, tasks=other)]
    one, two = (named.arm(setting, gpt1_folder, frozen, 0, "cpu") for setting in ways)
    assert one == two


@pytest.mark.parametrize("frozen", [True, False])
def test_the_estimate_counts_what_is_read_and_learnt(real, gpt1_folder, monkeypatch, frozen):
    tok, body = load_body(gpt1_folder)
    n_train = n_test = 0
    for data in real.tasks.values():
        model = TaskModel.for_examples(data.task, tok, body, data.train)
        n_train, n_test = n_train + model.n_tokens(data.train), n_test + model.n_tokens(data.test)
    monkeypatch.setattr(named, "time_for", lambda *counts: counts)
    n_weights, n_read, n_learnt = named.estimate(real, gpt1_folder, frozen, 0)
    assert n_weights == sum(p.numel() for p in body.blocks.parameters())
    assert (n_read, n_learnt) == ((n_test + n_train, 0) if frozen else (n_test, 3 * n_train))


@pytest.mark.parametrize("options", [["--frozen"], []])
def test_its_column_of_the_table(real, gpt1_folder, tmp_path, monkeypatch, capsys, options):
    """`run --real --model` hands on what it was told, and puts each task's answers into that task's row."""
    real = dataclasses.replace(real, tasks={name: real.tasks[name] for name in FOUND})
    asked, seeds = [], []

    def arm(setting, *how):
        asked.append((setting, *map(str, how)))
        told = {}
        for name, (how, n_cut) in FOUND.items():
            labels = [example["label"] for example in setting.tasks[name].test]
            other = {label: next(x for x in sorted({*labels}) if x != label) for label in labels}
            told[name] = [label if how == "right" else other[label] for label in labels], n_cut
        return told

    monkeypatch.setattr(named, "arm", arm)
    monkeypatch.setattr(hub, "folder_of", lambda model: gpt1_folder)  # found once; its path holds the revision
    monkeypatch.setattr(main_job, "processes_for", lambda n: ThreadPoolExecutor(1))
    monkeypatch.setattr(settings, "real", lambda seed, minutes, language: seeds.append(seed) or real)
    line = ["run", "--real", "--model", "owner/name", "--out", str(tmp_path / "run"), "--seed", "5"]
    assert commands.main([*line, "--device", "cpu", *options]) == 0
    assert asked == [(real, str(gpt1_folder), str(bool(options)), "5", "cpu")] and seeds == [5]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["model"] == {"folder": str(gpt1_folder), "frozen": bool(options)}
    for name, (how, n_cut) in FOUND.items():
        row, score = metrics["tasks"][name], float(how == "right")
        assert (row["named model"]["score"], row["named model"]["cut"]) == (score, n_cut)
        assert row["leads"]["named model"]["lead"] == pytest.approx(row["pre-trained"]["score"] - score)
    (told,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("named model  "))
    assert 0 < told.index(" 100.0 [") < told.index(" 0.0 [")
