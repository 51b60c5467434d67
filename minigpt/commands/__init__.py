"""The commands: one file each, its arguments and what it does together.

Bad input ends with one line and exit code 2; nothing that was there before is changed. What a command computes with is
imported when it runs: help is quick.
"""

import argparse
import os
import sys

from minigpt.commands import (
    ablate,
    data,
    evaluate,
    explore,
    finetune,
    generate,
    grade,
    homework,
    plan,
    pretrain,
    run,
    spread,
)
from minigpt.support.errors import InputError, require_seed
from minigpt.support.folders import refuse_processes

COMMANDS = (run, spread, ablate, pretrain, finetune, evaluate, generate, explore, plan, data, grade, homework)


def build_parser():
    parser = argparse.ArgumentParser(
        prog="minigpt", description="GPT (2018), one lecture, every equation a line of code"
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in COMMANDS:
        module.add(commands)
    return parser


def refuse_empty(arguments):
    """Refuse an empty value, as a shell's unset variable gives: it would mean the folder that one is in, or nothing."""
    for name, value in arguments.items():
        if name != "prompt" and (value == "" or (isinstance(value, list) and "" in value)):
            raise InputError(f"--{name.replace('_', '-')} is empty; leave it out, or give it a value")


def prepare():
    """Let no stream, terminal or profile of this machine end a command in its middle."""
    for name in ("stdout", "stderr"):  # a service may start a program without them
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if hasattr(getattr(sys, name), "reconfigure"):  # a terminal without Chinese shows \\u5c0f: nothing is lost
            getattr(sys, name).reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "agg"  # pictures are written, never shown; an old profile may name another


def main(argv=None):
    prepare()
    args = build_parser().parse_args(argv)
    try:
        if args.does is not pretrain.pretrain:
            refuse_processes()
        if getattr(args, "seed", None) is not None:
            require_seed(args.seed)
        refuse_empty(vars(args))
        args.does(args)
    except InputError as error:
        print(f"minigpt: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        name = args.does.__name__
        goes_on = {
            pretrain.pretrain: "start it again, with --resume once it trains",
            ablate.ablate: "start it again: it goes on",
            grade.grade: "start it again with the same --out: it goes on where it stopped",
        }
        print(f"minigpt: {name} stopped; {goes_on.get(args.does, 'start it again')}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `minigpt data trec | head`
        sys.stderr.close()
    except OSError as error:
        print(f"minigpt: {error}; check the path, the space and the rights", file=sys.stderr)
        return 2
    return 0
