"""`minigpt spread`: several runs' tables as one, in Markdown: mean (lowest to highest)."""

from pathlib import Path

from minigpt.commands.arguments import command
from minigpt.support.errors import InputError
from minigpt.support.files import read_json


def add(commands):
    p = command(
        commands,
        "spread",
        spread,
        "several runs' tables as one, in Markdown: mean (lowest to highest)",
        "minigpt spread runs/toy-en-seed*",
        seed=False,
        device=False,
    )
    p.add_argument("runs", nargs="+", help="folders of `minigpt run`, one a seed")


def spread(args):
    from minigpt.studies import results

    files = [Path(folder) / "metrics.json" for folder in args.runs]
    runs = [read_json(file) for file in files]
    try:
        print(results.spread(runs))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"one of {', '.join(map(str, files))} is not as `minigpt run` wrote it ({error!r})") from None
