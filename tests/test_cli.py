"""The commands as people type them: a whole small road; every bad input: one line, exit code 2, nothing changed."""

import csv
import dataclasses
import json
import os

import pytest

from minigpt import commands
from minigpt.data import world, world_tasks
from minigpt.pictures import look
from minigpt.pictures.explorer import payload
from minigpt.studies import main_job, named, results, settings
from minigpt.support import folders
from minigpt.support.errors import InputError
from minigpt.support.files import write_json
from minigpt.task_model import score as score_of

SMALL = [
    "--level",
    "word",
    "--n-layer",
    "1",
    "--n-head",
    "2",
    "--d-model",
    "16",
    "--n-ctx",
    "64",
    "--steps",
    "3",
    "--batch-size",
    "4",
    "--device",
    "cpu",
]


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(world.stories(30, 0)), encoding="utf-8")
    return str(path)


@pytest.fixture
def model(tmp_path, text):
    assert commands.main(["pretrain", "--text", text, "--out", str(tmp_path / "lm"), *SMALL]) == 0
    return str(tmp_path / "lm")


@pytest.mark.parametrize("task", world_tasks.TASKS)
def test_the_road(tmp_path, model, task, capsys):
    train, test = (write_rows(tmp_path / f"{i}.jsonl", world_tasks.examples(task, 20, i)) for i in range(2))
    out = tmp_path / "tuned"
    assert commands.main(["finetune", task, "--train", train, "--test", test, "--model", model, "--out", str(out)]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert {"task", "n_train", "n_test", "majority", "score", "metric", "low", "high"} <= metrics.keys()
    assert (metrics["task"], metrics["n_train"], metrics["n_test"]) == (task, 20, 20)
    again = tmp_path / "again.json"
    assert commands.main(["evaluate", "--model", str(out), "--test", test, "--out", str(again)]) == 0
    assert json.loads(again.read_text())["score"] == metrics["score"]
    assert f"{task}: accuracy" in capsys.readouterr().out


def test_language_model_road(tmp_path, model, text, capsys):
    capsys.readouterr()
    assert commands.main(["evaluate", "--model", model, "--text", text]) == 0
    assert "nats per token" in capsys.readouterr().out
    texts = []
    for seed in ("0", "0", "1"):
        assert commands.main(["generate", "--model", model, "--prompt", "Anna took", "--seed", seed]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2] and texts[0].startswith("Anna took")
    resume = ["pretrain", "--text", text, "--out", model, "--resume", *SMALL]
    assert commands.main(resume) == 0


def test_scratch_and_csv(tmp_path, capsys):
    rows = world_tasks.examples("multiple_choice", 12, 0)
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(row | {"options": json.dumps(row["options"])} for row in rows)
    flags = ["--train", str(path), "--test", str(path), "--out", str(tmp_path / "out"), "--epochs", "1"]
    assert commands.main(["finetune", "multiple_choice", *flags]) == 0


def test_data_command(capsys):
    assert commands.main(["data"]) == 0
    assert "sick-entailment" in capsys.readouterr().out
    assert commands.main(["data", "world", "--task", "entailment", "--n", "2", "--language", "zh"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == world_tasks.examples("entailment", 2, 0, "zh")


@pytest.mark.parametrize("name", ["run", "pretrain", "finetune", "evaluate", "generate", "data", "plan"])
def test_help_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as done:
        commands.main([name, "--help"])
    told = capsys.readouterr().out
    assert done.value.code == 0 and f"example: minigpt {name}" in told
    assert "default: None" not in told and ("(default: 0)" in told or name in ("evaluate", "plan"))


def test_help_breaks_no_name(monkeypatch, capsys):
    """A name that is copied from two lines is another name."""
    for width in range(60, 130):
        monkeypatch.setenv("COLUMNS", str(width))
        with pytest.raises(SystemExit):
            commands.main(["run", "--help"])
        assert "openai-community/openai-gpt" in capsys.readouterr().out


def test_main_job(tmp_path, tiny_setting, capsys):
    from minigpt.support import device

    pairs = [{"good": "Anna sleeps.", "bad": "sleeps Anna.", "phenomenon": "ellipsis"}] * 3
    tiny_setting = dataclasses.replace(tiny_setting, pairs=pairs)
    metrics = main_job.run(tiny_setting, tmp_path / "run", 0, device.pick("cpu"))
    told = capsys.readouterr().out
    assert "exact floor" in told and all(task in told for task in world_tasks.TASKS)
    answered = metrics["without labels"]
    assert list(answered) == ["minimal pairs, ellipsis", "minimal pairs, overall", "multiple_choice"]
    assert all(0 <= row["low"] <= row["score"] <= row["high"] <= 1 for row in answered.values())
    assert "eq. (1) alone, no label: minimal pairs, ellipsis" in told
    for name in (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "metrics.json",
        "loss.csv",
        "loss.png",
        "table.png",
        "explorer.html",
        "snapshots/step0.safetensors",
        "snapshots/step2.safetensors",
        "snapshots/no-mask300.safetensors",
        "from-scratch/similarity/task.json",
    ):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == metrics
    for row in metrics["tasks"].values():
        for arm in ("majority", "bag of words", "word pairs", "from scratch", "pre-trained", "with questions"):
            assert 0 <= row[arm]["low"] <= row[arm]["score"] <= row[arm]["high"] <= 1
            lead = row["leads"].get(arm, {"lead": 0.0})["lead"]
            assert abs(row["pre-trained"]["score"] - row[arm]["score"] - lead) < 1e-9
        assert 0 <= row["from scratch"]["train"] <= 1 and "train" not in row["majority"]
    carried = payload.of_folder(tmp_path / "run")
    assert [one["step"] for one in carried["snapshots"]] == [0, 2] and carried["cheat"]["steps"] == 300
    assert all(set(arms) == {"pretrained", "scratch"} for arms in carried["tasks"].values()) and carried["floor"] > 0
    with pytest.raises(InputError, match="already holds a run"):
        main_job.run(tiny_setting, tmp_path / "run", 0, device.pick("cpu"))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_named_model_is_one_more_arm_of_the_real_run(
    tmp_path, tiny_setting, gpt1_folder, monkeypatch, capsys, frozen
):
    tasks = {name: tiny_setting.tasks[name] for name in ("similarity", "multiple_choice")}
    real = dataclasses.replace(tiny_setting, tasks=tasks, others={}, snapshots=())
    monkeypatch.setattr(settings, "real", lambda seed, minutes, language: real)
    line = ["run", "--real", "--model", str(gpt1_folder), "--out", str(tmp_path / "run"), "--device", "cpu"]
    assert commands.main(line + ["--frozen"] * frozen) == 0
    told = capsys.readouterr().out
    assert str(gpt1_folder) in told and ("W^y alone" in told) == frozen
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["model"] == {"folder": str(gpt1_folder), "frozen": frozen}
    rows = [line for line in told.splitlines() if line.startswith("named model  ")]
    assert len(rows) == 1 and rows[0].count("[") == 2
    for row in metrics["tasks"].values():
        assert 0 <= row["named model"]["low"] <= row["named model"]["score"] <= 1 and row["named model"]["cut"] == 0
        assert "named model" in row["leads"]
    for name, (answers, _) in named.arm(real, gpt1_folder, frozen, 0, "cpu").items():  # the arm alone
        expected = metrics["tasks"][name]["named model"]["score"]
        assert score_of(tasks[name].task, answers, tasks[name].test).score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["run", "--model", "openai-gpt"], "--real"),
        (["run", "--real", "--frozen"], "without --model"),
        (["run", "--real", "--model", "."], "GPT-1"),
        (["run", "--minutes", "5"], "--real"),
        (["run", "--real", "--minutes", "0"], "above 0"),
        (["run", "--real", "--resume"], "--out"),
        (["run", "--resume", "--out", "empty"], "no checkpoint"),
    ],
)
def test_a_run_that_cannot_be_is_refused_at_once(line, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main_job, "run", lambda *_, **__: pytest.fail("it computes before it looks"))
    assert commands.main(line) == 2
    one_line(capsys, said)


def run_with(seed, score, tasks=("entailment",)):
    arms = {arm: {"score": score} for arm in look.ARMS}
    found = {"loss": 2.0, "standard_error": 0.0, "floor": 1.0}
    return {"seed": seed, "pretraining": found, "tasks": dict.fromkeys(tasks, arms)}


def test_spread_over_seeds(tmp_path, capsys):
    for seed, score in enumerate((0.2, 0.3, 0.7)):
        write_json(tmp_path / f"{seed}/metrics.json", run_with(seed, score))
    assert commands.main(["spread", *(str(tmp_path / f"{seed}") for seed in range(3))]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "| | entailment |"
    assert told[2:-5] == [f"| {arm} | 40.0 (20.0 to 70.0) |" for arm in look.ARMS]
    assert told[-4:] == ["Seeds 0, 1, 2:", *[f"- {results.pretraining_line(run_with(0, 0)['pretraining'])}"] * 3]


def test_spread_tells_what_eq_1_answers_alone(tmp_path, capsys):
    for seed, share in enumerate((0.5, 0.75)):
        alone = {"minimal pairs, overall": {"score": share}, "next-sentence": {"score": 0.25}}
        write_json(tmp_path / f"{seed}/metrics.json", run_with(seed, 0.5) | {"without labels": alone})
    assert commands.main(["spread", str(tmp_path / "0"), str(tmp_path / "1")]) == 0
    told = capsys.readouterr().out
    assert "| minimal pairs, overall | 62.5 (50.0 to 75.0) |\n| next-sentence | 25.0 |\n" in told


def test_spread_leaves_empty_what_a_task_has_no_lead_in(tmp_path, capsys):
    for seed, lead in enumerate((0.1, 0.3)):
        arms = {arm: {"score": 0.5, "train": 0.5} for arm in ("from scratch", "pre-trained")}
        tasks = {"trec": arms | {"leads": {"from scratch": {"lead": lead}}}, "relatedness": arms | {"leads": {}}}
        write_json(tmp_path / f"{seed}/metrics.json", run_with(seed, 0.5) | {"tasks": tasks})
    assert commands.main(["spread", str(tmp_path / "0"), str(tmp_path / "1")]) == 0
    line = "| *pre-trained, points ahead of from scratch* | 20.0 (10.0 to 30.0) |  |\n"
    assert line in capsys.readouterr().out


def test_spread_of_other_named_models_is_refused(tmp_path, capsys):
    for name, seed, frozen in (("tuned", 0, False), ("again", 1, False), ("frozen", 2, True)):
        named = {"model": {"folder": f"/home/{name}/gpt1", "frozen": frozen}}
        write_json(tmp_path / name / "metrics.json", run_with(seed, 0.5) | named)
    assert commands.main(["spread", str(tmp_path / "tuned"), str(tmp_path / "again")]) == 0
    capsys.readouterr()
    assert commands.main(["spread", str(tmp_path / "tuned"), str(tmp_path / "frozen")]) == 2
    one_line(capsys, "gpt1 (frozen) and gpt1;")


def test_spread_of_runs_with_other_arms_names_one(tmp_path, capsys):
    fewer = run_with(1, 0.5)
    fewer["tasks"] = {
        "entailment": {arm: score for arm, score in fewer["tasks"]["entailment"].items() if arm != "majority"}
    }
    for name, run in (("all", run_with(0, 0.5)), ("fewer", fewer)):
        write_json(tmp_path / name / "metrics.json", run)
    assert commands.main(["spread", str(tmp_path / "all"), str(tmp_path / "fewer")]) == 2
    assert "only some of these runs have the arm 'majority'" in capsys.readouterr().err


def test_spread_of_different_runs_is_refused(tmp_path, capsys):
    write_json(tmp_path / "toy/metrics.json", run_with(0, 0.5))
    write_json(tmp_path / "real/metrics.json", run_with(0, 0.5, tasks=("trec",)))
    write_json(tmp_path / "tuned/metrics.json", {"task": "entailment", "score": 0.5})
    for other in ("real", "tuned"):
        assert commands.main(["spread", str(tmp_path / "toy"), str(tmp_path / other)]) == 2
        one_line(capsys, "different kinds")


ROW = {"text": "a", "label": "x"}
BAD_FILES = {
    "a missing column": ("rows.jsonl", json.dumps({"txt": "a", "label": "x"}), ["'text'", "txt"]),
    "an empty file": ("rows.jsonl", "", ["empty"]),
    "no JSON": ("rows.jsonl", "{text", ["line 1"]),
    "no object": ("rows.jsonl", "[1]", ["line 1"]),
    "an empty text": ("rows.jsonl", json.dumps({"text": " ", "label": "x"}), ["text is ' '"]),
    "a label that is no name": ("rows.jsonl", json.dumps({"text": "a", "label": {}}), ["label is {}"]),
    "a short CSV row": ("rows.csv", "text,label\na\n", ["line 2", "header"]),
    "not UTF-8": ("rows.jsonl", b"\xff{", ["UTF-8"]),
}


def one_line(capsys, *names):
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and told.err.startswith("minigpt: ") and "Traceback" not in told.err
    for name in names:
        assert name in told.err, told.err


@pytest.mark.parametrize(("file", "content", "names"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_files(tmp_path, capsys, file, content, names):
    good = write_rows(tmp_path / "good.jsonl", [ROW, {"text": "b", "label": "y"}])
    bad = tmp_path / file
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    for train, test in ((str(bad), good), (good, str(bad))):
        flags = ["--train", train, "--test", test, "--out", str(tmp_path / "out")]
        assert commands.main(["finetune", "single_text", *flags]) == 2
        one_line(capsys, file, *names)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("task", "row", "name"),
    [
        ("multiple_choice", {"passage": "a", "question": "b", "options": ["c", "d"], "label": 2}, "0 to 1"),
        ("multiple_choice", {"passage": "a", "question": "b", "options": ["c"], "label": 0}, "at least 2"),
        ("multiple_choice", {"passage": "a", "question": "b", "options": "cd", "label": 0}, "options is 'cd'"),
        ("similarity", {"a": "x", "b": "y", "score": "high"}, "score is 'high'"),
        ("similarity", {"a": "x", "b": "y", "score": None}, "score is None"),
        ("entailment", {"premise": "x", "label": "y"}, "'hypothesis'"),
    ],
)
def test_bad_rows(tmp_path, capsys, task, row, name):
    path = write_rows(tmp_path / "rows.jsonl", [row])
    assert commands.main(["finetune", task, "--train", path, "--test", path, "--out", str(tmp_path / "out")]) == 2
    one_line(capsys, name, "line 1")


def test_label_outside_the_classes(tmp_path, capsys):
    train = write_rows(tmp_path / "a.jsonl", [ROW, {"text": "b", "label": "y"}])
    test = write_rows(tmp_path / "b.jsonl", [{"text": "a", "label": "never"}])
    out = str(tmp_path / "out")
    assert commands.main(["finetune", "single_text", "--train", train, "--test", test, "--out", out]) == 2
    one_line(capsys, "'never'", "'x', 'y'")


def test_vocabulary_that_does_not_fit(tmp_path, model, capsys):
    from minigpt.tokenizer import Tokenizer

    Tokenizer.train(["quite another text"], 50, "word").save(model)
    rows = write_rows(tmp_path / "a.jsonl", [ROW])
    flags = ["--train", rows, "--test", rows, "--model", model, "--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert commands.main(["finetune", "single_text", *flags]) == 2
    one_line(capsys, "tokenizer has", "one run")
    assert commands.main(["generate", "--model", model, "--prompt", "quite"]) == 2
    one_line(capsys, "tokenizer has", "one run")


def test_corrupt_checkpoint(tmp_path, model, text, capsys):
    path = tmp_path / "lm" / "checkpoint.safetensors"
    path.write_bytes(b"\0" * 100)
    kept = {p.name: p.read_bytes() for p in (tmp_path / "lm").iterdir()}
    capsys.readouterr()
    assert commands.main(["pretrain", "--text", text, "--out", model, "--resume", *SMALL]) == 2
    one_line(capsys, "checkpoint.safetensors", "damaged")
    assert {p.name: p.read_bytes() for p in (tmp_path / "lm").iterdir()} == kept


def test_not_enough_memory(tmp_path, text, capsys):
    flags = [f if f != "64" else "1000000000000" for f in SMALL]
    assert commands.main(["pretrain", "--text", text, "--out", str(tmp_path / "lm"), *flags]) == 2
    one_line(capsys, "n_ctx 1000000000000", "GB")
    assert not (tmp_path / "lm").exists()


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["generate", "--model", "nowhere"], "nowhere"),
        (["evaluate", "--model", "nowhere", "--test", "x"], "nowhere"),
        (["pretrain", "--text", "nowhere.txt", "--out", "o"], "nowhere.txt"),
        (["data", "squad"], "'squad'"),
        (["data", "world", "--task", "squad"], "'squad'"),
        (["run", "--device", "tpu"], "'tpu'"),
        (["run", "--seed", "-1"], "seed is -1"),
        (["data", "world", "--n", "0"], "n is 0"),
        (["pretrain", "--text", "nowhere.txt", "--out", "o", "--resume"], "no checkpoint"),
    ],
)
def test_bad_arguments(arguments, name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert commands.main(arguments) == 2
    one_line(capsys, name)
    assert list(tmp_path.iterdir()) == []


def test_no_run_overwrites_another(tmp_path, model, text, capsys):
    capsys.readouterr()
    assert commands.main(["pretrain", "--text", text, "--out", model, *SMALL]) == 2
    one_line(capsys, "already holds a run")
    (tmp_path / "runs/toy").mkdir(parents=True)
    assert folders.free_folder(tmp_path / "runs/toy") == tmp_path / "runs/toy-2"


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--steps", "0"], ["steps is 0"]),
        (["--batch-size", "0"], ["batch_size is 0"]),
        (["--lr", "-1"], ["lr is -1"]),
        (["--lr", "nan"], ["lr is nan"]),
        (["--seed", "-1"], ["seed is -1"]),
        (["--checkpoint-every", "0"], ["checkpoint_every is 0"]),
        (["--out", "{text}"], ["text.txt", "--out"]),
        (["--out", "{text}/deeper"], ["text.txt", "--out"]),
        (["--text", "{text}/deeper"], ["deeper", "does not exist"]),
        (["--resume"], ["no checkpoint", "leave out --resume"]),
    ],
)
def test_pretraining_settings_are_refused(tmp_path, text, flags, names, capsys):
    before = text_of(tmp_path)
    flags = [flag.format(text=text) for flag in flags]
    assert commands.main(["pretrain", "--text", text, "--out", str(tmp_path / "lm"), *SMALL, *flags]) == 2
    one_line(capsys, *names)
    assert text_of(tmp_path) == before


def text_of(folder):
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "tokenizer.json"
    }


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--epochs", "0"], ["epochs is 0"]),
        (["--accumulate", "0"], ["accumulate is 0"]),
        (["--aux", "-1"], ["aux is -1"]),
        (["--out", "{model}"], ["already holds a run"]),
    ],
)
def test_fine_tuning_settings_are_refused(tmp_path, model, flags, names, capsys):
    rows = write_rows(tmp_path / "a.jsonl", [ROW, {"text": "b", "label": "y"}])
    before = text_of(tmp_path)
    capsys.readouterr()
    flags = ["--out", str(tmp_path / "out"), "--epochs", "1", *(flag.format(model=model) for flag in flags)]
    assert commands.main(["finetune", "single_text", "--train", rows, "--test", rows, "--model", model, *flags]) == 2
    one_line(capsys, *names)
    assert text_of(tmp_path) == before


@pytest.mark.parametrize(
    ("train", "test", "names"),
    [
        ([{"a": "x", "b": "y", "score": s} for s in (1, 2)], [{"a": "x", "b": "y", "label": "u"}], ["'score'"]),
        ([{"a": "x", "b": "y", "label": s} for s in "uv"], [{"a": "x", "b": "y", "score": 1}], ["'label'"]),
        ([{"a": "x", "b": "y", "label": "u"}] * 2, [{"a": "x", "b": "y", "label": "u"}], ["label is 'u'", "different"]),
        ([{"a": "x", "b": "y", "score": 1}] * 2, [{"a": "x", "b": "y", "score": 1}], ["score is 1.0", "different"]),
        ([{"a": "x", "b": "y", "label": None}] * 2, [{"a": "x", "b": "y", "score": 1}], ["label is None"]),
    ],
)
def test_answers_that_do_not_fit(tmp_path, train, test, names, capsys):
    paths = [write_rows(tmp_path / f"{i}.jsonl", rows) for i, rows in enumerate((train, test))]
    flags = ["--train", paths[0], "--test", paths[1], "--out", str(tmp_path / "out")]
    assert commands.main(["finetune", "similarity", *flags]) == 2
    one_line(capsys, *names)
    assert not (tmp_path / "out").exists()


def test_evaluate_overwrites_nothing(tmp_path, model, text, capsys):
    kept = tmp_path / "kept.json"
    kept.write_text("mine")
    capsys.readouterr()
    assert commands.main(["evaluate", "--model", model, "--text", text, "--out", str(kept)]) == 2
    one_line(capsys, "kept.json exists")
    assert kept.read_text() == "mine"
    for name in (model, "openai-community/openai-gpt", str(tmp_path / "nowhere")):
        assert commands.main(["evaluate", "--model", name, "--test", text]) == 2
        one_line(capsys, f"{name} holds no fine-tuned model", "only pre-trained", "--text")


def test_only_pretrain_runs_in_processes(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert commands.main(["finetune", "single_text", "--train", "a", "--test", "b", "--out", "c"]) == 2
    one_line(capsys, "without torchrun")


def test_an_unfinished_run_names_its_cure(tmp_path, model, capsys):
    (tmp_path / "lm/config.json").unlink()
    capsys.readouterr()
    assert commands.main(["generate", "--model", model]) == 2
    one_line(capsys, "unfinished", "--resume")


def test_data_prints_what_pretrain_reads(tmp_path, capsys):
    assert commands.main(["data", "world", "--n", "3"]) == 0
    assert capsys.readouterr().out == "\n\n".join(world.stories(3, 0)) + "\n"


@pytest.mark.parametrize(("name", "says"), [("run", "again\n"), ("ablate", "it goes on")])
def test_stopping_is_no_traceback(monkeypatch, capsys, name, says):
    def stopped(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(getattr(commands, name), name, stopped)
    assert commands.main([name]) == 130
    one_line(capsys, says)


@pytest.mark.parametrize(("given", "kept"), [(None, "passive"), ("active", "active")])
def test_threads_do_not_wait_in_a_loop_unless_asked(given, kept, monkeypatch):
    """Two threads that spin on busy cores are slower than one; who has chosen keeps the choice."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    commands.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == kept
