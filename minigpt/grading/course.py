"""A course for nbgrader: its folder, its configuration, and the check that runs before nbgrader opens a submission.

nbgrader releases the homework, keeps the grade book, knows late penalties and writes the feedback. Its kernel, in which
an answer could overwrite its own test, is replaced by `nbgrader_jail.JailGrade`.
"""

import shutil
from pathlib import Path

from minigpt.grading.instructor import folder_of, homework_sources
from minigpt.grading.submissions import Refused, read_file
from minigpt.support.errors import InputError
from minigpt.support.files import replacing

CONFIG = '''"""nbgrader for minigpt's homework: answers run in minigpt's jail, never in a kernel of yours."""

from pathlib import Path

import nbgrader

from minigpt.grading.course import refuse_links

refuse_links("submitted")  # before nbgrader opens, and follows, anything

c = get_config()
c.CourseDirectory.course_id = "minigpt"
c.JailGrade.instructor = INSTRUCTOR  # the folder with the references
c.Autograde.autograde_preprocessors = [
    "minigpt.grading.nbgrader_jail.JailGrade",
    "nbconvert.preprocessors.sanitize.SanitizeHTML",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.SanitizeHTML.enabled = True  # a student's <script> would run in the feedback page
c.OverwriteCells.add_missing_cells = True
c.GenerateFeedback.preprocessors = [
    "minigpt.grading.nbgrader_jail.Formulas",
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.HTMLExporter.extra_template_basedirs = [  # ours first: it draws no formula by a script from the network
    str(Path("templates").resolve()),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
'''

NO_SCRIPT = "{%- macro mathjax() -%}{%- endmacro -%}\n"  # in the place of the one that loads MathJax


def make(folder, instructor=None):
    """Write nbgrader_config.py and source/homework_NN/homework_NN.ipynb into a new or empty folder.

    Args:
        instructor: the folder with the sources and references; None looks for that of a checkout.

    Returns:
        the names of the assignments.
    """
    folder, instructor = Path(folder), folder_of(instructor)
    sources = homework_sources(instructor)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; name a new folder for the course")
    for chapter, source in sources.items():
        name = f"homework_{chapter}"
        place = folder / "source" / name
        place.mkdir(parents=True)
        shutil.copyfile(source, place / f"{name}.ipynb")
    files = {
        "nbgrader_config.py": CONFIG.replace("INSTRUCTOR", repr(str(instructor))),
        "templates/feedback/mathjax.html.j2": NO_SCRIPT,
    }
    for name, text in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [f"homework_{chapter}" for chapter in sources]


def refuse_links(submitted):
    """Raise InputError if anything below the folder `submitted` is a link or no plain file.

    nbgrader follows links: a submission that was a link to the instructor's notebook earned all points.
    """
    wrong = []
    for path in sorted(Path(submitted).rglob("*")) if Path(submitted).exists() else []:
        try:
            if path.is_symlink():
                raise Refused("a link")
            if not path.is_dir():
                read_file(path)
        except Refused as reason:
            wrong.append(f"{path}: {reason}")
    if wrong:
        raise InputError("these submissions are refused; move them away: " + "; ".join(wrong[:20]))
