"""`minigpt ablate`: chapter 11's table: what of pre-training helps; started again, it fills in what is missing."""

from pathlib import Path

from minigpt.commands.arguments import command
from minigpt.support.errors import require_seed
from minigpt.support.folders import refuse_unwritable


def add(commands):
    p = command(
        commands,
        "ablate",
        ablate,
        "chapter 11's table: what of pre-training helps; started again, it fills in what is missing",
        "minigpt ablate --seeds 0 1 2 --out runs/ablations",
        seed=False,
    )
    p.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="each is a run of about an hour")
    p.add_argument("--out", default="runs/ablations", help="folder for the bodies and ablations.csv")


def ablate(args):
    from minigpt.studies import ablation
    from minigpt.support import device

    for seed in args.seeds:
        require_seed(seed)
    where = device.pick(args.device)
    refuse_unwritable(Path(args.out))
    for seed in args.seeds:
        ablation.ablate(args.out, seed, device=where)
    rows = ablation.merge(args.out)
    print(f"{len(rows)} lines are in {Path(args.out) / 'ablations.csv'}; chapter 11 draws them")
