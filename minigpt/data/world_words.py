"""The toy world's words: the same events in English and in Chinese.

The new place or holder stands before the person or thing that it belongs to ("Off to Paris went Anna"). So the word
that a later question repeats has already seen its answer, and one step of attention finds it: a small model learns
that fast.
"""

LANGUAGES = {
    "en": {
        "p": ["Anna", "Ben", "Clara"],
        "l": ["Paris", "Tokyo", "Cairo"],
        "x": ["ball", "book", "key"],
        "move": ["Off to {l} went {p}.", "{l} welcomed {p}."],
        "take": ["{p} took the {x}.", "{p} found the {x}."],
        "give": ["{p} gave {q} the {x}.", "From {p}, {q} got the {x}."],
        "is_in": "{l} hosts {p}",
        "not_in": "{l} does not host {p}",
        "has": "{p} has the {x}",
        "has_not": "{p} does not have the {x}",
        "where": "Where is {p}?",
        "who": "Who has the {x}?",
        "place": "{l}.",
        "person": "{p}.",
        "stop": ".",
        "ask": "?",
        "truth": {True: "True.", False: "False."},
        "space": " ",
    },
    "zh": {
        "p": ["小安", "小波", "小程"],
        "l": ["巴黎", "东京", "开罗"],
        "x": ["球", "书", "钥匙"],
        "move": ["去{l}的是{p}。", "{l}迎来了{p}。"],
        "take": ["{p}拿了{x}。", "{p}找到了{x}。"],
        "give": ["{p}给了{q}{x}。", "从{p}那里{q}得到了{x}。"],
        "is_in": "{l}有{p}",
        "not_in": "{l}没有{p}",
        "has": "{p}有{x}",
        "has_not": "{p}没有{x}",
        "where": "{p}在哪里？",
        "who": "谁有{x}？",
        "place": "{l}。",
        "person": "{p}。",
        "stop": "。",
        "ask": "吗？",
        "truth": {True: "对。", False: "不对。"},
        "space": "",
    },
}
N_PEOPLE, N_PLACES, N_THINGS = (len(LANGUAGES["en"][group]) for group in "plx")


def fill(language, template, **numbers):
    """Put the names of person p and q, place l and thing x into a template."""
    names = LANGUAGES[language]
    return template.format(**{slot: names["p" if slot == "q" else slot][i] for slot, i in numbers.items()})


def statement(language, kind, args):
    """A statement without its full stop: also a hypothesis, and an option."""
    return fill(language, LANGUAGES[language][kind], **args)


def phrase(language, kind, args):
    """Every wording of one sentence."""
    names = LANGUAGES[language]
    if kind in ("move", "take", "give"):
        return [fill(language, wording, **args) for wording in names[kind]]
    if kind in ("fact", "negation"):
        return [statement(language, *args["statement"]) + names["stop"]]
    if kind == "where":
        question, answer = (
            fill(language, names["where"], p=args["p"]),
            fill(language, names["place"], l=args["l"]),
        )
    elif kind == "who":
        question, answer = (
            fill(language, names["who"], x=args["x"]),
            fill(language, names["person"], p=args["p"]),
        )
    else:
        question, answer = (
            statement(language, *args["statement"]) + names["ask"],
            names["truth"][args["truth"]],
        )
    return [question + names["space"] + answer]
