"""What the commands share: how one is described, and how a score is printed."""

import argparse

INSTRUCTOR = "folder with the references and homework sources; the default is `instructor` of a checkout"


def command(commands, name, does, about, example, seed=True, device=True):
    parser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example: {example}",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(does=does)
    if seed:
        parser.add_argument("--seed", type=int, default=0, help="every random draw follows from it")
    if device:
        parser.add_argument("--device", default="auto", help="auto, cpu, cuda, or mps, a Mac's GPU")
    return parser


def print_score(metrics):
    interval = f"{metrics['score']:.3f} [{metrics['low']:.3f}, {metrics['high']:.3f}]"
    baseline = f", majority {metrics['majority']:.3f}" if "majority" in metrics else ""
    print(f"{metrics['task']}: {metrics['metric']} {interval} on {metrics['n_test']} examples{baseline}")
