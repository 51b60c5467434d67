"""nbgrader's feedback pages: formulas drawn without a script, then all of the page cleaned, whoever wrote it."""

import re

from nbconvert.exporters import HTMLExporter

from minigpt.grading.clean import page
from minigpt.grading.mathml import drawn


class Feedback(HTMLExporter):
    """For `GenerateFeedback`: one file a student, which runs nothing and asks nobody for anything."""

    def markdown2html(self, context, source):
        return super().markdown2html(context, drawn(source))

    markdown2html.jinja_pass_arg = HTMLExporter.markdown2html.jinja_pass_arg  # as jinja2.pass_context marks it

    def from_notebook_node(self, nb, resources=None, **kw):
        html, resources = super().from_notebook_node(nb, resources, **kw)
        head, _, body = html.partition("<body")  # the head is nbgrader's template, nothing of a student's
        styles = "\n".join(re.findall(r"<style.*?</style>", head, re.DOTALL))
        styles = re.sub(r"@font-face\s*\{[^}]*\}", "", styles)  # fonts beside the page, which are not there
        return page(resources["nbgrader"]["notebook"], f"<div{body}", styles), resources
