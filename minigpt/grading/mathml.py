"""TeX to MathML while building: browsers draw that themselves, so a page needs no script and no network for it."""

import re
from html import unescape

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

    >>> drawn("`$` costs $1 + 1$").count("<math")
    1
    """
    parts = re.split(r"(```.*?```|`[^`\n]*`)", markdown, flags=re.DOTALL)
    for n in range(0, len(parts), 2):  # what stands between code
        parts[n] = re.sub(r"\$\$(.+?)\$\$", lambda m: mathml(unescape(m[1]), display=True), parts[n], flags=re.DOTALL)
        parts[n] = re.sub(r"\$([^$\n]+?)\$", lambda m: mathml(unescape(m[1])), parts[n])
    return "".join(parts)


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
