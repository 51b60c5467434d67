"""Equations (5) to (8): how each task's texts become sequences that a language model can read.

    (5) single text       <s> x <e>
    (6) entailment        <s> premise $ hypothesis <e>
    (7) similarity        <s> a $ b <e>   and   <s> b $ a <e>
    (8) multiple choice   <s> passage $ question $ option_i <e>     for i = 1..N

Each function returns a list of S sequences of ids: S = 1, 1, 2, N. The model reads them, the head sees the state
at `<e>`.
The paper writes (8) without the `$` between passage and question; minigpt follows the lecture.
Lecture page "Input formats"; Radford et al. 2018, section 3.3 and figure 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

from minigpt.answers import Classes, Options, Scores
from minigpt.support.errors import InputError


def sequence(parts, tok):
    """`<s> part_1 $ part_2 $ ... <e>`: the parts are texts, the markers are not.

    Raises:
        InputError: if a part is empty.
    """
    ids = []
    for part in parts:
        if not isinstance(part, str) or not part.strip():
            raise InputError(f"a text is empty or no text: {part!r} among {parts!r}; remove the example or fill it in")
        ids += [tok.delimiter_id if ids else tok.start_id, *tok.encode(part)]
    return [*ids, tok.end_id]


def single_text(text, tok):
    """Equation (5): `<s> x <e>`.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in single_text("so good", tok)]
    ['<s> so good <e>']
    """
    return [sequence([text], tok)]


def entailment(premise, hypothesis, tok):
    """Equation (6): `<s> premise $ hypothesis <e>`.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in entailment("so good", "bad", tok)]
    ['<s> so good $ bad <e>']
    """
    return [sequence([premise, hypothesis], tok)]


def similarity(a, b, tok):
    """Equation (7): `<s> a $ b <e>` and `<s> b $ a <e>`, since similarity knows no order.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in similarity("good", "bad", tok)]
    ['<s> good $ bad <e>', '<s> bad $ good <e>']
    """
    return [sequence([a, b], tok), sequence([b, a], tok)]


def multiple_choice(passage, question, options, tok):
    """Equation (8): `<s> passage $ question $ option_i <e>` for each of the N options.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in multiple_choice("so", "so", ["good", "bad"], tok)]
    ['<s> so $ so $ good <e>', '<s> so $ so $ bad <e>']
    """
    if isinstance(options, str) or len(options) < 2:
        raise InputError(f"multiple choice needs a list of at least 2 options, got {options!r}")
    return [sequence([passage, question, option], tok) for option in options]


@dataclass(frozen=True)
class Task:
    """All that differs between tasks.

    columns:      the texts of an example, in the order of the format's arguments.
    format:       texts and tokenizer to S sequences.
    kinds:        of answer that it can have, see `answers.py`; each brings its head.
    begin_alike:  True where the sequences of an example share their beginning, as those of one question's options.
                  They are then cut alike, and can be read in one row, see `batch.pack`.
    loses_start:  the number of the part that loses its beginning instead of its end when it is too long, or None.
    """

    columns: tuple
    format: Callable
    kinds: tuple = (Classes,)
    begin_alike: bool = False
    loses_start: int | None = None

    def sequences(self, example, tok):
        return self.format(*(example[column] for column in self.columns), tok)

    def kind_of(self, examples):
        """The kind of answer that these examples have: the one whose column they hold.

        Raises:
            InputError: if they hold none, or two.
        """
        there = [kind for kind in self.kinds if kind.column in examples[0]]
        if len(there) != 1:
            raise InputError(
                f"an example has the columns {', '.join(map(repr, examples[0]))}; its answer must stand in one of "
                f"{' or '.join(repr(kind.column) for kind in self.kinds)}"
            )
        return there[0]


TASKS = {
    "single_text": Task(("text",), single_text),
    "entailment": Task(("premise", "hypothesis"), entailment),
    "similarity": Task(("a", "b"), similarity, kinds=(Classes, Scores)),
    "multiple_choice": Task(
        ("passage", "question", "options"), multiple_choice, kinds=(Options,), begin_alike=True, loses_start=0
    ),
}


def texts_of(examples):
    """All texts of labelled examples, a question's options too, without their answers."""
    values = [value for e in examples for column, value in e.items() if column not in ("label", "score")]
    return [text for value in values for text in (value if isinstance(value, list) else [value])]


def cut(sequences, tok, n_ctx, task):
    """Shorten sequences to n_ctx ids: text is cut, never a marker.

    The longest part gives way until the rest fits. It loses its end, or its beginning if it is the task's
    `loses_start`. Sequences that begin alike are cut alike, so that all options answer the same passage.

    Raises:
        InputError: if n_ctx has no room for the markers and one token of each part.

    >>> from minigpt.tokenizer import Tokenizer
    >>> tok = Tokenizer.train(["so good so bad"], 9, level="word")
    >>> [tok.decode(ids) for ids in cut(entailment("so so good", "bad", tok), tok, 6, TASKS["entailment"])]
    ['<s> so so $ bad <e>']
    """
    if max(map(len, sequences)) <= n_ctx:
        return sequences
    split = [split_parts(ids, tok) for ids in sequences]
    n_parts = len(split[0])
    groups = [split] if task.begin_alike else [[parts] for parts in split]
    if n_ctx < 2 * n_parts + 1:
        raise InputError(
            f"n_ctx {n_ctx} has no room for {n_parts} texts and their markers; it must be at least {2 * n_parts + 1}"
        )
    result = []
    for group in groups:
        sizes = [max(map(len, column)) for column in zip(*group, strict=True)]
        while sum(sizes) + n_parts + 1 > n_ctx:
            sizes[sizes.index(max(sizes))] -= 1
        result += [shortened(parts, sizes, tok, task.loses_start) for parts in group]
    return result


def split_parts(ids, tok):
    """`<s> p $ q <e>` -> [p, q]; a `$` in the text is another id, so the markers tell the parts apart."""
    parts = [[]]
    for i in ids[1:-1]:
        if i == tok.delimiter_id:
            parts.append([])
        else:
            parts[-1].append(i)
    return parts


def shortened(parts, sizes, tok, loses_start):
    """Put parts together again, part p at most sizes[p] long."""
    ids = []
    for place, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        kept = part[-size:] if place == loses_start else part[:size]
        ids += [tok.delimiter_id if ids else tok.start_id, *kept]
    return [*ids, tok.end_id]
