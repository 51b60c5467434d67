"""`minigpt data`: list the data sets, or print one as JSON lines."""

import json

from minigpt.commands.arguments import command
from minigpt.support.errors import require_whole


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
    p.add_argument("--split", default="train", help="train, dev or test, of a real set")
    p.add_argument("--task", default="text", help="of the toy world: text, or a task's name")
    p.add_argument("--n", type=int, default=10, help="how many rows of the toy world")
    p.add_argument("--language", default="en", help="the toy world's language: en or zh")


def data(args):
    """Text is printed as `minigpt pretrain --text` reads it, labelled examples as `finetune` does."""
    from minigpt.data import real, world, world_tasks

    require_whole("n", args.n, most=1_000_000)
    if args.name is None:
        print(real.catalogue())
    elif args.name in real.TEXTS:
        print(real.read_text(args.name))
    elif args.name == "world" and args.task == "text":
        print("\n\n".join(world.stories(args.n, args.seed, args.language)))
    else:
        rows = (
            world_tasks.examples(args.task, args.n, args.seed, args.language)
            if args.name == "world"
            else real.read_task(args.name, args.split)
        )
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
