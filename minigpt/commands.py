"""What each command does; `cli.py` says how it is typed. Modules are imported where they are needed: help is quick."""

import json
from pathlib import Path

from minigpt.files import InputError, read_json, require, write_json
from minigpt.folders import free_folder, load_body, refuse_full, refuse_processes


def run(args):
    from minigpt import device, experiment

    where = device.pick(args.device)
    require(args.seed >= 0, "seed", args.seed, "a whole number from 0")
    name = "real" if args.real else f"toy-{args.language}"
    out = Path(args.out) if args.out else free_folder(Path("runs") / f"{name}-seed{args.seed}")
    refuse_full(out)
    setting = experiment.real(args.seed) if args.real else experiment.toy(args.seed, args.language)
    experiment.run(setting, out, args.seed, where)


def spread(args):
    from minigpt import experiment

    print(experiment.spread([read_json(Path(folder) / "metrics.json") for folder in args.runs]))


def ablate(args):
    from minigpt import ablation

    require(min(args.seeds) >= 0, "seed", min(args.seeds), "a whole number from 0")
    for seed in args.seeds:
        ablation.ablate(args.out, seed)
    rows = ablation.merge(args.out)
    print(f"{len(rows)} lines are in {Path(args.out) / 'ablations.csv'}; chapter 11 draws them")


def pretrain(args):
    from minigpt import device, train
    from minigpt.data.tables import read_documents
    from minigpt.model import GPT, GPTConfig
    from minigpt.tokenizer import Tokenizer

    out, where = Path(args.out), device.pick(args.device)
    recipe = train.TrainConfig(args.steps, args.batch_size, args.lr, seed=args.seed)
    texts = [text for path in args.text for text in read_documents(path)]
    if not args.resume:
        refuse_full(out, resume="; to go on with a run that was cut short, add --resume")
    elif not (out / "checkpoint.safetensors").exists():
        raise InputError(f"{out} holds no checkpoint: there is nothing to resume; leave out --resume")
    tok = Tokenizer.train(texts, args.vocab_size, args.level)
    if args.resume and Tokenizer.load(out).pieces != tok.pieces:
        raise InputError(f"{out} has another tokenizer: resume with the same --text, --level and --vocab-size")
    config = GPTConfig(
        tok.vocab_size, args.n_ctx, args.n_layer, args.n_head, args.d_model, args.dropout, tie_weights=args.tie_weights
    )
    sequences = train.documents(texts, tok, config.n_ctx)
    device.check_memory(config, args.batch_size, max(map(len, sequences), default=0), where)
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
    refuse_processes()
    refuse_full(out)
    recipe = FinetuneConfig(
        args.epochs, args.batch_size, args.lr,
        aux=args.aux, accumulate=args.accumulate, recompute=args.recompute, seed=args.seed,
    )  # fmt: skip
    train, test = read_examples(args.train, args.task), read_examples(args.test, args.task)
    tok, gpt = load_body(args.model) if args.model else new_body(train, args.seed)
    tuned = Finetuned.for_examples(args.task, tok, gpt, train, args.seed)
    tuned.targets(test)
    tuned.model.to(where)
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
    if args.out and Path(args.out).exists():
        raise InputError(f"{args.out} exists; choose another --out, or delete it")
    if not args.text and (folder / "config.json").exists() and not (folder / "task.json").exists():
        raise InputError(f"{folder} holds a language model: give --text, or fine-tune it first")
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
    start = [] if tok.level == "gpt1" else [tok.start_id]  # GPT-1 was pre-trained without markers
    ids = torch.tensor([start + tok.encode(args.prompt)], device=where)
    draws = torch.Generator(where).manual_seed(args.seed)
    ids = go_on(
        gpt.to(where), ids, args.max_new_tokens, args.temperature, args.top_k, args.top_p, draws, end_id=tok.end_id
    )
    told = ids[0, len(start) :].tolist()
    print(tok.decode(told[:-1] if told[-1] == tok.end_id else told))


def data(args):
    """Text is printed as `minigpt pretrain --text` reads it, labelled examples as `finetune` does."""
    from minigpt.data import readers, world, world_tasks

    require(args.n >= 1, "n", args.n, "a whole number from 1")
    if args.name is None:
        print(readers.catalogue())
    elif args.name in readers.TEXTS:
        print(readers.read_text(args.name))
    elif args.name == "world" and args.task == "text":
        print("\n\n".join(world.stories(args.n, args.seed, args.language)))
    else:
        rows = (
            world_tasks.examples(args.task, args.n, args.seed, args.language)
            if args.name == "world"
            else readers.read_task(args.name, args.split)
        )
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
