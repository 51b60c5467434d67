"""Equal answers of two students, which prove nothing by themselves.

Answers are compared by their tokens, without comments, layout and docstrings: a tokenizer needs neither the depth of
recursion nor the memory of a parser, whatever a student hands in.
"""

import hashlib
import io
import tokenize

from minigpt.grading import results
from minigpt.grading.sheet import write_sheet

LONGEST = 100_000  # characters; what is longer is compared by its words
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
MOVES = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def duplicates(out, students=None):
    """Pairs of students with equal answers: [{"student", "other", "question"}].

    Args:
        students: of whom there are results in `out`; None for all.
    """
    seen, pairs = {}, []
    for path in sorted((out / "results").glob("*.json")):
        result = results.load(path) if students is None or path.stem in students else None
        for grade_id, source in result["cells"] if result else []:
            if grade_id and "NotImplementedError" not in source:
                others = seen.setdefault((grade_id, fingerprint(source)), [])
                pairs += [{"student": one, "other": result["student"], "question": grade_id} for one in others]
                others.append(result["student"])
    return pairs


def write_duplicates(path, pairs):
    write_sheet(path, ["student", "other", "question"], pairs)


def fingerprint(source):
    return hashlib.sha256(normalised(source).encode("utf-8", "backslashreplace")).digest()


def normalised(source):
    r"""A program without comments, layout and docstrings; what is too long, or no program, as its words.

    >>> normalised('def f(x):\n  "Twice."\n  return 2*x  # x\n') == normalised("def f(x):\n    return 2 * x")
    True
    """
    if len(source) <= LONGEST:
        try:
            return "\n".join(words_of(source))
        except (tokenize.TokenError, SyntaxError, ValueError):
            pass
    return " ".join(source.split())


def words_of(source):
    """The tokens in order; a text that is a line of its own is a docstring, and left out."""
    kept, begins = [], 0  # begins: where the current line does, in `kept`
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in LAYOUT:
            continue
        if token.type == tokenize.NEWLINE and all(kind == tokenize.STRING for kind, _ in kept[begins:]):
            del kept[begins:]
        else:
            text = tokenize.tok_name[token.type] if token.type in MOVES else token.string
            kept.append((token.type, text))
        if token.type in MOVES:
            begins = len(kept)
    return [text for _, text in kept]
