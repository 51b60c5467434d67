"""`minigpt pretrain`: pre-train on your own text, eq. (1)."""

import dataclasses
import os
from pathlib import Path

from minigpt.commands import pretrain_corpus
from minigpt.commands.arguments import command, say_common, say_unknown
from minigpt.support.errors import InputError, require_whole
from minigpt.support.folders import refuse_full

LAST = 50  # steps whose mean loss is told


def add(commands):
    p = command(
        commands,
        "pretrain",
        pretrain,
        "pre-train on your own text, eq. (1)",
        "minigpt pretrain --text book.txt --out runs/book",
    )
    files = {"nargs": "+", "action": "extend"}
    kinds = "text files, where empty lines separate documents; .jsonl, .parquet; each also with .gz or .zst; folders"
    p.add_argument("--text", **files, required=True, help=kinds)
    p.add_argument("--column", default="text", help="where .jsonl and .parquet have the text")
    p.add_argument("--valid", **files, help="files to measure the loss on, instead of every 20th document")
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
    p.add_argument(
        "--micro-batch", type=int, help="documents that a process reads at once, where not all fit: less memory"
    )
    p.add_argument(
        "--precision",
        default="auto",
        choices=["auto", "float32", "bfloat16"],
        help="of products; auto is bfloat16 for a large model on a GPU",
    )
    p.add_argument(
        "--shard",
        action="store_true",
        help="torchrun's processes share the weights, as they do anyway if one cannot hold them",
    )


def pretrain(args):
    from minigpt import train
    from minigpt.checkpoint import is_in
    from minigpt.fast import parallel
    from minigpt.model import GPT, GPTConfig
    from minigpt.support import device
    from minigpt.tokenizer import MOST, Tokenizer

    out, where = Path(args.out), device.pick(args.device)
    recipe = train.TrainConfig(args.steps, args.batch_size, args.lr, seed=args.seed)
    require_whole("vocab_size", args.vocab_size, least=2, most=MOST)
    require_whole("checkpoint_every", args.checkpoint_every)
    require_whole("n_ctx", args.n_ctx, least=2)
    require_whole("micro_batch", 1 if args.micro_batch is None else args.micro_batch)
    device.check_processes()
    if args.shard and os.environ.get("WORLD_SIZE", "1") == "1":
        raise InputError("--shard shares the weights among processes, here is one; start several with torchrun")
    if args.resume and not is_in(out):
        raise InputError(f"{out} holds no checkpoint: there is nothing to resume; leave out --resume")
    resume = args.resume or (device.restarted() and is_in(out))
    if not resume:
        begun = ("tokenizer.json", "loss.csv") if device.restarted() else ()
        refuse_full(out, resume=", or add --resume to go on with one that was cut short", but=begun)
    wanted = GPTConfig(  # refused, if so, before anything is read; a small text gives fewer tokens
        args.vocab_size, args.n_ctx, args.n_layer, args.n_head, args.d_model, args.dropout, tie_weights=args.tie_weights
    )
    first = os.environ.get("RANK", "0") == "0"
    road = pretrain_corpus.road if pretrain_corpus.is_large(args.text) else in_memory
    tok, sequences, fresh = road(args, say=print if first else lambda line: None)
    if resume and Tokenizer.load(out).pieces != tok.pieces:
        raise InputError(f"{out} has another tokenizer: resume with the same --text, --level and --vocab-size")
    config = dataclasses.replace(wanted, vocab_size=tok.vocab_size)
    with device.processes(where) as rank:
        scale = scaled(args, config, sequences, where)
        say = print if rank == 0 else lambda line: None
        if str(scale):
            say(f"each step has {scale}")
        if rank == 0:
            tok.save(out)
        model = GPT(config, args.seed)
        take_step = scale.prepare(model, where)
        log = train.pretrain(model, sequences, recipe, out, args.checkpoint_every, resume, take_step=take_step)
        whole = parallel.gathered(model)
        if rank == 0:
            whole.save(out)
            draw(log, out)
        tell(model, log, fresh, out, say)


def scaled(args, config, sequences, where):
    """What each step has beyond the lecture's, on this device and with these processes; refuses what does not fit."""
    from minigpt.batch import lengths_of
    from minigpt.fast import parallel, scale
    from minigpt.support import device

    n, longest = parallel.n_processes(), max(lengths_of(sequences), default=0)
    share = -(-min(args.batch_size, len(sequences)) // n)
    at_once = min(share, args.micro_batch or share)
    alone = device.memory_needed(config, at_once, longest) <= device.memory_of(where)
    shared = n > 1 and (args.shard or not alone)
    device.check_memory(config, at_once, longest, where, sharing=n if shared else 1)
    return scale.choose(config, where, args.steps, args.micro_batch, args.precision, shared)


def in_memory(args, say):
    """The tokenizer, the sequences to train on and those to measure on, of text that is held as a list."""
    from minigpt.tokenizer import Tokenizer
    from minigpt.train import documents

    texts, fresh = held_out(args.text, args.valid, say)
    tok = Tokenizer.train(texts, args.vocab_size, args.level)
    if os.environ.get("RANK", "0") == "0":
        say_unknown(tok, texts, "the text")
        say_unknown(tok, fresh, "the text to measure on")
        say_common(fresh, texts, "documents to measure on")
    return tok, documents(texts, tok, args.n_ctx), documents(fresh, tok, args.n_ctx)


def held_out(paths, valid, say):
    """The documents to train on, and those to measure the loss on."""
    from minigpt.data.own import read_documents
    from minigpt.data.token_file import KEPT_BACK

    texts = [text for path in paths for text in read_documents(path)]
    say(f"text: {len(texts):,} documents of {', '.join(paths)}")
    if valid:
        fresh = [text for path in valid for text in read_documents(path)]
        say(f"valid: {len(fresh):,} documents of {', '.join(valid)}")
        return texts, fresh
    fresh = texts[KEPT_BACK - 1 :: KEPT_BACK]
    if fresh:
        say(f"valid: {len(fresh):,} of them, every {KEPT_BACK}th, are not trained on, but kept to measure the loss on")
    else:
        say(f"valid: none kept back of fewer than {KEPT_BACK}; name a file with --valid to know the loss on fresh text")
    return [text for i, text in enumerate(texts, start=1) if i % KEPT_BACK], fresh


def draw(log, out):
    from minigpt.pictures import runs

    if log:
        runs.save(runs.loss_curve(log), out / "loss.png")


def tell(model, log, fresh, out, say):
    """What came of it; all processes measure, since each may hold a part of the model."""
    from minigpt.train import evaluate

    if log:
        last = [row["loss"] for row in log[-LAST:]]
        say(f"training text: {sum(last) / len(last):.4f} nats per token, the mean of the last {len(last)} steps")
    if fresh:
        result = evaluate(model, fresh)
        spread = f" ± {1.96 * result['standard_error']:.4f}" if len(fresh) >= 10 else f", of {len(fresh)} texts only"
        say(f"fresh text: {result['loss']:.4f} nats per token{spread}")
    say(f'model, tokenizer and loss.csv are in {out}; try: minigpt generate --model {out} --prompt "..."')
