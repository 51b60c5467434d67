"""Make the student's homework: python chapters/homework.py [01 02 ...], or `make homework` for all.

`homework_source.ipynb` holds questions and solutions; nbgrader's own release steps take the solutions out, lock the
cells that are not to be changed and give each a checksum: `homework.ipynb`, the file that students get.
"""

import sys
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parent
sys.path.insert(0, str(CHAPTERS))
from run_lessons import read, write  # noqa: E402


def released(source):
    """The student's version of the notebook at `source`."""
    from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    notebook, resources = read(source), {}
    for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, CheckCellMetadata):
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def main(numbers):
    for source in sorted(CHAPTERS.glob("*/homework_source.ipynb")):
        if not numbers or source.parent.name[:2] in numbers:
            path = source.with_name("homework.ipynb")
            write(path, released(source))
            print(path.relative_to(CHAPTERS.parent))


if __name__ == "__main__":
    main(sys.argv[1:])
