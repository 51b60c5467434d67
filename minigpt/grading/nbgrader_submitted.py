"""What nbgrader reads of a submission: its cells only, with care, under the metadata that the homework itself has.

Whatever stands in a student's file, a version that nbgrader does not know, a cell twice, damaged JSON, a link:
nbgrader is given a notebook that it can work with, or the homework as released, with the reason why it is not graded.
"""

from copy import deepcopy
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import v4

from minigpt.grading.chinese import chinese
from minigpt.grading.download import Refused, read_file
from minigpt.grading.nbgrader_jail import REASON
from minigpt.grading.notebook import answers_of, read

NEW = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}


class Submitted(NotebookExporter):
    """For `Autograde`: reads what was handed in; what nbgrader wrote itself is read as ever."""

    def from_filename(self, filename, resources=None, **kw):
        course, which = self.parent.coursedir, resources["nbgrader"]
        handed_in = course.format_path(course.submitted_directory, which["student"], which["assignment"])
        if Path(filename).resolve().parent != Path(handed_in).resolve():
            return super().from_filename(filename, resources, **kw)
        release = course.format_path(course.release_directory, ".", which["assignment"])
        homework = nbformat.read(Path(release) / Path(filename).name, as_version=4)
        return self.from_notebook_node(gradable(filename, homework, self.log), resources, **kw)


def gradable(path, homework, log):
    """The notebook at `path` with the metadata of the released `homework`; or `homework` itself with a reason."""
    metadata = {
        cell.metadata.nbgrader.grade_id: cell.metadata for cell in homework.cells if "nbgrader" in cell.metadata
    }
    answers = [grade_id for grade_id, about in metadata.items() if about.nbgrader.solution]
    try:
        cells = read(read_file(path))
        answers_of(cells, answers)
    except Refused as reason:
        log.warning("%s is not graded: %s", path, reason)
        homework.cells.insert(
            0, v4.new_markdown_cell(f"**Not graded · 未评分:**\n\n    {reason}\n    {chinese(str(reason))}")
        )
        homework.metadata[REASON] = str(reason)
        return homework
    made = v4.new_notebook(metadata=deepcopy(homework.metadata))
    for cell in cells:
        about = metadata.get(cell.grade_id, {})
        made.cells.append(NEW.get(cell.kind, v4.new_raw_cell)(cell.source, metadata=deepcopy(about)))
    return made
