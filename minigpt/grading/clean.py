"""HTML that holds what others wrote, made harmless: no script, no link that runs one, nothing from another place.

    page of nbconvert  ->  nh3 keeps known tags and attributes of its body  ->  a new page with a security policy

Cleaned last, after formulas, Markdown and outputs have become HTML, since each of them can hold tags. nh3 (ammonia) was
chosen as it is kept, parses as browsers do, and knows MathML. The policy stands behind it: a browser that
obeys it runs no script and asks nobody for anything, even if a tag got through.
"""

import re
from html import escape

import nh3

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>{title}</title>
{styles}
<style>math[display=block] {{ display: block math; overflow: auto hidden; max-width: 100%; }}
.output_wrapper pre {{ white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; }}
div.nbgrader_cell .panel-heading {{ height: auto; overflow: hidden; }}</style>
</head><body>
{body}
</body></html>
"""
MATHML = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mfrac", "msqrt", "mroot", "mstyle", "merror"),
    *("mpadded", "mphantom", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts"),
    *("mprescripts", "none", "mtable", "mtr", "mtd", "menclose"),
}
LOOKS = {
    *("display", "displaystyle", "scriptlevel", "mathvariant", "mathsize", "stretchy", "symmetric", "fence"),
    *("separator", "form", "lspace", "rspace", "minsize", "maxsize", "largeop", "movablelimits", "accent"),
    *("accentunder", "linethickness", "width", "height", "depth", "voffset", "columnalign", "rowspacing"),
    *("columnspacing", "columnlines", "rowlines", "frame", "notation", "columnspan", "rowspan"),
}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    **dict.fromkeys(MATHML, LOOKS),
    "*": {"class", "id", "title", "lang", "dir"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
}
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")  # nobody is asked for these


def cleaned(html):
    """A piece of HTML with the tags and attributes that text, tables, pictures and formulas need, and no others.

    >>> cleaned('<p onclick="x()">a <a href="javascript:x()">b</a><img src="http://x/y.png"><script>x()</script></p>')
    '<p>a <a rel="noopener noreferrer">b</a><img></p>'
    """
    return nh3.clean(
        html,
        tags=nh3.ALLOWED_TAGS | MATHML,
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "data"},
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "svg"},
    )


def kept(tag, attribute, value):
    """An attribute's value, or None: of addresses, links to pages and places in this one, and pictures in the page."""
    if attribute in ("href", "cite"):
        return value if re.match(r"https?://|mailto:|#", value, re.IGNORECASE) else None
    return value if attribute != "src" or PICTURE.fullmatch(value) else None


def page(title, html, styles):
    """A page of its own: `html` is cleaned, `styles` is ours."""
    return PAGE.format(policy=POLICY, title=escape(title), styles=styles, body=cleaned(html))
