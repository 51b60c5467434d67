"""The commands: run, spread, ablate, pretrain, finetune, evaluate, generate, data, play, grade and homework.

Bad input ends with one line and exit code 2; nothing that was there before is changed.
"""

import argparse
import sys

from minigpt.commands import ablate, data, evaluate, finetune, generate, pretrain, run, spread
from minigpt.commands_course import grade, homework, play
from minigpt.files import InputError

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


def build_parser():
    parser = argparse.ArgumentParser(
        prog="minigpt", description="GPT (2018), one lecture, every equation a line of code"
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    p = command(
        commands, "run", run, "the main job: pre-train, fine-tune four tasks, print the table", "minigpt run --seed 1"
    )
    p.add_argument("--real", action="store_true", help="real text instead of the toy world")
    p.add_argument("--language", default="en", choices=["en", "zh"], help="the toy world's language")
    p.add_argument("--out", help="folder; the default is a new one in runs/")

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

    p = command(
        commands,
        "ablate",
        ablate,
        "chapter 11's table: what of pre-training helps; started again, it fills in what is missing",
        "minigpt ablate --seeds 0 1 2 --out runs/ablations",
        seed=False,
        device=False,
    )
    p.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="each is a run of about 20 minutes")
    p.add_argument("--out", default="runs/ablations", help="folder for the bodies and ablations.csv")

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

    p = command(
        commands,
        "finetune",
        finetune,
        "fine-tune on your own labels, eq. (4)",
        "minigpt finetune entailment --model runs/book --train a.jsonl --test b.jsonl --out runs/nli",
    )
    p.add_argument("task", choices=["single_text", "entailment", "similarity", "multiple_choice"])
    p.add_argument("--train", required=True, help=".jsonl or .csv with the task's columns")
    p.add_argument("--test", required=True, help="the same, to score on")
    p.add_argument(
        "--model", help="a folder of `minigpt pretrain`, or of GPT-1; without it a small model starts from scratch"
    )
    p.add_argument("--out", required=True, help="folder for the model and metrics.json")
    p.add_argument("--epochs", type=int, default=3, help="times that each example is read")
    p.add_argument("--batch-size", type=int, default=32, help="examples a step")
    p.add_argument("--lr", type=float, default=5e-4, help="highest learning rate; for GPT-1 6.25e-5")
    p.add_argument("--aux", type=float, default=0.0, help="weight of the auxiliary language-model loss (paper: 0.5)")
    p.add_argument("--accumulate", type=int, default=1, help="read each batch in so many parts: less memory")
    p.add_argument("--recompute", action="store_true", help="compute activations again going backward: less memory")

    p = command(
        commands,
        "evaluate",
        evaluate,
        "score a model on other data",
        "minigpt evaluate --model runs/nli --test c.jsonl",
        seed=False,
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt finetune`, or of `pretrain` with --text")
    what = p.add_mutually_exclusive_group(required=True)
    what.add_argument("--test", help="labelled examples for a fine-tuned model")
    what.add_argument("--text", help="a text file for a language model: eq. (1)")
    p.add_argument("--out", help="write the figures to this JSON file")

    p = command(
        commands,
        "generate",
        generate,
        "let a model go on with a text",
        'minigpt generate --model runs/book --prompt "The king"',
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run` or `pretrain`, or of GPT-1")
    p.add_argument("--prompt", default="", help="the text to go on with; GPT-1 needs one")
    p.add_argument("--max-new-tokens", type=int, default=60, help="most tokens to add")
    p.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        help="below 1 more predictable, above 1 more random, 0 always the likeliest",
    )
    p.add_argument("--top-k", type=int, help="draw from the k likeliest tokens")
    p.add_argument("--top-p", type=float, help="draw from the likeliest tokens that reach probability p")

    p = command(
        commands,
        "play",
        play,
        "one page: what comes next, and who looks at whom",
        "minigpt play --model runs/toy-en-seed0",
        seed=False,
        device=False,
    )
    p.add_argument("--model", required=True, help="a folder of `minigpt run` or `pretrain`")
    p.add_argument("--text", default="Anna took the key. Who has the", help="what stands in the box at first")
    p.add_argument("--port", type=int, default=8866, help="of this machine")
    p.add_argument("--no-browser", action="store_true", help="only serve the page")

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

    p = command(
        commands,
        "grade",
        grade,
        "grade a homework: submissions in, grades.csv and feedback pages out",
        "minigpt grade submissions.zip --homework 02 --roster roster.csv --out grades",
        seed=False,
        device=False,
    )
    p.add_argument("submissions", help="a folder, or a zip of a learning platform; one notebook a student")
    p.add_argument("--homework", required=True, help="01 to 12")
    p.add_argument("--roster", required=True, help="CSV with the column student")
    p.add_argument("--out", required=True, help="folder; a batch that was stopped goes on in it")
    p.add_argument("--instructor", help=INSTRUCTOR)
    p.add_argument("--seed", type=int, help="of the inputs; the default is a new one, kept in --out")
    p.add_argument("--jobs", type=int, default=1, help="submissions at a time")
    p.add_argument("--duplicates", action="store_true", help="also duplicates.csv: equal answers of two students")
    p.add_argument("--no-jail", action="store_true", help="without bubblewrap, only for code that you trust")

    p = command(
        commands,
        "homework",
        homework,
        "make a course folder for nbgrader",
        "minigpt homework course my-course",
        seed=False,
        device=False,
    )
    p.add_argument("what", choices=["course"], help="course: sources and nbgrader_config.py")
    p.add_argument("folder", help="a new folder")
    p.add_argument("--instructor", help=INSTRUCTOR)
    return parser


def main(argv=None):
    args = build_parser().parse_args(argv)
    try:
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
