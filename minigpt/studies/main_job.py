"""The main job: pre-train with eqs. (1) and (2), fine-tune through eqs. (5) to (8), and say what pre-training bought.

    texts -> tokenizer -> GPT -> pretrain
    each task: majority, bag of words, word pairs; the GPT from scratch and the pre-trained ones, fine-tuned

All arms have the same architecture, labels, recipe and number of steps; they differ in where the weights start. In the
toy world two more bodies are pre-trained, on stories that say less and more than the plain ones: what a text holds
decides what its reader learns.
"""

import dataclasses
import time
from pathlib import Path

from minigpt.checkpoint import is_in
from minigpt.finetune import finetune
from minigpt.metrics import paired
from minigpt.model import GPT
from minigpt.pictures import runs
from minigpt.pictures.explorer import page
from minigpt.pretrained import load_body
from minigpt.studies import baselines, likelihood, minimal_pairs, named
from minigpt.studies.budget import planned
from minigpt.studies.results import cell, pretraining_line, table
from minigpt.studies.snapshots import keeping, unmasked
from minigpt.support.device import one_thread, product_speed
from minigpt.support.errors import InputError
from minigpt.support.files import write_json
from minigpt.support.folders import refuse_full
from minigpt.support.workers import processes_for
from minigpt.task_model import TaskModel, score
from minigpt.train import documents, evaluate, pretrain

WARM, PRETRAINING_SHARE = 100, 0.7  # steps by which the whole job's time is judged; the part that pre-training takes


def check_folder(out, resume):
    """Refuse a folder that holds a run; or to `resume` one that holds none, or a whole one."""
    if not resume:
        refuse_full(out)
    elif (out / "metrics.json").exists():
        raise InputError(f"{out} holds a whole run: there is nothing to resume; choose another --out")
    elif not is_in(out):
        raise InputError(f"{out} holds no checkpoint: there is nothing to resume; leave out --resume")


def run(setting, out, seed, device, say=print, model=None, frozen=False, resume=False):
    """Do the main job; everything is written to the folder `out`.

    A folder `model` is one more arm, see `named.py`; with `frozen`, W^y alone of it is fitted. With `resume` the
    pre-training in `out` goes on from its checkpoint, bit-equal to a run that was never stopped.

    Each process has one thread: small products gain little from two, and lose much where other work keeps the cores
    busy. This one pre-trains on the plain text, while others do the arms that do not wait for it.

    Returns:
        what `metrics.json` holds: {"seed", "pretraining", "others": {arm: pre-training}, "seconds", "gflops", "tasks":
        {name: {"task", "n_train", "n_test", "leads", arm: {"metric", "score", "low", "high", ...}}}}.
    """
    out = Path(out)
    check_folder(out, resume)
    started, gflops = time.perf_counter(), product_speed()
    tok = setting.tokenizer()
    tok.save(out)
    n = len(setting.corpus.texts)
    say(f"{n:,} texts, |V| = {tok.vocab_size}; one thread multiplies at {gflops:.0f} GFLOP/s here")
    with one_thread(), processes_for(1 + len(setting.tasks)) as pool:
        if model:
            how = "W^y alone on its states" if frozen else "all weights fine-tuned"
            say(f"{named.ARM}: {model}, {how}; on a CPU about {named.estimate(setting, model, frozen, seed)} of it")
        elsewhere = pool.submit(named.arm, setting, model, frozen, seed, device) if model else None
        others = {arm: pool.submit(other_arm, setting, arm, tok, seed, device, out) for arm in setting.others}
        bodiless = pool.submit(arms_without_body, setting, tok, seed, device, out)
        if setting.snapshots:
            cheating = pool.submit(unmasked, setting, tok, out / "snapshots", device)
        pretraining = pretrained(setting, setting.corpus, tok, out, device, say, resume)
        say(pretraining_line(pretraining))
        tuned = {
            name: pool.submit(fine_tuned, setting, name, tok, seed, device, out, out / name) for name in setting.tasks
        }
        alone = pool.submit(unlabelled, setting, out, device) if setting.pairs else None
        tasks = {name: row | {"pre-trained": tuned[name].result()} for name, row in bodiless.result().items()}
        metrics = {"seed": seed, "pretraining": pretraining, "others": {}, "tasks": tasks}
        for arm, done in others.items():
            metrics["others"][arm], scores = done.result()
            for name, row in tasks.items():
                row[arm] = scores[name]
        if model:
            metrics["model"] = {"folder": str(model), "frozen": frozen}
            for name, (answers, n_cut) in elsewhere.result().items():
                data = setting.tasks[name]
                tasks[name][named.ARM] = told(data.task, answers, data.test) | {"cut": n_cut}
        if setting.snapshots:
            cheating.result()
        if alone:
            metrics["without labels"] = alone.result()
    for name, row in tasks.items():
        row["leads"] = leads(row, setting.tasks[name].groups)
    metrics |= {"seconds": time.perf_counter() - started, "gflops": gflops}
    runs.save(runs.task_table(tasks), out / "table.png")
    write_json(out / "metrics.json", metrics)
    say(table(tasks))
    for name, found in metrics.get("without labels", {}).items():
        say(f"eq. (1) alone, no label: {name} {cell(found)}")
    say(f"{metrics['seconds']:.0f} s in all; weights, tokenizer, metrics.json, loss.csv and pictures are in {out}")
    try:
        page.write(out, out / "explorer.html")
        say(f"open {out / 'explorer.html'} in a browser: your model, and every number in it")
    except InputError as error:  # the results stand, whatever a page can carry
        say(f"no page of this model: {error}")
    return metrics


def pretrained(setting, corpus, tok, out, device, say=None, resume=False):
    """Pre-train and save a body in the folder `out`; its loss on fresh text beside the floor.

    Each text is read once or twice, too seldom to learn it by heart: hence no dropout in the toy world.
    """
    started = time.perf_counter()
    config = setting.config(tok)
    model = GPT(config, setting.pretraining.seed).to(device)
    sequences = documents(corpus.texts, tok, config.n_ctx)
    recipe, watches = setting.pretraining, []
    if setting.minutes:
        checkpoint = Path(out) / "checkpoint.safetensors" if resume else None
        recipe = planned(setting.minutes, model, sequences, recipe, checkpoint)
    if say:
        watches = [keeping(model, Path(out) / "snapshots", setting.snapshots), judging(say, setting, recipe.steps)]

    def watch(log):
        for look in watches:
            look(log)

    log = pretrain(model, sequences, recipe, out, resume=resume, progress=say is not None, watch=watch)
    model.save(out)
    runs.save(runs.loss_curve(log, corpus.floor), Path(out) / "loss.png")
    result = evaluate(model, documents(corpus.fresh, tok, config.n_ctx))
    return result | {"floor": corpus.floor, "steps": recipe.steps, "seconds": time.perf_counter() - started}


def unlabelled(setting, out, device):
    """What eq. (1) decides by itself: {"minimal pairs, PHENOMENON" and each task with options: score and interval}."""
    tok, model = load_body(out)
    model = model.to(device)
    judged = minimal_pairs.judged(tok, model, setting.pairs)
    found = {f"minimal pairs, {name}": row for name, row in judged.items()}
    for name, data in setting.tasks.items():
        if data.task == "multiple_choice":
            found[name] = score(data.task, likelihood.choose(model, tok, data.test), data.test).to_json()
    return found


def judging(say, setting, n_steps):
    """A `watch` for `pretrain` that says once how long it will take, judged by some steps after the first."""
    share, what = (1, "of pre-training") if setting.minutes else (PRETRAINING_SHARE, "in all")
    ends = []

    def watch(log):
        ends.append(time.perf_counter())
        if len(ends) == 2 * WARM:  # the first steps load what PyTorch loads when it is first used
            left = n_steps - (log[-1]["step"] - len(ends))  # a run that goes on has done some before
            minutes = (ends[-1] - ends[WARM - 1]) / WARM * left / share / 60
            judged = f"judged by {WARM} of {left:,} steps"
            say(f"about {max(1, round(minutes))} min {what} on this machine, {judged}")

    return watch


def other_arm(setting, arm, tok, seed, device, out):
    """A body that is pre-trained on another text, and its scores on the tasks: (pre-training, {task: score})."""
    folder = out / arm.replace(" ", "-")
    result = pretrained(setting, setting.others[arm], tok, folder, device)
    return result, {name: fine_tuned(setting, name, tok, seed, device, folder) for name in setting.tasks}


def arms_without_body(setting, tok, seed, device, out):
    """The arms of each task's row that no pre-training precedes; the models are saved in `out`/from-scratch."""
    rows = {}
    for name, data in setting.tasks.items():
        task, train, test = data.task, data.train, data.test
        rows[name] = row = {"task": task, "n_train": len(train), "n_test": len(test)}
        row["majority"] = told(task, baselines.majority(train, test), test)
        row["bag of words"] = told(task, baselines.bag_of_words(task, train, test), test)
        row["word pairs"] = told(task, baselines.bag_of_words(task, train, test, longest=2), test)
        row["from scratch"] = fine_tuned(setting, name, tok, seed, device, out=out / "from-scratch" / name)
    return rows


def fine_tuned(setting, name, tok, seed, device, pretrained=None, out=None):
    """Fine-tune on a task's data, from the folder `pretrained` or from scratch; what the table says of it."""
    data = setting.tasks[name]
    body = GPT(dataclasses.replace(setting.config(tok), dropout=0.1), seed + 1)
    if pretrained is not None:
        body.load_state_dict(GPT.load(pretrained).state_dict())
    model = TaskModel.for_examples(data.task, tok, body, data.train, seed).to(device)
    done = finetune(model, data.train, data.recipe, progress=False)
    if out is not None:
        model.save(out)
    row = told(data.task, model.predict(data.test), data.test)
    return row | {"train": model.evaluate(data.train).score, "cut": done["cut"]}


def told(task, answers, examples):
    """Answers as a row of the table: their score, and where they have a label, which of them are right."""
    row = score(task, answers, examples).to_json()
    if "label" in examples[0]:
        row["right"] = [answer == example["label"] for answer, example in zip(answers, examples, strict=True)]
    return row


def leads(row, groups):
    """How far the pre-trained arm is ahead of each other on the same examples; takes the answers out of `row`."""
    right = {arm: found.pop("right") for arm, found in row.items() if isinstance(found, dict) and "right" in found}
    ours = right.pop("pre-trained", None)
    return {arm: dataclasses.asdict(paired(ours, theirs, groups)) for arm, theirs in right.items()}
