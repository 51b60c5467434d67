"""The words that GPT-1 was trained on: a text cut as OpenAI's `text_utils` cut it, before any pair is merged.

    mended characters -> marks set apart -> spaCy's rules for English -> lower case     don't -> do n't

Accents stay, and a line's end is a word of its own. Kept libraries do the work, as they did in 2018: ftfy mends text
that was read in a wrong encoding, spaCy knows abbreviations and clitics. Only its rules are used, no model is fetched.
Its rules have grown since 2018, so that rare words may be cut otherwise than then.
Source: the behaviour of OpenAI's finetune-transformer-lm.
"""

import re
from functools import cache

from minigpt.support.errors import InputError

PLAIN = str.maketrans({"—": "-", "–": "-", "―": "-", "…": "...", "´": "'"})
# a run of one sign; not . : $ % &, which stand in numbers and names
MARKS = re.compile(r"""([-~!";?+,)(\\/*\[\]}{|_])\1*""")
SPACE = re.compile(r"[^\S\n]+")


def split(text):
    """The words of a text, in lower case.

    >>> split("I don't know the café's name -- really?!")
    ['i', 'do', "n't", 'know', 'the', 'café', "'s", 'name', '--', 'really', '?', '!']

    Raises:
        InputError: if spaCy or ftfy is not installed.
    """
    fix_text, tokenizer = libraries()
    text = MARKS.sub(r" \g<0> ", fix_text(text).translate(PLAIN))
    text = SPACE.sub(" ", text).strip()  # what white space spaCy then makes a token is a line's end
    return ["\n" if token.text.isspace() else token.text.lower() for token in tokenizer(text)]


@cache
def libraries():
    """ftfy's function and spaCy's tokenizer, loaded when they are first needed: a second that no other user waits."""
    try:
        from ftfy import fix_text
        from spacy.lang.en import English
    except ImportError as error:
        raise InputError(
            f"GPT-1's words need spaCy and ftfy ({error}): pip install spacy ftfy, or read the vocabulary with "
            'words="hugging-face", which cuts "don\'t" and "café" otherwise than in training'
        ) from None
    return fix_text, English().tokenizer
