"""The toy world's words: the same events in English and in Chinese.

In an event the new place or holder stands before the animal or thing that it belongs to ("Paris welcomed the cat"). So
attention at "cat" has already read "Paris", and a later sentence about "cat" finds in one step where it is.
"""

LANGUAGES = {
    "en": {
        "person": ["Anna", "Ben", "Clara"],
        "animal": ["cat", "dog"],
        "place": ["Paris", "Tokyo", "Cairo"],
        "thing": ["ball", "key"],
        "move": ["Off to {place} went the {animal}.", "{place} welcomed the {animal}."],
        "take": ["{person} took the {thing}.", "{person} found the {thing}."],
        "give": ["{person} gave {receiver} the {thing}.", "From {person}, {receiver} got the {thing}."],
        "sleeps": ["The {animal} sleeps in {place}."],
        "is_with": ["The {thing} is with {person}."],
        "is_in": "{place} hosts the {animal}",
        "not_in": "{place} does not host the {animal}",
        "has": "{person} has the {thing}",
        "has_not": "{person} does not have the {thing}",
        "right_place": "No, {place} does.",
        "right_person": "No, {person} does.",
        "where": "Where is the {animal}?",
        "who": "Who has the {thing}?",
        "answer_place": "{place}.",
        "answer_person": "{person}.",
        "stop": ".",
        "ask": "?",
        "truth": {True: "True.", False: "False."},
        "space": " ",
    },
    "zh": {
        "person": ["小安", "小波", "小程"],
        "animal": ["猫", "狗"],
        "place": ["巴黎", "东京", "开罗"],
        "thing": ["球", "钥匙"],
        "move": ["去{place}的是{animal}。", "{place}迎来了{animal}。"],
        "take": ["{person}拿了{thing}。", "{person}找到了{thing}。"],
        "give": ["{person}给了{receiver}{thing}。", "从{person}那里{receiver}得到了{thing}。"],
        "sleeps": ["{animal}睡在{place}。"],
        "is_with": ["{thing}在{person}那里。"],
        "is_in": "{place}有{animal}",
        "not_in": "{place}没有{animal}",
        "has": "{person}有{thing}",
        "has_not": "{person}没有{thing}",
        "right_place": "不，{place}有。",
        "right_person": "不，{person}有。",
        "where": "{animal}在哪里？",
        "who": "谁有{thing}？",
        "answer_place": "{place}。",
        "answer_person": "{person}。",
        "stop": "。",
        "ask": "吗？",
        "truth": {True: "对。", False: "不对。"},
        "space": "",
    },
}
N_PEOPLE, N_ANIMALS, N_PLACES, N_THINGS = (
    len(LANGUAGES["en"][sort]) for sort in ("person", "animal", "place", "thing")
)


def fill(language, template, **numbers):
    """Put names into a template, each by its number: person, receiver (a person too), animal, place, thing."""
    names = LANGUAGES[language]
    return template.format(**{slot: names[sort_of(slot)][i] for slot, i in numbers.items()})


def sort_of(slot):
    """Whose names a template's slot takes."""
    return "person" if slot == "receiver" else slot


def statement(language, kind, args):
    """A statement without its full stop: also a hypothesis, and an option."""
    return fill(language, LANGUAGES[language][kind], **args)


def phrase(language, kind, args):
    """Every wording of one sentence."""
    names = LANGUAGES[language]
    if kind in ("move", "take", "give", "sleeps", "is_with"):
        return [fill(language, wording, **args) for wording in names[kind]]
    if kind in ("fact", "negation"):
        return [statement(language, *args["statement"]) + names["stop"]]
    if kind == "slip":
        told = statement(language, *args["statement"]) + names["stop"]
        answer = answered(language, "right", args)
    elif kind in ("where", "who"):
        told = fill(language, names[kind], **args)
        answer = answered(language, "answer", args)
    else:
        told = statement(language, *args["statement"]) + names["ask"]
        answer = names["truth"][args["truth"]]
    return [told + names["space"] + answer]


def answered(language, form, args):
    """A place or a person as an answer, or as what puts a slip right."""
    sort = "place" if "place" in args else "person"
    return fill(language, LANGUAGES[language][f"{form}_{sort}"], **{sort: args[sort]})
