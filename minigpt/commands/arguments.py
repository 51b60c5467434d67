"""What the commands share: how one is described, and how a score is printed."""

import argparse
import contextlib
import json
import textwrap

from minigpt.support.errors import InputError, note


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help with the defaults that there are; a name such as openai-community/openai-gpt stays on one line."""

    def _get_help_string(self, action):
        return action.help if str(action.default) in ("None", "False", "") else super()._get_help_string(action)

    def _split_lines(self, text, width):
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


INSTRUCTOR = "folder with the references and homework sources; the default is `instructor` of a checkout"


def command(commands, name, does, about, example, seed=True, device=True):
    parser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example: {example}",
        formatter_class=Help,
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


def read_labelled(path, task, what):
    """A task's examples from a file; prints how many, so that nobody wonders where rows went."""
    from minigpt.data.own import read_examples

    examples = read_examples(path, task)
    print(f"{what}: {len(examples):,} examples of {path}")
    return examples


@contextlib.contextmanager
def naming(path):
    """Put the file's name before an error about its examples."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def say_unknown(tok, texts, what):
    """Say how much of `texts` the tokenizer does not know; above a fifth, what to do."""
    share = tok.unknown_share(texts)
    if share > 0.2:
        note(
            f"the model does not know {share:.0%} of the words of {what}, so no result on it says much: pre-train on "
            "such text, or with --level bpe, which knows every word, then fine-tune again"
        )
    elif share > 0.01:
        note(f"{share:.0%} of the words of {what} are unknown to the model, which reads <unk> in their place")


def say_common(one, other, what):
    """Say how many of `one` occur in `other` too: a score on them says what was learnt by heart."""
    known = {json.dumps(x, sort_keys=True) for x in other}
    common = sum(json.dumps(x, sort_keys=True) in known for x in one)
    if common:
        note(f"{common:,} of the {len(one):,} {what} are trained on too: a result on them shows what was memorised")


def say_cut(n_cut, n, what, n_ctx):
    """Say how many examples were too long for the model."""
    if n_cut:
        print(f"{n_cut:,} of the {n:,} {what} examples were longer than n_ctx {n_ctx} and were cut")
