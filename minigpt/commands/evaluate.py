"""`minigpt evaluate`: score a model on other data."""

from pathlib import Path

from minigpt.commands.arguments import command, naming, print_score, read_labelled, say_cut, say_unknown
from minigpt.support.errors import InputError
from minigpt.support.files import write_json


def add(commands):
    p = command(
        commands,
        "evaluate",
        evaluate,
        "score a model on other data",
        "minigpt evaluate --model runs/nli --test c.jsonl",
        seed=False,
    )
    p.add_argument(
        "--model",
        required=True,
        help="a folder of `minigpt finetune`; with --text one of `pretrain` or GPT-1, or a hub's name",
    )
    what = p.add_mutually_exclusive_group(required=True)
    what.add_argument("--test", help="labelled examples for a fine-tuned model")
    what.add_argument("--text", help="a text file for a language model: eq. (1)")
    p.add_argument("--out", help="write the figures to this JSON file")


def evaluate(args):
    from minigpt import train
    from minigpt.data.own import read_documents
    from minigpt.formats import texts_of
    from minigpt.loss import bits, perplexity
    from minigpt.pretrained import load_body
    from minigpt.support import device
    from minigpt.task_model import TaskModel

    where, folder = device.pick(args.device), Path(args.model)
    if args.out and Path(args.out).exists():
        raise InputError(f"{args.out} exists; choose another --out, or delete it")
    if not args.text and not (folder / "task.json").exists():
        raise InputError(
            f"{folder} holds no fine-tuned model, which --test needs: check the name; of a model that is only "
            f"pre-trained, run `minigpt finetune --model {folder}` first, or measure it with --text"
        )
    if args.text:
        tok, gpt = load_body(args.model)  # a hub's name is no path
        texts = read_documents(args.text)
        print(f"text: {len(texts):,} documents of {args.text}")
        say_unknown(tok, texts, "the text")
        sequences = train.documents(texts, tok, gpt.config.n_ctx)
        result = train.evaluate(gpt.to(where), sequences)
        result |= {"perplexity": perplexity(result["loss"]), "bits_per_token": bits(result["loss"])}
        print(
            f"{result['loss']:.4f} nats per token ({result['bits_per_token']:.4f} bits, perplexity "
            f"{result['perplexity']:.2f}) on {result['tokens']} tokens"
        )
    else:
        model = TaskModel.load(folder).to(where)
        test = read_labelled(args.test, model.name, "test")
        say_unknown(model.tok, texts_of(test), "test")
        with naming(args.test):
            model.kind.numbers(test)
        cut = model.encode(test)[1]
        result = {"task": model.name, "n_test": len(test), **model.evaluate(test).to_json(), "cut_test": cut}
        print_score(result)
        say_cut(cut, len(test), "test", model.body.config.n_ctx)
    if args.out:
        write_json(args.out, result)
