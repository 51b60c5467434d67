"""The toy world's words: the same events in English and in Chinese.

The new place or holder stands before the animal or thing that it belongs to ("Paris welcomed the cat"). So the word
that a later question repeats has already seen its answer, and one step of attention finds it: a small model learns
that fast.
"""

LANGUAGES = {
    "en": {
        "p": ["Anna", "Ben", "Clara"],
        "a": ["cat", "dog"],
        "l": ["Paris", "Tokyo", "Cairo"],
        "x": ["ball", "key"],
        "move": ["Off to {l} went the {a}.", "{l} welcomed the {a}."],
        "take": ["{p} took the {x}.", "{p} found the {x}."],
        "give": ["{p} gave {q} the {x}.", "From {p}, {q} got the {x}."],
        "is_in": "{l} hosts the {a}",
        "not_in": "{l} does not host the {a}",
        "has": "{p} has the {x}",
        "has_not": "{p} does not have the {x}",
        "where": "Where is the {a}?",
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
        "a": ["猫", "狗"],
        "l": ["巴黎", "东京", "开罗"],
        "x": ["球", "钥匙"],
        "move": ["去{l}的是{a}。", "{l}迎来了{a}。"],
        "take": ["{p}拿了{x}。", "{p}找到了{x}。"],
        "give": ["{p}给了{q}{x}。", "从{p}那里{q}得到了{x}。"],
        "is_in": "{l}有{a}",
        "not_in": "{l}没有{a}",
        "has": "{p}有{x}",
        "has_not": "{p}没有{x}",
        "where": "{a}在哪里？",
        "who": "谁有{x}？",
        "place": "{l}。",
        "person": "{p}。",
        "stop": "。",
        "ask": "吗？",
        "truth": {True: "对。", False: "不对。"},
        "space": "",
    },
}
N_PEOPLE, N_ANIMALS, N_PLACES, N_THINGS = (len(LANGUAGES["en"][group]) for group in "palx")


def fill(language, template, **numbers):
    """Put the names of persons p and q, animal a, place l and thing x into a template."""
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
            fill(language, names["where"], a=args["a"]),
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
