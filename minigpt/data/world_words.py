"""The toy world's words: the same events in English and in Chinese."""

LANGUAGES = {
    "en": {
        "p": ["Anna", "Ben", "Clara"],
        "l": ["Paris", "Tokyo", "Cairo"],
        "x": ["ball", "book", "key"],
        "move": ["{p} went to {l}.", "{p} flew to {l}."],
        "take": ["{p} took the {x}.", "{p} found the {x}."],
        "give": ["{p} gave the {x} to {q}.", "{q} got the {x} from {p}."],
        "is_in": "{p} is in {l}",
        "not_in": "{p} is not in {l}",
        "has": "{p} has the {x}",
        "has_not": "{p} does not have the {x}",
        "where": "Where is {p}?",
        "who": "Who has the {x}?",
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
        "move": ["{p}去了{l}。", "{p}飞往{l}。"],
        "take": ["{p}拿了{x}。", "{p}找到了{x}。"],
        "give": ["{p}把{x}给了{q}。", "{q}从{p}那里得到了{x}。"],
        "is_in": "{p}在{l}",
        "not_in": "{p}不在{l}",
        "has": "{p}有{x}",
        "has_not": "{p}没有{x}",
        "where": "{p}在哪里？",
        "who": "谁有{x}？",
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
        question, answer = fill(language, names["where"], p=args["p"]), statement(language, "is_in", args) + names["stop"]
    elif kind == "who":
        question, answer = fill(language, names["who"], x=args["x"]), fill(language, names["person"], p=args["p"])
    else:
        question, answer = statement(language, *args["statement"]) + names["ask"], names["truth"][args["truth"]]
    return [question + names["space"] + answer]
