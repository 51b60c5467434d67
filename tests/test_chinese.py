"""What a student reads is in both languages: each sentence of a comparison, each reason for no grade."""

import ast
import inspect
import re

import numpy as np
import pytest

from minigpt.grading import batch, check, chinese, download, feedback, notebook, submissions
from minigpt.grading.judge import difference
from minigpt.grading.question import Check

FIVE = Check("02.1", "f", 1, 1e-9, 1e-7, [], [], ())
DIFFERENCES = [  # what was returned, what is right, the Chinese
    ([1, 2], (1, 2), "返回的是列表，请返回元组"),
    ("text", 1, "没有返回结果，或返回的不是数"),
    ((1, 2), (1, 2, 3), "返回了 2 个值，应为 3 个"),
    (np.zeros(3), np.zeros((3, 1)), "结果的形状是 (3,)，应为 (3, 1)"),
    ((0, np.zeros(3)), (0, np.zeros(4)), "第 2 个返回值（共 2 个）的形状是 (3,)，应为 (4,)"),
    (1.5, 1, "结果的类型是 float64，应为整数：编号和个数要作下标，浮点数不行"),
    (np.zeros((2, 2)), np.eye(2), "结果在 [0, 0] 处是 0，应为 1（4 个数中 2 个不同）"),
    (np.nan, 1.5, "结果是 nan (an overflow, or 0 / 0)，应为 1.5"),
    (False, True, "结果是 False，应为 True"),
]


@pytest.mark.parametrize(("found", "wanted", "told"), DIFFERENCES)
def test_a_difference_in_chinese(found, wanted, told):
    english = difference(found, wanted, FIVE)
    assert chinese.chinese(english) == told
    assert chinese.chinese(f"case 1 of 0 to 4: {english}; inputs x = 3") == f"用例 1（0 到 4）：{told}"


def test_every_sentence_has_its_test():
    """Each pattern of a comparison is the first that fits one of the above, but for that of a right answer."""
    said = [difference(found, wanted, FIVE) for found, wanted, _ in DIFFERENCES] + ["right in 9 cases"]
    said += [f"right about all 9 programs{more}" for more in ("", "; the grade tries others")]
    patterns = [next(p for p, _ in chinese.COMPARED if re.fullmatch(p, text)) for text in said]
    assert set(patterns) == {pattern for pattern, _ in chinese.COMPARED}


def reasons():
    """Each reason of the modules that refuse what was handed in, with 7 where a number or a name stands."""
    for module in (batch, download, notebook, submissions):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                (text,) = node.args
                if isinstance(text, ast.Call):  # what became of a jail, see below
                    continue
                for one in (text.body, text.orelse) if isinstance(text, ast.IfExp) else (text,):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in parts_of(one))


def parts_of(text):
    return text.values if isinstance(text, ast.JoinedStr) else [text]


@pytest.mark.parametrize("reason", [*reasons(), "jail: ended with code 137", "the grader failed on it: ValueError: x"])
def test_a_reason_in_chinese(reason):
    assert re.search(r"[\u4e00-\u9fff]", chinese.chinese(reason)), reason


def test_there_are_reasons():
    assert len(list(reasons())) >= 10


def test_what_is_none_of_the_graders_sentences_has_no_chinese():
    for text in ("", "ValueError: x", "right in 9 cases\nright in 9 cases", "case 0 of 0 to 1: x; inputs y = 2"):
        assert chinese.chinese(text) == "" and chinese.in_both(text) == text


def test_the_students_check_speaks_both(capsys):
    assert check("02.1", lambda q, k, v, w: v) is False
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"02\.1: case \d+ of 0 to 8: the result at ", lines[0]) and lines[1].startswith("用例 ")
    assert check("02.1", lambda q, k, v, w: None) is False
    told = capsys.readouterr().out
    assert (
        "没有返回结果，或返回的不是数\nHint: end the function with `return`" in told
        and "\n提示：函数最后要用 return" in told
    )


def test_the_feedback_page_speaks_both(tmp_path):
    """And what a student's own error says stays as it is."""
    marked = {"id": "02.1", "function": "f", "points": 0, "of": 3, "hint": "one\n一"}
    wrong = marked | {
        "status": "wrong",
        "message": "case 0 of 0 to 1: a list was returned; return a tuple; inputs x = 1",
    }
    error = marked | {"status": "error", "message": "right in 9 cases"}
    assert "用例 0（0 到 1）：返回的是列表，请返回元组" in feedback.question(wrong, "")
    assert "Hint · 提示:</strong> one\n一" in feedback.question(wrong, "")
    assert "用例" not in feedback.question(error, "")
    page = feedback.body(batch.not_graded("anna", "nothing handed in"), 7)
    assert "nothing handed in\n没有交作业" in page
