"""What a word is, said once: for the toy world and for the tokenizer's level "word".

A word is a run of letters or digits, one Chinese character, or one punctuation mark; white space only separates.
"""

import re
import unicodedata

HAN = "\u3400-\u9fff\uf900-\ufaff"  # Chinese characters: one word each, since no spaces mark the words
CLOSING = ".,!?;:%)]}"  # no space before these
# Vowel signs and accents belong to the letter before them; Python's \\w leaves them out.
MARKS = "".join(chr(c) for c in range(0x300, 0xFE30) if unicodedata.category(chr(c))[0] == "M")
LETTERS = rf"(?:[^\W{HAN}][{MARKS}\u200d]*)+"
WORD = re.compile(rf"[{HAN}]|{LETTERS}(?:['’]{LETTERS})*|[^\w\s]")
TIGHT = re.compile(rf"[{HAN}。，？！；：、“”（）]")  # no space around these


def split(text):
    """Cut `text` into words; letters are composed first (Unicode's NFC), so that "é" is one word, however it is typed.

    >>> split("Anna isn't here. 小安在家。")
    ['Anna', "isn't", 'here', '.', '小', '安', '在', '家', '。']
    """
    return WORD.findall(unicodedata.normalize("NFC", text))


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
