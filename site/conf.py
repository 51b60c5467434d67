"""Sphinx's settings for the book; `book.py` calls it once a language."""

import os
import re
import sys
from pathlib import Path

from sphinx.search.en import SearchEnglish

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

language = os.environ["MINIGPT_BOOK"]
project = {"en": "minigpt", "zh_CN": "minigpt：一步步学 GPT"}[language]
html_title = project
author = "the authors of minigpt"
extensions = [
    "myst_nb",
    "minigpt.grading.mathml",
    "sphinx.ext.autodoc",
    "docstrings",  # plain text to reStructuredText, before
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "terms",
    "sphinx_copybutton",
]
html_math_renderer = "mathml"
nb_execution_mode = "off"  # the outputs come from the lessons as they were checked
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_dmath_double_inline = True
smartquotes_action = "q"  # the dashes of --options stay as they are
exclude_patterns = ["notebooks"]  # for downloads
autodoc_inherit_docstrings = False  # PyTorch's words are not ours
viewcode_follow_imported_members = False
add_module_names = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88
napoleon_use_param = napoleon_use_rtype = False  # "q, k, v: arrays" is one row
napoleon_custom_sections = [("Source", "returns_style"), ("Fields", "params_style")]
html_search_language = "pairs"  # the script of Sphinx's Chinese stemmer is not shipped with it
templates_path = [str(HERE / "templates")]
html_theme = "sphinx_book_theme"
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_favicon = str(HERE / "static" / "favicon.svg")  # else a browser asks the host for one
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses to a book opened from disk
html_theme_options = {
    "article_header_start": ["toggle-primary-sidebar.html", "language.html"],
    "use_download_button": False,
    "home_page_in_toc": True,
    "collapse_navbar": True,  # the modules are listed beside a module, not beside each lesson
    "navbar_persistent": [],  # the sidebar has a search box
}
html_context = {"default_mode": "light", "other": {"en": ("zh", "中文"), "zh_CN": ("en", "English")}[language]}


class Pairs(SearchEnglish):
    """English words, and each two Chinese characters that stand together: so a word is found inside a sentence."""

    lang = "pairs"  # its script is English's

    def split(self, input):
        runs = re.findall("[\u3400-\u9fff]{2,}", input)
        return [*super().split(input), *(run[i : i + 2] for run in runs for i in range(len(run) - 1))]


def setup(app):
    app.add_search_language(Pairs)
