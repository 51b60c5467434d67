"""The commands: minigpt run | pretrain | finetune | evaluate | generate | data.

Bad input ends with one line and exit code 2; nothing that was there before is changed.
"""

import argparse
import json
import sys
from pathlib import Path

from minigpt.files import InputError, write_json


def run(args):
    from minigpt import device, experiment

    where = device.pick(args.device)
    setting = experiment.real(args.seed) if args.real else experiment.toy(args.seed, args.language)
    name = "real" if args.real else f"toy-{args.language}"
    out = args.out or free_folder(Path("runs") / f"{name}-seed{args.seed}")
    experiment.run(setting, out, args.seed, where)


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
    done = fit(tuned, train, FinetuneConfig(args.epochs, args.batch_size, args.lr, aux=args.aux, seed=args.seed))
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
    from minigpt.model import GPT
    from minigpt.tokenizer import Tokenizer

    return Tokenizer.load(folder), GPT.load(folder)


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
    ids = go_on(gpt.to(where), ids, args.max_new_tokens, args.temperature, args.top_k, args.top_p, draws, tok.end_id)
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


def command(commands, name, does, about, example):
    parser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example: {example}",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(does=does)
    parser.add_argument("--seed", type=int, default=0, help="every random draw follows from it")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    return parser


def build_parser():
    parser = argparse.ArgumentParser(
        prog="minigpt", description="GPT (2018), one lecture, every equation a line of code"
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    p = command(
        commands, "run", run, "the main job: pre-train, fine-tune four tasks, print the table", "minigpt run --seed 1"
    )
    p.add_argument("--real", action="store_true", help="real text instead of the toy world")
    p.add_argument("--language", default="en", choices=["en", "zh"], help="the toy world's language")
    p.add_argument("--out", help="folder; the default is a new one in runs/")

    p = command(
        commands,
        "pretrain",
        pretrain,
        "pre-train on your own text, eq. (1)",
        "minigpt pretrain --text book.txt --out runs/book",
    )
    p.add_argument("--text", nargs="+", required=True, help="UTF-8 files; empty lines part documents")
    p.add_argument("--out", required=True, help="folder for the model")
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, with the same settings")
    p.add_argument("--level", default="bpe", choices=["word", "char", "bpe"], help="what a token is")
    p.add_argument("--vocab-size", type=int, default=2_000, help="|V|, the markers included")
    p.add_argument("--n-ctx", type=int, default=128, help="longest text in tokens")
    p.add_argument("--n-layer", type=int, default=4, help="L")
    p.add_argument("--n-head", type=int, default=4, help="attention heads a layer")
    p.add_argument("--d-model", type=int, default=128, help="length of a state")
    p.add_argument("--dropout", type=float, default=0.1, help="share of activations dropped in training")
    p.add_argument("--tie-weights", action="store_true", help="W^L is W^e transposed, as in the paper")
    p.add_argument("--steps", type=int, default=1_000, help="updates")
    p.add_argument("--batch-size", type=int, default=32, help="documents a step, over all processes")
    p.add_argument("--lr", type=float, default=1e-3, help="highest learning rate")
    p.add_argument("--checkpoint-every", type=int, default=200, help="steps between checkpoints")

    p = command(
        commands,
        "finetune",
        finetune,
        "fine-tune on your own labels, eq. (4)",
        "minigpt finetune entailment --model runs/book --train a.jsonl --test b.jsonl --out runs/nli",
    )
    p.add_argument("task", choices=["single_text", "entailment", "similarity", "multiple_choice"])
    p.add_argument("--train", required=True, help=".jsonl or .csv with the task's columns")
    p.add_argument("--test", required=True, help="the same, to score on")
    p.add_argument("--model", help="a folder of `minigpt pretrain`; without it a small model starts from scratch")
    p.add_argument("--out", required=True, help="folder for the model and metrics.json")
    p.add_argument("--epochs", type=int, default=3, help="times that each example is read")
    p.add_argument("--batch-size", type=int, default=32, help="examples a step")
    p.add_argument("--lr", type=float, default=5e-4, help="highest learning rate")
    p.add_argument("--aux", type=float, default=0.0, help="weight of the auxiliary language-model loss (paper: 0.5)")

    p = command(
        commands,
        "evaluate",
        evaluate,
        "score a model on other data",
        "minigpt evaluate --model runs/nli --test c.jsonl",
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt finetune`, or of `pretrain` with --text")
    what = p.add_mutually_exclusive_group(required=True)
    what.add_argument("--test", help="labelled examples for a fine-tuned model")
    what.add_argument("--text", help="a text file for a language model: eq. (1)")
    p.add_argument("--out", help="write the figures to this JSON file")

    p = command(
        commands,
        "generate",
        generate,
        "let a model go on with a text",
        'minigpt generate --model runs/book --prompt "The king"',
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run` or `pretrain`")
    p.add_argument("--prompt", default="", help="the text to go on with")
    p.add_argument("--max-new-tokens", type=int, default=60, help="stop after these")
    p.add_argument("--temperature", type=float, default=1.0, help="below 1 is bolder, 0 is greedy")
    p.add_argument("--top-k", type=int, help="draw from the k likeliest tokens")
    p.add_argument("--top-p", type=float, help="draw from the likeliest tokens that reach probability p")

    p = command(
        commands,
        "data",
        data,
        "list the data sets, or print one as JSON lines",
        "minigpt data world --task entailment --n 5 --language zh",
    )
    p.add_argument("name", nargs="?", help="world, or a real set; nothing lists them")
    p.add_argument("--split", default="train", help="train, dev or test, of a real set")
    p.add_argument("--task", default="text", help="of the toy world: text, or a task's name")
    p.add_argument("--n", type=int, default=10, help="how many rows of the toy world")
    p.add_argument("--language", default="en", help="the toy world's language: en or zh")
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    try:
        args.does(args)
    except InputError as error:
        print(f"minigpt: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `minigpt data trec | head`
        sys.stderr.close()
    return 0
