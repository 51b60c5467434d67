"""TeX to MathML while building: browsers draw that themselves, so a page needs no script and no network for it."""

import re
from html import unescape

LONGEST = 5_000  # characters of a formula in a text that others wrote
# What latex2mathml does not know, in terms that it does.
PLAIN = [
    (r"\\tfrac", r"\\frac"),
    (r"\\[bB]igg?[lr]?(?=[^a-zA-Z])", ""),
    (r"\\texttt\{((?:[^{}]|\\\$)*)\}", r"\\text{\1}"),
    (r"\\arg(?![a-zA-Z])", r"\\text{arg}"),
]


def mathml(tex, display=False):
    """One formula as a <math> element; needs the package latex2mathml.

    >>> mathml("x^2").startswith("<math")
    True
    """
    from latex2mathml.converter import convert

    for pattern, plain in PLAIN:
        tex = re.sub(pattern, plain, tex)
    tex = re.sub(r"\\text\{[^{}]*\}", lambda m: m[0].replace("<", "\ue000").replace(">", "\ue001"), tex)  # the markers
    found = convert(tex.replace(r"\$", "$"), display="block" if display else "inline")
    return found.replace("\ue000", "&lt;").replace("\ue001", "&gt;")


def drawn(markdown):
    """Markdown with every `$formula$` and `$$formula$$` outside of code as MathML; a cleaned text has &amp; for &.

    A formula that is unfinished or wrong stays as it was written. What a student wrote is still the student's: tags in
    a formula come through, so the page needs cleaning afterwards (`clean`).

    >>> drawn("`$` costs $1 + 1$").count("<math")
    1
    """
    parts = re.split(r"(```.*?```|`[^`\n]*`)", markdown, flags=re.DOTALL)
    for n in range(0, len(parts), 2):  # what stands between code
        parts[n] = re.sub(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", of_match, parts[n], flags=re.DOTALL)
    return "".join(parts)


def of_match(found):
    """The formula that `drawn` found, as MathML; the text as it is where latex2mathml cannot read it."""
    display = found[1] is not None
    tex = unescape(found[1] if display else found[2])
    try:
        return mathml(tex, display) if len(tex) <= LONGEST else found[0]
    except Exception:  # its own errors, and whatever else a broken formula makes it raise
        return found[0]


def setup(app):
    """A Sphinx extension: `html_math_renderer = "mathml"`."""

    def inline(self, node):
        self.body.append(mathml(node.astext()))
        raise nodes.SkipNode

    def block(self, node):
        self.body.append(f'<div class="math">{mathml(node.astext(), display=True)}</div>')
        raise nodes.SkipNode

    from docutils import nodes

    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True}
