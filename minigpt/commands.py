"""What each command does; `cli.py` says how it is typed. Modules are imported where they are needed: help is quick."""

import json
from pathlib import Path

from minigpt.files import InputError, read_json, write_json


def run(args):
    from minigpt import device, experiment

    where = device.pick(args.device)
    setting = experiment.real(args.seed) if args.real else experiment.toy(args.seed, args.language)
    name = "real" if args.real else f"toy-{args.language}"
    out = args.out or free_folder(Path("runs") / f"{name}-seed{args.seed}")
    experiment.run(setting, out, args.seed, where)


def spread(args):
    from minigpt import experiment

    print(experiment.spread([read_json(Path(folder) / "metrics.json") for folder in args.runs]))


def pretrain(args):
    from minigpt import device, train
    from minigpt.data.tables import read_documents
    from minigpt.model import GPT, GPTConfig
    from minigpt.tokenizer import Tokenizer

    out, where = Path(args.out), device.pick(args.device)
    texts = [text for path in args.text for text in read_documents(path)]
    if not args.resume:
        refuse_full(out, "config.json", "checkpoint.safetensors")
    tok = Tokenizer.load(out) if args.resume else Tokenizer.train(texts, args.vocab_size, args.level)
    config = GPTConfig(
        tok.vocab_size, args.n_ctx, args.n_layer, args.n_head, args.d_model, args.dropout, tie_weights=args.tie_weights
    )
    sequences = train.documents(texts, tok, config.n_ctx)
    device.check_memory(config, args.batch_size, max(map(len, sequences), default=0), where)
    recipe = train.TrainConfig(args.steps, args.batch_size, args.lr, seed=args.seed)
    with device.processes(where) as rank:
        if rank == 0:
            tok.save(out)
        model = GPT(config, args.seed).to(where)
        log = train.pretrain(model, sequences, recipe, out, args.checkpoint_every, args.resume)
        if rank == 0:
            finish_pretraining(model, log, out)


def finish_pretraining(model, log, out):
    from minigpt import plots

    model.save(out)
    if log:
        plots.save(plots.loss_curve(log), out / "loss.png")
        print(f"loss {log[-1]['loss']:.4f} nats per token at step {log[-1]['step']}")
    print(f'model, tokenizer and loss.csv are in {out}; try: minigpt generate --model {out} --prompt "..."')


def finetune(args):
    from minigpt import baselines, device
    from minigpt.data.tables import read_examples
    from minigpt.finetune import FinetuneConfig, Finetuned, score
    from minigpt.finetune import finetune as fit

    out, where = Path(args.out), device.pick(args.device)
    refuse_full(out, "task.json", "metrics.json")
    train, test = read_examples(args.train, args.task), read_examples(args.test, args.task)
    tok, gpt = load_body(args.model) if args.model else new_body(train, args.seed)
    tuned = Finetuned.for_examples(args.task, tok, gpt, train, args.seed)
    tuned.targets(test)
    tuned.model.to(where)
    recipe = FinetuneConfig(
        args.epochs, args.batch_size, args.lr,
        aux=args.aux, accumulate=args.accumulate, recompute=args.recompute, seed=args.seed,
    )  # fmt: skip
    done = fit(tuned, train, recipe)
    found = tuned.evaluate(test)
    bar = score(baselines.majority(train, test), test)
    metrics = {
        "task": args.task,
        "n_train": len(train),
        "n_test": len(test),
        "majority": bar["score"],
        **found,
    }
    tuned.save(out)
    write_json(out / "metrics.json", metrics | {"cut": done["cut"]})
    show(metrics)
    if done["cut"]:
        print(f"{done['cut']} of {len(train)} training examples were longer than n_ctx and were cut")
    print(f"model and metrics.json are in {out}")


def show(metrics):
    interval = f"{metrics['score']:.3f} [{metrics['low']:.3f}, {metrics['high']:.3f}]"
    bar = f", majority {metrics['majority']:.3f}" if "majority" in metrics else ""
    print(f"{metrics['task']}: {metrics['metric']} {interval} on {metrics['n_test']} examples{bar}")


def load_body(folder):
    """Tokenizer and model from a folder of minigpt, or of GPT-1, to which the markers are added."""
    from minigpt import pretrained
    from minigpt.model import GPT
    from minigpt.tokenizer import Tokenizer

    if pretrained.is_openai_gpt(folder):
        tok = pretrained.load_openai_tokenizer(folder)
        return tok, pretrained.add_markers(pretrained.load_openai_gpt(folder))
    tok, gpt = Tokenizer.load(folder), GPT.load(folder)
    if tok.vocab_size != gpt.config.vocab_size:
        raise InputError(
            f"{folder}: the tokenizer has {tok.vocab_size} ids, the model {gpt.config.vocab_size}: "
            "take both from the folder of one run"
        )
    return tok, gpt


def new_body(train, seed):
    """A model from scratch, with a vocabulary learnt from the training examples."""
    from minigpt.experiment import unlabelled
    from minigpt.model import GPT, GPTConfig
    from minigpt.tokenizer import Tokenizer

    tok = Tokenizer.train(unlabelled(train), vocab_size=2_000, level="bpe")
    return tok, GPT(GPTConfig(tok.vocab_size, n_ctx=256, n_layer=4, n_head=4, d_model=128), seed)


def evaluate(args):
    from minigpt import device, train
    from minigpt.data.tables import read_documents, read_examples
    from minigpt.finetune import Finetuned
    from minigpt.loss import bits, perplexity

    where, folder = device.pick(args.device), Path(args.model)
    if args.text:
        tok, gpt = load_body(folder)
        sequences = train.documents(read_documents(args.text), tok, gpt.config.n_ctx)
        found = train.evaluate(gpt.to(where), sequences)
        found |= {"perplexity": perplexity(found["loss"]), "bits_per_token": bits(found["loss"])}
        print(
            f"{found['loss']:.4f} nats per token ({found['bits_per_token']:.4f} bits, perplexity "
            f"{found['perplexity']:.2f}) on {found['tokens']} tokens"
        )
    else:
        tuned = Finetuned.load(folder)
        tuned.model.to(where)
        test = read_examples(args.test, tuned.task)
        found = {"task": tuned.task, "n_test": len(test), **tuned.evaluate(test)}
        show(found)
    if args.out:
        write_json(args.out, found)


def generate(args):
    import torch

    from minigpt import device
    from minigpt.generate import generate as go_on

    where = device.pick(args.device)
    tok, gpt = load_body(args.model)
    ids = torch.tensor([[tok.start_id, *tok.encode(args.prompt)]], device=where)
    draws = torch.Generator(where).manual_seed(args.seed)
    ids = go_on(
        gpt.to(where), ids, args.max_new_tokens, args.temperature, args.top_k, args.top_p, draws, end_id=tok.end_id
    )
    told = ids[0, 1:].tolist()
    print(tok.decode(told[:-1] if told[-1] == tok.end_id else told))


def data(args):
    from minigpt.data import readers, world, world_tasks

    if args.name is None:
        print(readers.catalogue())
        return
    if args.name == "world":
        if args.task == "text":
            rows = [{"text": text} for text in world.stories(args.n, args.seed, args.language)]
        else:
            rows = world_tasks.examples(args.task, args.n, args.seed, args.language)
    else:
        rows = readers.read_task(args.name, args.split)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))


def refuse_full(out, *files):
    for name in files:
        if (out / name).exists():
            raise InputError(f"{out} already holds a run ({name}); choose another --out, or delete that folder")


def free_folder(wanted):
    """`wanted`, or the first of wanted-2, wanted-3, ... that is free: no run overwrites another."""
    folder, number = wanted, 1
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder
