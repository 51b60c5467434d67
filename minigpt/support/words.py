"""What a word is, said once: for the toy world and for the tokenizer's level "word".

A word is a run of letters or digits, one Chinese character, or one punctuation mark; white space only separates.
"""

import re

HAN = "\u3400-\u9fff\uf900-\ufaff"  # Chinese characters: one word each, since no spaces mark the words
CLOSING = ".,!?;:%)]}"  # no space before these
WORD = re.compile(rf"[{HAN}]|[^\W{HAN}]+(?:['’][^\W{HAN}]+)*|[^\w\s]")
TIGHT = re.compile(rf"[{HAN}。，？！；：、“”（）]")  # no space around these


def split(text):
    """Cut `text` into words.

    >>> split("Anna isn't here. 小安在家。")
    ['Anna', "isn't", 'here', '.', '小', '安', '在', '家', '。']
    """
    return WORD.findall(text)


def join(words):
    """Put words back into a text; `split(join(words)) == words` for words that `split` made.

    >>> join(["Anna", "isn't", "here", ".", "小", "安", "在", "家", "。"])
    "Anna isn't here.小安在家。"
    """
    text = ""
    for word in words:
        tight = not text or word in CLOSING or TIGHT.match(word) or TIGHT.match(text[-1])
        text += word if tight else " " + word
    return text
