"""A walk through every public function with a model that says it stands on a GPU, NVIDIA's or a Mac's.

Each stage of the walk runs on the CPU, and on a device that is only pretended (`pretended.py`): mixed devices raise
there, and what comes out must be the CPU's. No function that handles tensors is left out. Then known faults are put
back, and each stage is seen to find its own.
"""

import ast
import contextlib
import dataclasses
import inspect
import json
import sys
import textwrap
from concurrent.futures import Future
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from pretended import Generator, Pretended
from test_ablation import small

import minigpt.attention
import minigpt.fast.dropout
import minigpt.generate
import minigpt.train
from minigpt import batch, commands, model, reference, task_model
from minigpt.data import world, world_tasks
from minigpt.fast import cache
from minigpt.fast.scale import Scale
from minigpt.finetune import FinetuneConfig, finetune
from minigpt.generate import generate
from minigpt.loss import lm_loss
from minigpt.model import GPT, GPTConfig
from minigpt.pictures import widgets
from minigpt.pictures.explorer import page, payload
from minigpt.pretrained import add_markers, load_openai_gpt, save_openai_gpt
from minigpt.probe import probe
from minigpt.studies import ablation, budget, likelihood, main_job, named, settings, snapshots, zeroshot
from minigpt.support import device as devices
from minigpt.task_model import TaskModel
from minigpt.tokenizer import Tokenizer
from minigpt.train import TrainConfig, documents, evaluate, pretrain

KINDS = ["cuda", "mps"]
pytestmark = pytest.mark.filterwarnings("ignore:PyTorch was compiled without cuDNN")  # an LSTM asks for it
TOK = Tokenizer.train(world.stories(300, 0), 100, level="word")


@contextlib.contextmanager
def on(kind, monkeypatch):
    """The device of that name; for "cpu" nothing is pretended. `--device` picks it, whatever it is called there."""
    with monkeypatch.context() as patch, contextlib.nullcontext() if kind == "cpu" else Pretended(kind) as mode:
        device = mode.device if mode else torch.device("cpu")
        patch.setattr(torch, "Generator", Generator)
        patch.setattr(devices, "pick", lambda name: device)
        patch.setattr(devices, "memory_of", lambda device: 1e12)
        hook = torch.nn.modules.module.register_module_forward_hook(stands_on(device))
        try:
            yield device
        finally:
            hook.remove()


def stands_on(device):
    """What no error tells: a model that was left on the CPU, and computes there."""

    def look(module, given, made):
        assert not isinstance(made, torch.Tensor) or made.device.type == device.type, f"{module} was left behind"

    return look


def body(device, dropout=0.0, **changed):
    sizes = {"vocab_size": TOK.vocab_size, "n_ctx": 72, "n_layer": 2, "n_head": 2, "d_model": 16} | changed
    return GPT(GPTConfig(**sizes, dropout=dropout), seed=0).to(device)


def walk_pretrain(device, folder):
    """With dropout, checkpoints, a stop and another start; then eq. (1) on the same texts, and saving."""
    sequences, recipe = documents(world.stories(12, 0), TOK, 72), TrainConfig(steps=4, batch_size=4)
    pretrain(body(device, dropout=0.1, attention_dropout=0.1), sequences, recipe, progress=False)
    log = pretrain(body(device), sequences, recipe, folder, checkpoint_every=2, progress=False)
    gpt = body(device, tie_weights=True)
    pretrain(gpt, sequences, recipe, progress=False)
    gpt.save(folder)
    resumed = pretrain(body(device), sequences, recipe, folder, checkpoint_every=2, resume=True, progress=False)
    assert [row["step"] for row in resumed] == [1, 2, 3, 4]
    checkpoint = folder / "checkpoint.safetensors"
    assert budget.planned(0.01, body(device), sequences, recipe).steps > 0
    assert budget.planned(0.01, body(device), sequences, recipe, checkpoint).steps == 4
    loaded, in_parts = GPT.load(folder).to(device), body(device)
    log += pretrain(in_parts, sequences, recipe, progress=False, take_step=Scale(micro=1).prepare(in_parts, device))
    return [row["loss"] for row in log], evaluate(gpt, sequences), evaluate(loaded, sequences)


def scored(task):
    """A task's examples; similarity with scores, which are a kind of answer of their own."""
    examples = world_tasks.examples(task, 12, seed=1)
    if task != "similarity":
        return examples
    return [{"a": e["a"], "b": e["b"], "score": float(i)} for i, e in enumerate(examples)]


def walk_tasks(device, folder):
    """Every task, and similarity once more with scores: fine-tuned in each way, asked, saved, loaded; W^y alone."""
    told = []
    sets = [(task, world_tasks.examples(task, 12, seed=1)) for task in world_tasks.TASKS]
    for task, examples in [*sets, ("similarity", scored("similarity"))]:
        made = TaskModel.for_examples(task, TOK, body(device, dropout=0.1), examples).to(device)
        ways = [{}, {"aux": 0.5}, {"accumulate": 2, "recompute": True}]
        for way in ways:
            finetune(made, examples, FinetuneConfig(epochs=1, batch_size=6, **way), progress=False)
        made = TaskModel.for_examples(task, TOK, body(device), examples).to(device)
        recipe, out = FinetuneConfig(epochs=2, batch_size=6), folder / f"{task} {len(told)}"
        losses = finetune(made, examples, recipe, progress=False, out=out, checkpoint_every=2)["losses"]
        again = TaskModel.for_examples(task, TOK, body(device), examples).to(device)
        assert finetune(again, examples, recipe, progress=False, out=out, resume=True)["losses"] == losses
        made.save(out)
        loaded = TaskModel.load(out).to(device)
        assert loaded.predict(examples) == made.predict(examples)
        told += [losses, made.predict(examples), made.evaluate(examples).score, probe(made, examples, progress=False)]
    return told


def walk_generate(device, folder):
    """With and without the cache, past n_ctx, prompts of several lengths; generators of the CPU, the device, none."""
    gpt, rows = body(device), [[TOK.start_id], [TOK.start_id, 1, 2]]
    told = []
    for cached in (True, False):
        for how in ({}, {"top_k": 3}, {"top_p": 0.5}, {"temperature": 0.0}, {"end_id": TOK.end_id}):
            for where in ("cpu", device):
                draws = torch.Generator(where).manual_seed(0)
                drawn = generate(gpt, rows, 20, generator=draws, use_cache=cached, **how)
                told += [drawn] if where == "cpu" else []  # a Mac draws other numbers
        generate(gpt, rows, 3, use_cache=cached)
        ids = torch.tensor(rows[1:], device=device)
        told.append(generate(gpt, ids, 80, temperature=0.0, use_cache=cached).tolist())
    return told


def walk_zeroshot(device, folder):
    gpt = body(device)
    chosen = likelihood.choose(gpt, TOK, world_tasks.examples("multiple_choice", 4, seed=1))
    told = [zeroshot.answer(gpt, TOK, task, world_tasks.examples(task, 4, seed=1)) for task in world_tasks.TASKS]
    return [*told, chosen]


def walk_widgets(device, folder):
    gpt, text = body(device).eval(), "Ben took the ball."
    figure = widgets.next_token_figure(gpt, TOK, "Ben took", lambda text: {"the": 1.0})
    shown = [patch.get_height() for patch in figure.axes[0].patches]
    widgets.heads_of(gpt, TOK, text, 2)
    widgets.heads_box(gpt, TOK, text)
    widgets.live_loss(gpt, documents([text], TOK, 72), TrainConfig(steps=1)).children[0].click()
    return shown, widgets.attention_weights(body(device).eval(), [TOK.start_id, 1, 2], 1).tolist()


def walk_explorer(device, folder):
    gpt = body(device)
    gpt.save(folder)
    TOK.save(folder)
    page.write(folder, folder / "page.html")
    return payload.of_model(TOK, gpt)["body"], widgets.explorer(gpt, TOK, "inside", "Ben took").hash


def walk_studies(device, folder):
    """`ablate` of one task with all its bodies, the LSTM too."""
    with mock.patch.object(settings, "toy", lambda seed: small()):
        commands.main(["ablate", "--seeds", "0", "--out", str(folder), "--device", device.type])
    rows = ablation.read_table(folder / "ablations.csv")
    return [row["score"] for row in rows if not row["labels"]]  # the others drop other numbers on other devices


class Here:
    """A pool that does its work at once, in this process: what is pretended reaches no other."""

    def submit(self, work, *given):
        done = Future()
        done.set_result(work(*given))
        return done


def small_job(seed, minutes, language):
    """All that the main job does, a few steps of it: another text, snapshots, a model without mask, sentence pairs."""
    setting, fresh = small(), world.stories(4, 1)
    tasks = {name: dataclasses.replace(data, train=data.test) for name, data in setting.tasks.items()}
    others = {name: dataclasses.replace(corpus, fresh=fresh) for name, corpus in setting.others.items()}
    corpus = dataclasses.replace(setting.corpus, fresh=fresh)
    pairs = [{"good": text, "bad": f"No {text}", "phenomenon": "ellipsis"} for text in fresh]
    return dataclasses.replace(setting, tasks=tasks, others=others, corpus=corpus, snapshots=(0, 4), pairs=pairs)


def walk_main_job(device, folder):
    """`run` with a named model, of which W^y alone is fitted, then all weights."""
    TOK.save(folder / "named")
    body(torch.device("cpu")).save(folder / "named")
    told = []
    with (
        mock.patch.object(main_job, "processes_for", lambda n: contextlib.nullcontext(Here())),
        mock.patch.object(snapshots, "UNMASKED_STEPS", 2),
        mock.patch.object(settings, "real", small_job),
        mock.patch.object(named, "RECIPE", dataclasses.replace(named.RECIPE, accumulate=2)),
    ):
        for how in (["--frozen"], []):
            line = ["run", "--real", "--model", folder / "named", "--out", folder / f"out{len(told)}", *how]
            assert commands.main([*map(str, line), "--device", device.type]) == 0
            metrics = json.loads((folder / f"out{len(told)}" / "metrics.json").read_text())
            losses = [metrics["pretraining"]["loss"], *(one["loss"] for one in metrics["others"].values())]
            told.append((losses, metrics["tasks"]["entailment"]["named model"]["score"]))
            assert 0 <= metrics["without labels"]["minimal pairs, overall"]["score"] <= 1
    return told


def walk_gpt1(device, folder):
    """A model of GPT-1's kind: saved from the device, loaded, grown by the markers, into NumPy."""
    gpt = body(device, tie_weights=True)
    save_openai_gpt(gpt, folder)
    grown = add_markers(load_openai_gpt(folder).to(device)).to(device)
    add_markers(gpt)
    ids = torch.tensor([[1, 2, 3]], device=device)
    with torch.no_grad():
        states, loss = grown.hidden(ids), lm_loss(gpt(ids), ids)
    params = reference.params_from(gpt)
    payload.rounded(gpt)
    return states.tolist(), loss.item(), {name: p.sum() for name, p in params.items()}


def walk_commands(device, folder):
    """The command line, each command with `--device`."""
    (folder / "text.txt").write_text("\n\n".join(world.stories(40, 0)), encoding="utf-8")
    rows = world_tasks.examples("entailment", 12, seed=1)
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    text, table = folder / "text.txt", folder / "rows.jsonl"
    sizes = {"level": "word", "n-layer": 1, "n-head": 1, "d-model": 8, "steps": 3, "batch-size": 4}
    sizes = [word for name, value in sizes.items() for word in (f"--{name}", value)]
    files = ["--model", folder / "lm", "--train", table, "--test", table]
    for line in (
        ["pretrain", "--text", text, "--out", folder / "lm", *sizes],
        ["generate", "--model", folder / "lm", "--prompt", "Ben", "--max-new-tokens", "5"],
        ["evaluate", "--model", folder / "lm", "--text", text],
        ["finetune", "entailment", *files, "--out", folder / "all", "--epochs", "1"],
        ["finetune", "entailment", *files, "--out", folder / "head", "--frozen"],
        ["evaluate", "--model", folder / "all", "--test", table],
    ):
        assert commands.main([*map(str, line), "--device", device.type]) == 0
    return json.loads((folder / "head" / "metrics.json").read_text())["score"]


WALKS = {name.removeprefix("walk_"): walk for name, walk in globals().items() if name.startswith("walk_")}
ON_THE_CPU = {}  # what each stage gave there
ENTERED = set()  # (file, function) that the stages went through there


def numbers(told):
    """What a stage told, as a list of numbers and words."""
    if isinstance(told, dict):
        return [x for value in told.values() for x in numbers(value)]
    if isinstance(told, list | tuple):
        return [x for value in told for x in numbers(value)]
    return [told]


def walk_on_the_cpu(stage, folder, monkeypatch, request):
    """Once for all tests; in `studies` with few labels, whatever is tested."""
    if stage == "studies":
        request.getfixturevalue("few_ablations")
    if stage in ON_THE_CPU:
        return

    def look(frame, event, given):
        if event == "call" and "minigpt" in frame.f_code.co_filename:
            ENTERED.add((frame.f_code.co_filename, frame.f_code.co_qualname))

    folder.mkdir()
    before = sys.getprofile()
    with on("cpu", monkeypatch) as device:
        sys.setprofile(look)
        try:
            ON_THE_CPU[stage] = numbers(WALKS[stage](device, folder))
        finally:
            sys.setprofile(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", WALKS)
def test_the_walk(stage, kind, tmp_path, monkeypatch, request):
    walk_on_the_cpu(stage, tmp_path / "cpu", monkeypatch, request)
    (tmp_path / kind).mkdir()
    with on(kind, monkeypatch) as device:
        told = numbers(WALKS[stage](device, tmp_path / kind))
    for here, there in zip(told, ON_THE_CPU[stage], strict=True):
        assert here == (pytest.approx(there, rel=1e-4, abs=1e-5) if isinstance(there, float) else there)


# --- nothing is left out ------------------------------------------------------------------------------------------

PACKAGE = Path(minigpt.__file__).parent
NO_TENSORS = ["reference", "formats", "metrics", "tokenizer", "fast/encode", "pictures/explorer/world_table"]
NO_TENSORS += [f"studies/{name}" for name in ("baselines", "gpt1_words", "jobs", "kneser_ney", "plan", "results")]
NO_TENSORS += ["studies/settings"]  # text and NumPy alone
CPU_ALONE = [f"studies/{name}" for name in ("books", "scaling", "shipped", "reading", "ladder")]  # by intent
ASIDE = {  # and of the others
    "checkpoint": {"is_in", "load_parts"},  # of several processes, as the next two: tests/test_scale.py
    "fast/parallel": {"shard"},
    "fast/sharded_checkpoint": {"about", "load", "save"},
    "fast/gelu": {"value_and_slope", "Gelu.forward", "Gelu.backward"},  # the CPU's way, for large arrays
    "fast/linear": {"made_by_amd", "product", "agrees", "laid_out", "OneDNN.forward", "OneDNN.backward"},  # the CPU
    "pictures/widgets": {"attention_stepper", "trained"},  # numbers, a folder
    "pretrained": {"load_openai_tokenizer"},
    "studies/minimal_pairs": {"read_pairs", "table"},  # texts, numbers
}


def public(tree):
    """The names of a module's functions, and of its classes' methods, that begin with no underscore."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else []
        names = {f"{node.name}.{f.name}": f.name for f in inside if isinstance(f, ast.FunctionDef)}
        names |= {node.name: node.name} if isinstance(node, ast.FunctionDef) else {}
        yield from (whole for whole, name in names.items() if not name.startswith("_"))


def to_be_walked():
    """(file, function) of the lecture, of what makes it fast or is tried with it, and of pictures that ask a model."""
    rooms = ("*.py", "fast/*.py", "studies/*.py", "pictures/widgets.py", "pictures/explorer/*.py")
    for path in (path for room in rooms for path in PACKAGE.glob(room)):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if name not in NO_TENSORS + CPU_ALONE:
            functions = set(public(ast.parse(path.read_text(encoding="utf-8"))))
            assert functions >= ASIDE.get(name, set()), f"{name} has changed: what of it is to be walked?"
            yield from ((str(path), function) for function in functions - ASIDE.get(name, set()))


def test_no_function_is_left_out(tmp_path, monkeypatch, request):
    for stage in WALKS:
        with monkeypatch.context() as patch:
            walk_on_the_cpu(stage, tmp_path / stage, patch, request)
    assert sorted(set(to_be_walked()) - ENTERED) == []


# --- known faults, each put back ----------------------------------------------------------------------------------

ON_MODEL = ", device=model.token_embedding.weight.device"
FAULTS = [  # stage that finds it, on which device, where, the right line, the wrong one
    ("zeroshot", "cuda", zeroshot, "p_no", ", device_of(gpt))", ")"),
    ("widgets", "cuda", widgets, "attention_weights", ON_MODEL, ""),
    ("widgets", "cuda", widgets, "attention_weights", ".cpu().numpy()", ".numpy()"),
    ("widgets", "cuda", widgets, "next_token_figure", ON_MODEL, ""),
    ("widgets", "cuda", widgets, "next_token_figure", ".cpu().numpy()", ".numpy()"),
    ("explorer", "cuda", payload, "halves", ".cpu()", ""),
    ("generate", "cuda", minigpt.generate, "draw", "device=where", "device=sums.device"),
    ("generate", "cuda", minigpt.generate, "draw", ".to(sums)", ""),
    ("generate", "mps", minigpt.generate, "draw", 'torch.float if where.type == "mps" else', ""),
    ("generate", "mps", minigpt.generate, "draw", 'probabilities.cpu() if home.type == "mps" else', ""),
    ("generate", "cuda", cache.KVCache, "begin", "(T, device=self.lengths.device)", "(T)"),
    ("pretrain", "mps", minigpt.fast.dropout, "dropout", "if not x.is_cpu:", "if x.is_cuda:"),
    ("pretrain", "cuda", minigpt.train, "train_step", ", next(model.parameters()).device)", ")"),
    ("pretrain", "mps", minigpt.attention, "attention_weights", ", device=q.device", ""),
    ("pretrain", "cuda", model.GPT, "hidden", ", device=ids.device", ""),
    ("tasks", "cuda", batch.Batch, "to", "tensor.to(device)", "tensor"),
    ("tasks", "cuda", task_model.TaskModel, "states", ", device=hidden.device", ""),
    ("studies", "cuda", ablation, "attempt", ", trial.seed).to(device)", ", trial.seed)"),
    ("studies", "cuda", ablation, "body", ".to(device)", ""),
    ("studies", "cuda", commands.ablate, "ablate", ", device=where)", ")"),
    ("main_job", "cuda", named, "arm", ".to(device)", ""),
    ("main_job", "cuda", main_job, "fine_tuned", ".to(device)", ""),
    ("main_job", "cuda", main_job, "run", '/ "snapshots", device)', '/ "snapshots", "cpu")'),
    ("main_job", "cuda", commands.run, "run", "args.seed, where,", 'args.seed, "cpu",'),
    ("commands", "cuda", commands.finetune, "finetune", ", args.seed).to(where)", ", args.seed)"),
    ("commands", "cuda", commands.generate, "generate", "gpt.to(where)", "gpt"),
]


def put_back(monkeypatch, owner, name, right, wrong):
    """The function `name` of a module or class with one line as it once was, or might be."""
    source = textwrap.dedent(inspect.getsource(getattr(owner, name)))
    assert source.count(right) == 1, f"{name} has changed: say again what would be wrong in it"
    module = inspect.getmodule(owner) if inspect.isclass(owner) else owner
    made = {}
    exec(compile(source.replace(right, wrong), "<fault>", "exec"), vars(module), made)
    monkeypatch.setattr(owner, name, made[name])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f[0]}-{f[1]}-{f[3]}")
def test_the_walk_catches(fault, tmp_path, monkeypatch, request):
    stage, kind, owner, name, right, wrong = fault
    if stage == "studies":
        request.getfixturevalue("few_ablations")
    put_back(monkeypatch, owner, name, right, wrong)
    if fault[3] == "attention_weights" and owner is minigpt.attention:  # which the fused kernel leaves unused
        stage = "widgets"
    told = "same device|left behind|float64|to numpy|for generator"
    with pytest.raises((RuntimeError, TypeError, AssertionError), match=told), on(kind, monkeypatch) as device:
        WALKS[stage](device, tmp_path)
        raise ValueError("the walk ended as if nothing were wrong")


# --- and the pretended device itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_pretended_device_is_like_one(kind):
    with Pretended(kind) as mode:
        there = torch.ones(3, device=kind)
        assert (there.device, there.is_cpu, getattr(there, f"is_{kind}")) == (mode.device, False, True)
        assert (there + 1).device == there[:2].device == torch.zeros_like(there).device == mode.device
        assert there.cpu().is_cpu and torch.ones(3).to(there).device == mode.device
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(3)
        there += torch.tensor(1.0)  # a number may stand on the CPU
        there[:2] = torch.zeros(2)  # a copy from device to device
        with pytest.raises(RuntimeError, match="same device"):
            there[torch.tensor([0], device=kind)] = torch.zeros(1)
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        with pytest.raises(TypeError, match="numpy"):
            np.asarray(there)
        with pytest.raises(RuntimeError, match="generator"):
            torch.rand(3, device=kind, generator=torch.Generator())
        assert there.tolist() == [0.0, 0.0, 2.0] and mode.waits == 1
        if kind == "mps":
            with pytest.raises(TypeError, match="float64"):
                there.double()


def test_a_step_does_not_wait_for_its_ids(monkeypatch):
    """Two numbers a step are waited for, its loss and its gradient's norm: looking at the ids would be a third."""

    def waits(steps):
        with on("cuda", monkeypatch) as device, Pretended("cuda") as mode:
            sequences = documents(world.stories(12, 0), TOK, 72)
            pretrain(body(device), sequences, TrainConfig(steps=steps, batch_size=4), progress=False)
            return mode.waits

    assert waits(6) - waits(2) == 4 * 2
    put_back(monkeypatch, model.GPT, "check", "if self.training and not ids.is_cpu:", "if False:")
    assert waits(6) - waits(2) > 4 * 2
