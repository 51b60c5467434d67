"""`minigpt finetune`: fine-tune on your own labels, eq. (4)."""

from pathlib import Path

from minigpt.commands.arguments import command, naming, print_score, read_labelled, say_common, say_cut, say_unknown
from minigpt.support.errors import InputError, require
from minigpt.support.files import write_json
from minigpt.support.folders import refuse_full

CHECKPOINT = "checkpoint.safetensors"
LARGE = 10_000_000  # weights, from which an estimate of the time is printed


def add(commands):
    p = command(
        commands,
        "finetune",
        finetune,
        "fine-tune on your own labels, eq. (4)",
        "minigpt finetune entailment --model runs/book --train a.jsonl --test b.jsonl --out runs/nli",
    )
    p.add_argument("task", choices=["single_text", "entailment", "similarity", "multiple_choice"])
    p.add_argument("--train", required=True, help=".jsonl, .csv or .tsv with the task's columns")
    p.add_argument("--test", required=True, help="the same, to score on")
    p.add_argument(
        "--model",
        help="a folder of `minigpt pretrain` or of GPT-1, or openai-community/openai-gpt, which is fetched; "
        "without it a small model starts from scratch",
    )
    p.add_argument("--out", required=True, help="folder for the model and metrics.json")
    p.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, with the same settings")
    p.add_argument(
        "--frozen",
        action="store_true",
        help="leave the body as it is and fit W^y alone to its states, computed once: minutes where all takes hours",
    )
    p.add_argument("--epochs", type=int, default=3, help="times that each example is read")
    p.add_argument("--batch-size", type=int, default=32, help="examples a step")
    p.add_argument("--lr", type=float, default=5e-4, help="highest learning rate; for GPT-1 6.25e-5")
    p.add_argument("--aux", type=float, default=0.0, help="weight of the auxiliary language-model loss (paper: 0.5)")
    p.add_argument("--accumulate", type=int, default=1, help="read each batch in so many parts: less memory")
    p.add_argument(
        "--recompute", action="store_true", help="compute activations again in the backward pass: less memory"
    )


def finetune(args):
    from minigpt.finetune import FinetuneConfig
    from minigpt.finetune import finetune as fit
    from minigpt.formats import texts_of
    from minigpt.pretrained import load_body
    from minigpt.probe import probe
    from minigpt.studies import baselines
    from minigpt.support import device
    from minigpt.task_model import TaskModel, score

    out, where = Path(args.out), device.pick(args.device)
    require(
        not (args.resume and args.frozen), "--resume", True, "left out with --frozen, which has no steps to go on from"
    )
    if not args.resume:
        refuse_full(out, resume=", or add --resume to go on with one that was cut short")
    elif not (out / CHECKPOINT).exists():
        raise InputError(f"{out} holds no checkpoint: there is nothing to resume; leave out --resume")
    recipe = FinetuneConfig(
        args.epochs, args.batch_size, args.lr,
        aux=args.aux, accumulate=args.accumulate, recompute=args.recompute, seed=args.seed,
    )  # fmt: skip
    train, test = (read_labelled(getattr(args, what), args.task, what) for what in ("train", "test"))
    tok, body = load_body(args.model) if args.model else new_body(train, args.seed)
    for what, examples in (("train", train), ("test", test)):
        say_unknown(tok, texts_of(examples), what)
    model = TaskModel.for_examples(args.task, tok, body, train, args.seed).to(where)
    with naming(args.test):
        model.kind.numbers(test)  # a label that training lacks is refused before anything is computed
    say_common(test, train, "test examples")
    say_time(model, train, test, args, where)
    if args.frozen:
        done = probe(model, train)
    else:
        done = fit(model, train, recipe, out=out, resume=args.resume)
    model.save(out)
    (out / CHECKPOINT).unlink(missing_ok=True)  # three times the model's size, and the model is there
    result, baseline = model.evaluate(test), score(args.task, baselines.majority(train, test), test)
    metrics = {
        "task": args.task,
        "n_train": len(train),
        "n_test": len(test),
        "majority": baseline.score,
        **result.to_json(),
    }
    cut = {"cut": done["cut"], "cut_test": model.encode(test)[1]}
    write_json(out / "metrics.json", metrics | cut)
    print_score(metrics)
    say_cut(cut["cut"], len(train), "train", body.config.n_ctx)
    say_cut(cut["cut_test"], len(test), "test", body.config.n_ctx)
    print(f"model and metrics.json are in {out}")


def say_time(model, train, test, args, where):
    """About how long it will take on a CPU, where that is worth a word: for a large model."""
    from minigpt.support.device import time_for

    n_weights = sum(p.numel() for p in model.body.blocks.parameters())
    if where.type != "cpu" or n_weights < LARGE:
        return
    n_train, n_test = map(model.n_tokens, (train, test))
    n_learnt = 0 if args.frozen else n_train * args.epochs
    print(f"about {time_for(n_weights, n_test + (n_train if args.frozen else 0), n_learnt)} on this machine")


def new_body(train, seed):
    """A model from scratch, with a vocabulary learnt from the training examples."""
    from minigpt.model import GPT, GPTConfig
    from minigpt.studies.settings import unlabelled
    from minigpt.tokenizer import Tokenizer

    tok = Tokenizer.train(unlabelled(train), vocab_size=2_000, level="bpe")
    config = GPTConfig(tok.vocab_size, n_ctx=256, n_layer=4, n_head=4, d_model=128)
    return tok, GPT(config, seed + 1)  # the head is drawn from `seed`: not the same draws
