"""`minigpt data`: list the data sets, or print one as JSON lines."""

import json

from minigpt.commands.arguments import command
from minigpt.support.errors import InputError, require_whole


def add(commands):
    p = command(
        commands,
        "data",
        data,
        "list the data sets, or print one as JSON lines",
        "minigpt data world --task entailment --n 5 --language zh",
        device=False,
    )
    p.add_argument("name", nargs="?", help="world, or a real set; leave it out to list them")
    p.add_argument(
        "--split", help="of a real set: train, dev or test; a book, a paradigm of blimp; the default is train"
    )
    p.add_argument("--task", help="of the toy world: text (the default), or a task's name")
    p.add_argument("--n", type=int, help="how many rows of the toy world; the default is 10")
    p.add_argument("--language", help="of the toy world: en (the default) or zh")


def data(args):
    """Text is printed as `minigpt pretrain --text` reads it, labelled examples as `finetune` does."""
    from minigpt.data import blimp, real, world, world_tasks

    world_only = {"task": args.task, "n": args.n, "language": args.language}
    if args.name is None:
        print(real.catalogue())
    elif args.name == "world":
        refuse_given("the toy world", {"split": args.split}, "another --seed draws other examples")
        n, language = 10 if args.n is None else args.n, args.language or "en"
        require_whole("n", n, most=1_000_000)
        if args.task in (None, "text"):
            print("\n\n".join(world.stories(n, args.seed, language)))
        else:
            print_rows(world_tasks.examples(args.task, n, args.seed, language))
    elif args.name in real.TEXTS:
        refuse_given(args.name, world_only, "it is printed whole")
        print(real.read_text(args.name, args.split))
    elif args.name == "blimp":
        refuse_given(args.name, world_only, "a paradigm is printed whole")
        print_rows(blimp.read_blimp(args.split or "adjunct_island"))
    else:
        refuse_given(args.name, world_only, "it is printed whole")
        print_rows(real.read_task(args.name, args.split or "train"))


def refuse_given(name, options, why):
    """Refuse options that this data set does not have."""
    for option, value in options.items():
        if value is not None:
            raise InputError(f"--{option} {value} is not for {name}: {why}; leave it out")


def print_rows(rows):
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
