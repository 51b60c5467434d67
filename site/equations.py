"""The lecture's eight equations in TeX: the one place that the reference draws them from.

EQUATIONS[n]        the lines of equation (n)
named(text)         the equations that a text names: "eqs. (5) to (8)" are four
linked(text, link)  the same text, each named equation given to `link(words, n)`
"""

import re

X = r"\langle s\rangle\, x_1 \cdots x_T\, \langle e\rangle"
A, B = r"x^{(1)}_1 \cdots x^{(1)}_{T}", r"x^{(2)}_1 \cdots x^{(2)}_{T'}"

EQUATIONS = {
    1: [r"L(\theta) = -\sum_{t=1}^{T} \log P(x_t \mid x_1, \dots, x_{t-1}; \theta)"],
    2: [
        r"h^{[0]} = e_{x'} W^e + W^p",
        r"h^{[l]} = \text{Decoder}(h^{[l-1]}), \quad l = 1, \dots, L",
        r"P(x) = \text{softmax}(h_T^{[L]} W^L)",
    ],
    3: [r"P(y \mid x_1, \dots, x_T) = \text{softmax}(h_T^{[L]} W^y)"],
    4: [r"L = -\sum_{(x, y) \in S} \log P(y \mid x_1, \dots, x_T)"],
    5: [X],
    6: [rf"\langle s\rangle\, {A}\, \$\, {B}\, \langle e\rangle"],
    7: [
        rf"\langle s\rangle\, {A}\, \$\, {B}\, \langle e\rangle",
        rf"\langle s\rangle\, {B}\, \$\, {A}\, \langle e\rangle",
    ],
    8: [
        r"\langle s\rangle\, p_1 \cdots p_n\, \$\, q_1 \cdots q_m\, \$\, c^{(i)}_1 \cdots c^{(i)}_k\, \langle e\rangle,"
        r" \quad i = 1, \dots, N"
    ],
}

NAMED = re.compile(r"\b(?:[Ee]qs?\.|[Ee]quations?)\s+\([1-8]\)(?:(?:,| to| and)\s+\([1-8]\))*")


def named(text):
    """The numbers of the equations that a text names.

    >>> named("eq. (1)'s sum, and eqs. (5) to (7); in 2018 (8) was one")
    [1, 5, 6, 7]
    """
    numbers = set()
    for found in NAMED.finditer(text):
        shown = [int(n) for n in re.findall(r"\((\d)\)", found[0])]
        numbers |= set(shown)
        if " to" in found[0]:
            numbers |= set(range(shown[0], shown[-1] + 1))
    return sorted(numbers)


def linked(text, link):
    """Give every place that names an equation to `link(words, number)`; "eqs. (5) to (8)" are two places.

    >>> linked("see eqs. (5) to (8).", lambda words, n: f"[{words}]")
    'see [eqs. (5)] to [(8)].'
    """

    def places(found):
        return re.sub(r"(?:^\S+\s+)?\((\d)\)", lambda place: link(place[0], int(place[1])), found[0])

    return NAMED.sub(places, text)
