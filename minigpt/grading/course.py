"""A course for nbgrader: its folder, its configuration, and the check that runs before nbgrader opens a submission.

nbgrader releases the homework, keeps the grade book, knows late penalties and writes the feedback. Its kernel, in which
an answer could overwrite its own test, is replaced by `nbgrader_jail.JailGrade`.
"""

import secrets
import shutil
import sys
from functools import cache
from pathlib import Path

from minigpt.grading.answers import printable
from minigpt.grading.download import Refused, read_file
from minigpt.grading.instructor import folder_of, homework_sources
from minigpt.support.errors import InputError
from minigpt.support.files import replacing

CONFIG = '''"""nbgrader for minigpt's homework: answers run in minigpt's jail, never in a kernel of yours.

Keep this file to yourself: with `secret` the inputs of the grade can be computed.
"""

from pathlib import Path

import nbgrader

from minigpt.grading.course import set_aside

c = get_config()
c.CourseDirectory.course_id = "minigpt"
c.CourseDirectory.student_id_exclude = set_aside("submitted")  # links, which nbgrader would follow; it says which
c.JailGrade.instructor = INSTRUCTOR  # the folder with the references
c.JailGrade.secret = SECRET  # the same inputs at each run
c.Autograde.exporter_class = "minigpt.grading.nbgrader_submitted.Submitted"
c.Autograde.autograde_preprocessors = [
    "minigpt.grading.nbgrader_jail.JailGrade",
    "nbconvert.preprocessors.sanitize.SanitizeHTML",
    "minigpt.grading.nbgrader_jail.SaveGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.SanitizeHTML.enabled = True  # a student's <script> would run in the formgrader
c.OverwriteCells.add_missing_cells = True
c.GenerateFeedback.exporter_class = "minigpt.grading.nbgrader_feedback.Feedback"
c.HTMLExporter.extra_template_basedirs = [  # ours first: it draws no formula by a script from the network
    str(Path("templates").resolve()),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
c.ExportApp.plugin_class = "minigpt.grading.nbgrader_export.Export"
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
    config = CONFIG.replace("INSTRUCTOR", repr(str(instructor))).replace("SECRET", repr(secrets.token_hex(16)))
    files = {
        "nbgrader_config.py": config,
        "templates/feedback/mathjax.html.j2": NO_SCRIPT,
    }
    for name, text in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [f"homework_{chapter}" for chapter in sources]


def refused(submitted):
    """{student: why}: those with a link, a pipe or a file too large below the folder `submitted`, or with nothing.

    nbgrader follows links: a submission that was a link to the instructor's notebook earned all points.
    """
    wrong, submitted = {}, Path(submitted)
    for path in sorted(submitted.rglob("*")) if submitted.exists() else []:
        student = path.relative_to(submitted).parts[0]
        try:
            if path.is_symlink():
                raise Refused("a link")
            if not path.is_dir():
                read_file(path)
            elif path.parent == submitted and not any(path.iterdir()):
                raise Refused("an empty folder")
        except Refused as reason:
            wrong.setdefault(student, f"{path}: {reason}")
    return wrong


def set_aside(submitted):
    """Say which students nbgrader must not open, and return them as it wants them: the others are graded.

    Raises:
        InputError: for a name that nbgrader cannot set aside.
    """
    wrong = refused(submitted)
    for student, reason in wrong.items():
        say_once(f"set aside, not graded: {' '.join(printable(reason).split())}")
        if "," in student:
            raise InputError(f"{student!r} holds a comma, so nbgrader cannot set it aside; move the folder away")
    return ",".join(wrong)


@cache
def say_once(line):
    """nbgrader reads its configuration several times a command."""
    print(line, file=sys.stderr)


def refuse_links(submitted):
    """Raise InputError if any submission would be set aside; courses made by version 1 call it."""
    wrong = refused(submitted)
    if wrong:
        raise InputError("these submissions are refused; move them away: " + "; ".join(list(wrong.values())[:20]))
