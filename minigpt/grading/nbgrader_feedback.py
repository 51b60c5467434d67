"""nbgrader's feedback pages: formulas drawn without a script, then all of the page cleaned, whoever wrote it."""

import re
from html import escape

from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook

from minigpt.grading.clean import page
from minigpt.grading.mathml import drawn
from minigpt.grading.nbgrader_jail import REASON

LONGEST, MOST = 10_000, 100_000  # characters of a cell of text and of all: some take a parser of Markdown minutes


class Feedback(HTMLExporter):
    """For `GenerateFeedback`: one file a student, which runs nothing and asks nobody for anything."""

    def markdown2html(self, context, source):
        source = re.sub(r"data:[\w/+.;-]+,[\w/+=]{1000,}", "", source)  # a picture that an editor put into the text
        self.length += len(source)
        if len(source) > LONGEST or self.length > MOST:
            return f"<pre>{escape(source)}</pre>"
        return super().markdown2html(context, drawn(source))

    markdown2html.jinja_pass_arg = HTMLExporter.markdown2html.jinja_pass_arg  # as jinja2.pass_context marks it

    def from_notebook_node(self, nb, resources=None, **kw):
        self.length = 0
        html, resources = super().from_notebook_node(nb, resources, **kw)
        if REASON in nb.metadata and waits(resources["nbgrader"]):  # nbgrader's template shows no score as 0
            html = re.sub(r"Score: -?[\d.]+( / [\d.]+)?", f"{REASON} · 未评分", html)
        head, _, body = html.partition("<body")  # the head is nbgrader's template, nothing of a student's
        styles = "\n".join(re.findall(r"<style.*?</style>", head, re.DOTALL))
        styles = re.sub(r"@font-face\s*\{[^}]*\}", "", styles)  # fonts beside the page, which are not there
        return page(resources["nbgrader"]["notebook"], f"<div{body}", styles), resources


def waits(which):
    """Has nobody given this notebook a score, neither the jail nor a person?"""
    with Gradebook(which["db_url"]) as gradebook:
        names = (which[name] for name in ("notebook", "assignment", "student"))
        return gradebook.find_submission_notebook(*names).needs_manual_grade
