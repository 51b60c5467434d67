"""`minigpt explore`: a model as one page, alive in any browser, without Python or network."""

from pathlib import Path

from minigpt.commands.arguments import command
from minigpt.support.folders import refuse_unwritable


def add(commands):
    p = command(
        commands,
        "explore",
        explore,
        "a model as one page: what comes next, every number inside, the four tasks; opens from disk, on a phone too",
        "minigpt explore --model runs/toy-en-seed0",
        seed=False,
        device=False,
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run`, `pretrain` or `finetune`")
    p.add_argument("--out", help="the page; the default is explorer.html in that folder")
    p.add_argument("--language", default="en", choices=["en", "zh"], help="of the page at first")


def explore(args):
    from minigpt.pictures.explorer import page

    out = Path(args.out or Path(args.model) / "explorer.html")
    if args.out:
        refuse_unwritable(out.parent)
    size = page.write(args.model, out, args.language)
    print(f"open {out} in a browser ({size / 1e6:.1f} MB, weights inside)")
