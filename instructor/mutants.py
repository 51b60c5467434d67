"""Do wrong answers pass? Each reference and each solution with one thing changed, judged on the question's own cases.

    python instructor/mutants.py 02.1 07.2      the survivors of these questions, and why each is right after all
    python instructor/mutants.py --write        all questions, into instructor/mutants.md; three minutes

A survivor is a changed answer that still gets full points: either it computes the same (`mutants.json` says why), or an
edge is missing among the question's cases. The operators are our own (`mutations.py`): mutmut and cosmic-ray change the
files of a package and run its tests for each change, a second at a time, and know neither a reference that is a lambda
among other questions nor a solution in a notebook; here one comparison of a few milliseconds judges.
"""

import argparse
import ast
import json
import os
import re
import resource
import sys
import warnings
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from instructor.mutations import mutants_of, used_by  # noqa: E402
from instructor.seeds import passes  # noqa: E402
from minigpt.grading.instructor import questions_of  # noqa: E402
from minigpt.grading.question import CHAPTERS, drawn  # noqa: E402

SEEDS = (1, 2, 3)
LIMITS = {"RLIMIT_CPU": 2, "RLIMIT_AS": 4 << 30}  # of the process of one mutant: seconds, bytes
NOTES = HERE / "mutants.json"
SHORT = 70  # characters; what says less than a line is told with its line


def reference_mutants(question, folder):
    """In the question's module: what was changed, in which line, a function that makes the changed reference."""
    path = Path(question.reference.__code__.co_filename)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    first, name = question.reference.__code__.co_firstlineno, question.reference.__name__
    (start,) = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.FunctionDef) and node.name == name)
        or (isinstance(node, ast.Lambda) and name == "<lambda>" and node.lineno == first)
    ]

    def made(source):
        return lambda: next(q.reference for q in run(source)["QUESTIONS"] if q.id == question.id)

    for told, line, source in mutants_of(tree, used_by(tree, start)):
        yield told, line, made(source)


def solution_mutants(question, folder):
    """The same for the solution in the homework's notebook."""
    (path,) = folder.glob(f"{question.id[:2]}_*/homework_source.ipynb")
    cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    tree = ast.parse(cells[question.grade_id])

    def made(source):
        return lambda: run("import numpy as np\n" + source)[question.function]

    for told, line, source in mutants_of(tree, tree.body):
        yield "solution " + told, line, made(source)


def run(source):
    names = {"__name__": "answers"}
    exec(compile(source, "answers", "exec"), names)
    return names


def survives(question, checks, make):
    """The same in a child process with limits; what raises, hangs or grows does not pass."""
    pid = os.fork()
    if pid == 0:
        end = 1
        try:
            for name, most in LIMITS.items():
                resource.setrlimit(getattr(resource, name), (most, most))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            warnings.simplefilter("ignore")
            function = make()
            end = 0 if all(passes(question, check, seed, function) for seed, check in checks.items()) else 1
        finally:
            os._exit(end)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def measured(question, folder=HERE):
    """The number of mutants; of each survivor what was changed, and the line."""
    checks = {seed: drawn(question, seed) for seed in SEEDS}
    n, survivors = 0, []
    for mutants in (reference_mutants, solution_mutants):
        for told, line, make in mutants(question, folder):
            n += 1
            if survives(question, checks, make):
                survivors.append((told, line))
    return n, survivors


def reason(question_id, told, notes):
    """Why a survivor is right after all; empty if nobody has said so."""
    for ids, pattern, why in notes["equivalent"]:
        if (ids == "all" or question_id in ids.split()) and re.search(pattern, told):
            return why
    return ""


def table(found, notes):
    """The report as Markdown: numbers by question, then the survivors by what makes them right."""
    before = notes["before"]
    lines = [INTRODUCTION.format(commit=before["commit"], seeds=", ".join(map(str, SEEDS))).strip(), ""]
    lines += ["| question | mutants | survivors before | survivors now | unexplained |", "|---|--:|--:|--:|--:|"]
    by_reason, total = {}, [0, 0, 0, 0]
    for name, (n, survivors) in found.items():
        open_ones = [told for told, _ in survivors if not reason(name, told, notes)]
        row = [n, before[name], len(survivors), len(open_ones)]
        total = [a + b for a, b in zip(total, row, strict=True)]
        lines.append(f"| {name} | " + " | ".join(map(str, row)) + " |")
        for told, line in survivors:
            why = reason(name, told, notes) or "UNEXPLAINED"
            by_reason.setdefault(why, []).append(f"{name} `{told}`" + f", in `{line}`" * (len(told) < SHORT))
    lines += ["| all | " + " | ".join(map(str, total)) + " |", "", "## The survivors", ""]
    for why, told in by_reason.items():
        lines += [f"{why} ({len(told)}):", "", *(f"- {one}" for one in told), ""]
    return "\n".join(lines)


INTRODUCTION = """
# Mutants of the homework's references and solutions

The questions whose answers are compared with numbers; the other kinds have tests of their own.

Written by `python instructor/mutants.py --write`. Each reference (with the helpers that it calls) and each solution is
changed in one place; a mutant survives if it gets full points with the seeds {seeds}, its arguments unchanged. "Before"
is commit {commit}, where questions had few edges and an argument might be changed; of homework 00, which came
later, commit 391dcba.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ids", nargs="*", help="questions, such as 02.1; without, all")
    parser.add_argument("--write", action="store_true", help="write mutants.md")
    asked = parser.parse_args()
    notes, found = json.loads(NOTES.read_text(encoding="utf-8")), {}
    for question in (q for chapter in CHAPTERS for q in questions_of(chapter, HERE) if q.id in notes["before"]):
        if not asked.ids or question.id in asked.ids:
            n, survivors = found[question.id] = measured(question)
            print(f"{question.id}: {n} mutants, {len(survivors)} survive", flush=True)
            for told, line in survivors:
                print(f"    {told}, in {line}: {reason(question.id, told, notes) or 'UNEXPLAINED'}")
    if asked.write:
        (HERE / "mutants.md").write_text(table(found, notes), encoding="utf-8")
    return any(not reason(name, told, notes) for name, (_, survivors) in found.items() for told, _ in survivors)


if __name__ == "__main__":
    sys.exit(main())
