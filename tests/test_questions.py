"""The homework: each reference is right, each known mistake is caught and named, and the notebooks fit the modules."""

import ast
import contextlib
import doctest
import io
import json
import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest

from instructor.seeds import fails, misjudged
from instructor.wrong_answers import WRONG
from minigpt.grading import check, inputs, stored
from minigpt.grading.answers import run_answers
from minigpt.grading.instructor import folder_of, questions_of
from minigpt.grading.judge import judge
from minigpt.grading.question import CHAPTERS, Question, Wrong, cases, drawn, find
from minigpt.support.errors import InputError

SEEDS = (0, 1, 2, 7)
QUESTIONS = [question for chapter in CHAPTERS for question in questions_of(chapter)]
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION", re.MULTILINE | re.DOTALL)

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)


def answers(function, question, seed):
    return [function(**arguments) for arguments in cases(question, seed)]


def assert_mistakes_are_caught(question, seed):
    numbers = drawn(question, seed)
    for wrong in question.wrong:
        verdict = judge(numbers, answers(wrong.answer, question, seed))
        assert not verdict.right, f"seed {seed}: {wrong.hint!r} passes"
        assert verdict.hint == wrong.hint


def notebook(chapter):
    (path,) = folder_of().glob(f"{chapter}_*/homework_source.ipynb")
    return nbformat.read(path, as_version=4)


def graded(chapter):
    """The notebook's cells with nbgrader's metadata: {grade_id: (metadata, source)}."""
    cells = [cell for cell in notebook(chapter).cells if "nbgrader" in cell.metadata]
    found = {cell.metadata.nbgrader.grade_id: (cell.metadata.nbgrader, cell.source) for cell in cells}
    assert len(found) == len(cells), "a grade_id stands twice"
    return found


def released(source):
    """An answer's cell as a student gets it: nbgrader puts a stub in place of the solution."""
    stub, n = SOLUTION.subn(r"\1# YOUR CODE HERE\n\1raise NotImplementedError()", source)
    assert n == 1
    return stub


def functions(*sources):
    """What the cells define, run one after the other."""
    names = {}
    for source in sources:
        exec(source, names)
    return names


def answered(question):
    """The function of the notebook's solution, and of its stub."""
    found = graded(question.id[:2])
    setup, source = found["setup"][1], found[question.grade_id][1]
    return functions(setup, source)[question.function], functions(setup, released(source))[question.function]


def test_there_are_questions():
    assert len(QUESTIONS) >= 3 * len(CHAPTERS)


@each_chapter
def test_points_and_names(chapter):
    questions = questions_of(chapter)
    assert 4 <= len(questions) <= 5 and sum(question.points for question in questions) == 13
    assert [question.id for question in questions] == [f"{chapter}.{n + 1}" for n in range(len(questions))]
    assert len({question.function for question in questions}) == len(questions)


@pytest.mark.parametrize("seed", SEEDS)
@each_question
def test_reference_is_right(question, seed):
    assert judge(drawn(question, seed), answers(question.reference, question, seed)).right


@pytest.mark.parametrize("seed", SEEDS)
@each_question
def test_mistakes_are_caught_and_named(question, seed):
    assert len(question.wrong) >= 2 and len({wrong.hint for wrong in question.wrong}) == len(question.wrong)
    assert_mistakes_are_caught(question, seed)


def assert_in_both_languages(hint):
    """English above, Chinese below."""
    english, chinese = hint.split("\n")
    assert english and not re.search(r"[\u4e00-\u9fff]", english) and re.search(r"[\u4e00-\u9fff]", chinese), hint


@each_question
def test_hints_are_in_both_languages(question):
    """In the grade, and in what the students' check reads."""
    stored_hints = [mistake.hint for mistake in stored.find(question.id).known]
    for hint in [wrong.hint for wrong in question.wrong] + stored_hints:
        assert_in_both_languages(hint)


@pytest.mark.parametrize("hint", ["look at the sign", "看看符号", "看看符号\nlook at the sign", "a\nb\n看"])
def test_the_check_of_languages_can_fail(hint):
    with pytest.raises((AssertionError, ValueError)):
        assert_in_both_languages(hint)


def test_each_line_of_the_chinese_hints_is_used():
    chinese = json.loads((folder_of() / "hints.zh.json").read_text(encoding="utf-8"))
    used = {line for question in QUESTIONS for wrong in question.wrong for line in wrong.hint.split("\n")}
    assert [text for pair in chinese.items() for text in pair if text not in used] == []


@pytest.mark.parametrize(
    "wrong",
    [
        [Wrong(lambda x: x + 1e-12, "no mistake at all")],
        [Wrong(lambda x: x + 1, "first"), Wrong(lambda x: 1 + x, "second, with the first one's numbers")],
    ],
)
def test_the_check_of_mistakes_can_fail(wrong):
    question = Question("02.1", "f", 2, lambda rng: {"x": rng.random(3)}, lambda x: x, tuple(wrong))
    with pytest.raises(AssertionError):
        assert_mistakes_are_caught(question, seed=0)


def flat(arguments):
    """Arguments as something that can be compared."""
    return repr([(name, [np.asarray(x).tolist() for x in listed(value)]) for name, value in arguments.items()])


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("question", [q for q in QUESTIONS if cases(q, 0)[0]], ids=lambda question: question.id)
def test_inputs_follow_the_seed(question):
    drawn = {seed: [flat(arguments) for arguments in cases(question, seed)] for seed in SEEDS}
    for seed in SEEDS:
        assert drawn[seed] == [flat(arguments) for arguments in cases(question, seed)]
    assert len({str(inputs) for inputs in drawn.values()}) == len(SEEDS)
    assert len(set(drawn[0])) > 1  # not one case again and again


@each_question
def test_answers_leave_their_arguments_alone(question):
    for function in (question.reference, answered(question)[0], *(wrong.answer for wrong in question.wrong)):
        for arguments, fresh in zip(cases(question, 0), cases(question, 0), strict=True):
            function(**arguments)
            assert flat(arguments) == flat(fresh)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.id in WRONG], ids=lambda question: question.id)
def test_wrong_answers_get_nothing(question):
    """And the solution everything; `python instructor/seeds.py 50` tries more seeds."""
    assert len(WRONG[question.id]) >= 3 and list(misjudged(question, (1, 2))) == []


def test_without_its_edges_a_question_lets_wrong_answers_pass():
    """The check above can fail: these got full points before there were edges."""
    passed = {"00.1": 8, "00.2": 3, "00.3": 7, "02.1": 1, "02.2": 0, "02.3": 0}
    for question_id, n in (passed | {"06.3": 1, "07.1": 0, "07.2": 0, "07.4": 0}).items():
        question, answer = find(question_id, QUESTIONS), WRONG[question_id][n]
        assert fails(question, drawn(question, 1), 1, answer)
        bare = replace(question, edges=tuple)
        assert not fails(bare, drawn(bare, 1), 1, answer), question_id


@each_question
def test_no_answer_is_told_as_such(question, capsys):
    def not_there(**arguments):
        raise NotImplementedError

    assert check(question.id, not_there) is False
    assert "not answered" in capsys.readouterr().out


@each_question
def test_the_students_check_names_each_mistake(question, capsys):
    """From stored numbers alone: the first difference, how to get the inputs, and the mistake's hint."""
    for wrong in question.wrong:
        assert check(question.id, wrong.answer) is False
        told = capsys.readouterr().out
        first = rf"(case \d+ of 0 to {question.n_cases - 1}: |your check is wrong about \d of 9 programs: )"
        assert re.match(rf"{question.id}: {first}", told), told
        assert f'inputs("{question.id}")' in told and told.endswith(f"Hint: {wrong.hint}\n")


def test_the_students_check_of_an_error(capsys):
    assert check("02.1", lambda q, k, v, w: q["x"]) is False
    assert "02.1: an error in case 0 of 0 to 8" in capsys.readouterr().out
    with pytest.raises(InputError, match=r'write check\("02.1", window_attention\)'):
        check("02.1", 3)
    with pytest.raises(InputError, match=r"'02\.9' is not one of 02\.1, 02\.2"):
        check("02.9", len)


def test_a_function_that_changes_its_arguments_does_not_change_the_check(capsys):
    def spoils(q, k, v, w):
        q[:] = k[:] = v[:] = 0
        return v

    assert check("02.1", spoils) is False and check("02.1", answered(find("02.1", QUESTIONS))[0]) is True
    assert all(case["q"].any() for case in inputs("02.1"))


IN_PLACE = """def window_attention(q, k, v, w):
    q /= np.sqrt(q.shape[1])
    seen = np.tri(len(q), dtype=bool) & ~np.tri(len(q), k=-w, dtype=bool)
    scores = np.where(seen, q @ k.T, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v
"""


def test_an_answer_that_changes_its_arguments_is_wrong(capsys):
    """In the check and in the grade: the numbers are right, the caller's q is not any more."""
    answer, question = functions("import numpy as np", IN_PLACE)["window_attention"], find("02.1", QUESTIONS)
    assert judge(drawn(question, 1), answers(answer, question, 1)).right
    assert check("02.1", answer) is False
    told = capsys.readouterr().out
    assert (
        "02.1: the function changed its argument q in place\nHint: work on a copy" in told
        and "\n提示：请在副本上" in told
    )
    cells = [("setup", "import numpy as np"), (question.grade_id, IN_PLACE)]
    graded = run_answers(cells, [question], 1, trusted=True)["02.1"]
    assert graded.status == "error" and "case 0: the function changed its argument q in place" in graded.note
    assert "\n提示：请在副本上" in graded.note
    cells[1] = (question.grade_id, IN_PLACE.replace("q /=", "q = q /"))
    assert run_answers(cells, [question], 1, trusted=True)["02.1"].status == "done"


def test_whole_numbers_are_asked_for_where_they_index(capsys):
    solution = answered(find("07.2", QUESTIONS))[0]
    assert check("07.2", lambda **arguments: (solution(**arguments)[0].astype(float), 1)) is False
    assert "returned value 1 of 2 is float64, it should be whole numbers" in capsys.readouterr().out
    mask = answered(find("10.4", QUESTIONS))[0]
    assert check("10.4", lambda **row: mask(**row).astype(float)) is True  # a mask may be of any type


@each_question
def test_the_inputs_that_a_student_sees_are_those_of_the_check(question):
    assert [flat(case) for case in inputs(question.id)] == [flat(case) for case in inputs(question.id)]
    types = [[type(x) for x in case.values()] for case in inputs(question.id)]
    assert types == [[type(x) for x in case.values()] for case in cases(question, 0)]


@each_question
def test_solution_passes_and_stub_does_not(question, capsys):
    solution, stub = answered(question)
    assert check(question.id, solution) is True
    capsys.readouterr()
    assert check(question.id, stub) is False
    assert "not answered" in capsys.readouterr().out
    for seed in SEEDS:
        assert judge(drawn(question, seed), answers(solution, question, seed)).right


@each_question
def test_worked_example_holds(question):
    solution, stub = answered(question)
    assert solution.__doc__ == stub.__doc__
    example = doctest.DocTestParser().get_doctest(solution.__doc__, solution.__globals__, question.function, None, 0)
    assert example.examples, "the docstring shows no example"
    with contextlib.redirect_stdout(io.StringIO()) as told:
        failed, _ = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example)
    assert failed == 0, told.getvalue()


@each_question
def test_arguments_have_the_same_names(question):
    (definition,) = [
        node
        for node in ast.parse(graded(question.id[:2])[question.grade_id][1]).body
        if isinstance(node, ast.FunctionDef) and node.name == question.function
    ]
    assert [argument.arg for argument in definition.args.args] == list(cases(question, 0)[0])


@each_chapter
def test_notebook_fits_the_module(chapter):
    questions, found = questions_of(chapter), graded(chapter)
    assert set(found) == {"setup"} | {q.grade_id + end for q in questions for end in ("", "-test")}
    for question in questions:
        answer, test = found[question.grade_id][0], found[question.grade_id + "-test"]
        assert answer.solution and not answer.grade and not answer.locked
        assert test[0].grade and test[0].locked and not test[0].solution and test[0].points == question.points
        assert test[1] == f'check("{question.id}", {question.function})'
        (text,) = [cell.source for cell in notebook(chapter).cells if cell.id == question.grade_id + "-text"]
        assert f"({question.points} points)" in text and f"{question.points} 分" in text.splitlines()[0]


@each_chapter
def test_notebook_is_clean(chapter):
    source = notebook(chapter)
    nbformat.validate(source)
    for cell in source.cells:
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", cell.id)
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
        elif cell.id == "title" or cell.id.endswith("-text"):
            assert re.search(r"[\u4e00-\u9fff]", cell.source) and re.search(r"[a-zA-Z]{4}", cell.source)
