"""The commands: one file each, its arguments and what it does together.

Bad input ends with one line and exit code 2; nothing that was there before is changed. What a command computes with is
imported when it runs: help is quick.
"""

import argparse
import sys

from minigpt.commands import ablate, data, evaluate, finetune, generate, grade, homework, play, pretrain, run, spread
from minigpt.support.errors import InputError, require_seed
from minigpt.support.folders import refuse_processes

COMMANDS = (run, spread, ablate, pretrain, finetune, evaluate, generate, play, data, grade, homework)


def build_parser():
    parser = argparse.ArgumentParser(
        prog="minigpt", description="GPT (2018), one lecture, every equation a line of code"
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in COMMANDS:
        module.add(commands)
    return parser


def main(argv=None):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal without Chinese shows \\u5c0f, and nothing is lost
    args = build_parser().parse_args(argv)
    try:
        if args.does is not pretrain.pretrain:
            refuse_processes()
        if getattr(args, "seed", None) is not None:
            require_seed(args.seed)
        args.does(args)
    except InputError as error:
        print(f"minigpt: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "minigpt: stopped; started again, `minigpt ablate` goes on, and `minigpt pretrain` with --resume",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:  # `minigpt data trec | head`
        sys.stderr.close()
    except OSError as error:
        print(f"minigpt: {error}; check the path, the space and the rights", file=sys.stderr)
        return 2
    return 0
