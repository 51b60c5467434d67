"""`minigpt pretrain`: pre-train on your own text, eq. (1)."""

from pathlib import Path

from minigpt.commands.arguments import command
from minigpt.support.errors import InputError
from minigpt.support.folders import refuse_full


def add(commands):
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


def pretrain(args):
    from minigpt import train
    from minigpt.data.own import read_documents
    from minigpt.model import GPT, GPTConfig
    from minigpt.support import device
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
    from minigpt.pictures import plots

    model.save(out)
    if log:
        plots.save(plots.loss_curve(log), out / "loss.png")
        print(f"loss {log[-1]['loss']:.4f} nats per token at step {log[-1]['step']}")
    print(f'model, tokenizer and loss.csv are in {out}; try: minigpt generate --model {out} --prompt "..."')
