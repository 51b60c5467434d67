"""The tool that changes references in one place: it finds what passes, says why, and its report is current."""

import ast
import json
import re
from dataclasses import replace

import pytest

from instructor.mutants import HERE, NOTES, measured, reason
from instructor.mutations import mutants_of
from minigpt.grading.instructor import questions_of
from minigpt.grading.question import find

REPORT = (HERE / "mutants.md").read_text(encoding="utf-8")
NOTED = json.loads(NOTES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("question_id", ["04.4", "06.2"])
def test_survivors_are_explained_and_the_report_is_current(question_id):
    n, survivors = measured(find(question_id, questions_of(question_id[:2])))
    assert (n, survivors) == measured(find(question_id, questions_of(question_id[:2])))
    assert [told for told, _ in survivors if not reason(question_id, told, NOTED)] == []
    assert f"| {question_id} | {n} | {NOTED['before'][question_id]} | {len(survivors)} | 0 |" in REPORT


def test_without_edges_mutants_survive_that_nobody_has_explained():
    question = replace(find("08.4", questions_of("08")), edges=tuple)
    _, survivors = measured(question)
    told = [told for told, _ in survivors if not reason("08.4", told, NOTED)]
    assert "chi2_of: b + c -> c" in told and "chi2_of: abs(b - c) - correction -> abs(b - c) - correction" not in told


def test_the_report_explains_all_and_every_explanation_is_used():
    assert "UNEXPLAINED" not in REPORT
    assert re.search(r"^\| all \| \d+ \| \d+ \| \d+ \| 0 \|$", REPORT, re.MULTILINE)
    assert [why for _, _, why in NOTED["equivalent"] if f"{why} (" not in REPORT] == []


def test_operators_change_one_place_and_put_it_back():
    source = "def f(x, n):\n    if x < n:\n        return x[1:].sum(axis=0)\n    return -x"
    tree = ast.parse(source)
    found = {told: line for told, line, _ in mutants_of(tree, tree.body)}
    assert ast.unparse(tree) == source
    assert found["f: x < n -> x <= n"] == "if x <= n:" and found["f: -x -> x"] == "return x"
    assert found["f: x[1:].sum -> x[1:].mean"] == "return x[1:].mean(axis=0)"
    assert found["f: x[1:].sum(axis=0) -> x[1:].sum()"] == "return x[1:].sum()"
    assert {"f: 1: -> 1 + 1:", "f: 0 -> 1"} <= set(found)
