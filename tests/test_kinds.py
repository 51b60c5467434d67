"""Questions of other kinds: a check of programs, examples that fool a model, a run repaired, a seed of one's own."""

import json
import re
import zipfile
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from random_checks import told_apart
from test_jail import needs_jail

from minigpt.grading import answers, batch, check, experiments, fooling, personal, repair, stored
from minigpt.grading.instructor import CHECKOUT, folder_of, module_of, questions_of
from minigpt.grading.judge import judge, mark
from minigpt.grading.kinds import panel, programs, variants
from minigpt.grading.notebook import SETUP
from minigpt.grading.question import CHAPTERS, SHOWN, Program, cases, drawn
from minigpt.support.errors import InputError

NEW = [questions_of(chapter)[-1] for chapter in CHAPTERS]
PANELS = [question for question in NEW if question.draw and not question.verify]
TESTED = [
    question for question in NEW if question.verify in ("trains", "finetunes") or question.verify.startswith("fools")
]
OWN = [question for question in NEW if question.verify and question not in TESTED]
SEEDS = range(1, 11)
POOLS = ("RIGHT", "PLAIN", "EDGE", "RARE")

by_id = {"ids": lambda question: question.id}


def module(chapter):
    return module_of(folder_of() / "questions" / f"{chapter}_check.py")


def judged(question, function, seed, student=None):
    return judge(drawn(question, seed), [function(**arguments) for arguments in cases(question, seed)], student)


def test_each_homework_has_one_and_each_kind_comes_twice():
    assert all(question.points == 3 for question in NEW) and len(NEW) == 13
    assert (len(PANELS), len(OWN)) == (6, 3)
    kinds = [question.verify[:4] for question in TESTED]
    assert sorted(kinds) == ["fine", "fool", "fool", "trai"]


@pytest.mark.parametrize("question", [*PANELS, *TESTED], **by_id)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_answer_gets_its_points_and_wrong_ones_none(question, seed):
    assert len(cases(question, seed)) == question.n_cases
    assert judged(question, question.reference, seed).right
    for wrong in question.wrong:
        verdict = judged(question, wrong.answer, seed)
        assert not verdict.right and verdict.hint == wrong.hint and "\n" in wrong.hint, verdict


@pytest.mark.parametrize("question", NEW, **by_id)
def test_hints_stand_in_both_languages(question):
    for wrong in question.wrong:
        english, chinese = wrong.hint.split("\n")
        assert english.isascii() and any("\u4e00" <= c <= "\u9fff" for c in chinese)


# --- programs as arguments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_every_program_is_what_its_list_says(question):
    """An ordinary check passes the right ones and those that only an edge tells; the reference tells all."""
    chapter, ordinary = module(question.id[:2]), question.wrong[2].answer
    told = {"RIGHT": (True, True), "PLAIN": (False, False), "EDGE": (False, True), "RARE": (False, True)}
    for name, passes in told.items():
        for program in getattr(chapter, name):
            assert (question.reference(program), ordinary(program)) == passes, program.source


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_random_inputs_do_not_make_a_check(question):
    """Compared with a right program on random inputs of all sizes, the two rare ones pass whatever the seed."""
    all_nine, passed = told_apart(question.id[:2], (1, 2, 3))
    rare = {program.about.split(" · ")[0] for program in module(question.id[:2]).RARE}
    assert all_nine == 0 and sum(n for kind, n in passed.items() if kind in rare) == 6, passed
    assert "(right ones refused)" not in passed


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_every_two_wrong_programs_that_are_caught_give_a_point(question):
    check = drawn(question, 1)
    wrong, right = (np.flatnonzero(np.equal(check.wanted, said)) for said in (False, True))
    for n_missed, points in enumerate((3, 2, 2, 1, 1, 0, 0)):
        said = [n in {*right, *wrong[:n_missed]} for n in range(9)]
        marked = mark(check, answers.Answer(said, "done"))
        status = {3: "right", 0: "wrong"}.get(points, "partly right")
        assert (marked["points"], marked["status"]) == (points, status)
        said[right[0]] = False
        marked = mark(check, answers.Answer(said, "done"))
        assert (marked["points"], marked["status"]) == (0, "wrong") and "It finds" not in marked["message"]


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_hidden_programs_are_others_and_say_nothing(question):
    shown = {case["candidate"].source.replace(case["candidate"].name, "candidate") for case in cases(question, SHOWN)}
    assert len(shown) == 9
    sets = set()
    for seed in SEEDS:
        hidden = [case["candidate"] for case in cases(question, seed)]
        assert len({program.source for program in hidden}) == 9 and shown.isdisjoint(p.source for p in hidden)
        assert {program.name for program in hidden} == {"candidate"} and not any("#" in p.source for p in hidden)
        wanted = drawn(question, seed).wanted
        assert sorted(wanted) == [False] * 6 + [True] * 3
        sets.add(tuple(wanted))
    assert len(sets) > 5  # another order each time


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_the_notebook_shows_the_given_programs(question):
    (path,) = (CHECKOUT / "chapters").glob(f"{question.id[:2]}_*/homework.ipynb")
    (given,) = [c.source for c in nbformat.read(path, 4).cells if c.id == f"{question.grade_id}-given"]
    assert programs(given) == [case["candidate"] for case in cases(question, SHOWN)]
    assert [program.name[:5] for program in programs(given)] == ["right"] * 3 + ["wrong"] * 6


def test_nothing_hidden_is_where_students_look():
    hidden = [p.source for q in PANELS for name in POOLS for p in getattr(module(q.id[:2]), name)]
    lines = [source.split("\n", 1)[1].strip() for source in hidden]
    texts = [p.read_text(encoding="utf-8") for p in (CHECKOUT / "minigpt").rglob("*.py")]
    for path in (CHECKOUT / "chapters").glob("*/homework.ipynb"):
        texts += [cell.source for cell in nbformat.read(path, 4).cells]
    for path in stored.CHECKS.glob("*.npz"):
        with np.load(path) as file:
            texts += [program[0] for program in found_programs(json.loads(file["index"].tobytes()))]
    assert not [body for body in lines if any(body in text for text in texts)]
    assert any("def right_1" in text for text in texts)  # what is shown would be found


def found_programs(value):
    if isinstance(value, dict) and "program" in value:
        yield value["program"]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from found_programs(part)


def test_a_program_goes_into_the_job_and_into_the_store(tmp_path):
    program = Program("def f(x):\n    return np.sum(x)\n", "f")
    assert program(np.ones(3)) == 3 and stored.unpacked(stored.packed(program, {}), {}) == program
    assert answers.encoded(program, {}) == {"program": [program.source, "f"]}
    with pytest.raises(TypeError, match="programs"):
        answers.encoded(print, {})


def test_variants_differ_where_they_should():
    text = "def f(x):\n    return x + 1\n"
    assert [p.source for p in variants(text, {"a sign": [("+ 1", "- 1")]})] == ["def f(x):\n    return x - 1\n"]
    with pytest.raises(ValueError, match="stands 0 times"):
        variants(text, {"none": [("+ 2", "")]})
    few = programs(text * 1)
    with pytest.raises(ValueError):
        panel("", few, few, few)(np.random.default_rng(0), False)  # three of each are needed


# --- answers that are tested ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [q for q in TESTED if q.verify.startswith("fools")], **by_id)
def test_twenty_rows_of_any_kind_are_looked_at(question):
    check, good = drawn(question, 1), [question.reference(**case) for case in cases(question, 1)]
    assert judge(check, good).right
    for spoilt in (
        [rows.astype(float) * np.nan for rows in good],
        [rows + 0.5 for rows in good],
        [rows - 9 for rows in good],
        [rows + 100 for rows in good],
        [rows[:19] for rows in good],
        [rows[:, :-1] for rows in good],
        [np.zeros(0) for _ in good],
        [np.zeros((20, 0)) for _ in good],
        [(rows, rows) for rows in good],
        [None for _ in good],
        good[1:] + good[:1],  # another case's model
    ):
        assert not judge(check, spoilt).right


@pytest.mark.parametrize("seed", [12, 25])
def test_a_bag_of_words_can_be_fooled_both_ways(seed):
    """Weights as they come may make it say No to every pair, and the ten that do not follow cannot be found."""
    rows = np.random.default_rng(0).integers(0, [4, 3, 2] * 4, size=(400, 12))
    for case in cases(questions_of("08")[-1], seed):
        assert 40 < sum(case["model"](*case["tell"](row)) for row in rows) < 360


def test_what_the_jail_tells_is_what_the_grade_reads():
    rng = np.random.default_rng(0)
    pair, choice = (cases(questions_of(chapter)[-1], 1)[0]["tell"] for chapter in ("08", "10"))
    for _ in range(200):
        row = rng.integers(0, [4, 3, 2] * 4)
        assert pair(row) == fooling.entailment_texts(row)
        row = rng.integers(0, [4, 3, 2] * 4 + [4])
        assert tuple(choice(row)) == fooling.choice_texts(row)


@pytest.mark.parametrize("question", [q for q in TESTED if q.draw], **by_id)
def test_settings_of_any_kind_are_looked_at(question):
    check, good = drawn(question, 1), [question.reference(**case) for case in cases(question, 1)]
    assert judge(check, good).right
    given = [case["settings"] for case in cases(question, 1)]
    for spoilt in (
        given,
        [x * np.inf for x in good],
        [-x for x in good],
        [x[:-1] for x in good],
        [x + 0.5 for x in good],
    ):
        assert not judge(check, spoilt).right
    for place in range(2):  # one of the two mistakes is left
        halves = []
        for ours, theirs in zip(good, given, strict=True):
            wrong = np.flatnonzero(~np.isclose(ours, theirs, rtol=1e-9, atol=0))
            halves.append(ours.copy())
            halves[-1][wrong[place]] = theirs[wrong[place]]
        assert judge(check, halves).hint == repair.NOT_REPAIRED


def test_a_run_with_the_largest_settings_ends_soon():
    case = cases(questions_of("07")[-1], 1)[0]
    settings = np.array([0, 1e6, 500, -1.0])
    with np.errstate(all="ignore"):
        loss, log = repair.finetune(case["run"], settings)
    assert len(log) < 30 and not loss < 1


def one_of_train(settings):
    """A repair that never reads the log: limits and rates are held against what is usual for all runs."""
    rate, _, clip, decay, _ = settings
    place, factor = (2, 100) if rate * clip**2 < 0.03 else (0, 8 if rate * clip**2 < 100 else 1 / 8)
    settings = repair.changed(settings, (place, settings[place] * factor))
    return repair.changed(settings, (3, 0) if abs(decay) > 0.01 else (4, 5 - settings[4]))


def one_of_finetune(settings):
    _, rate, epochs, decay = settings
    settings = repair.changed(settings, (1, rate * (8 if rate * epochs < 1.75 else 1 / 8)))
    return repair.changed(settings, (3, 0) if abs(decay * epochs) > 1 else (0, 5))


@pytest.mark.parametrize(
    ("question", "rule"),
    [*zip([q for q in TESTED if q.draw], (one_of_train, one_of_finetune), strict=True)],
    ids=lambda x: getattr(x, "id", ""),
)
def test_settings_alone_do_not_tell_what_is_wrong(question, rule):
    """The same settings are right in one run and wrong in another: the log has to be read."""
    passed = [
        judge(drawn(question, seed), [rule(case["settings"]) for case in cases(question, seed)]).right
        for seed in (1, 2, 3, 4)
    ]
    assert sum(passed) <= 1


# --- a seed of one's own -------------------------------------------------------------------------------------------

PREDICTIONS = {"00.4": [300, 0.2], "03.4": [3, 3, 3, 0.5], "11.5": [0, 6.0]}
RUNS = {
    "00.4": lambda seed, prediction: experiments.by_amount(seed),
    "03.4": lambda seed, prediction: experiments.without_heads(seed, prediction[0]),
    "11.5": lambda seed, prediction: experiments.parts_anew(seed),
}


def handed_in(question, student, prediction=None):
    prediction = prediction or PREDICTIONS[question.id]
    seed = personal.personal_seed(student, prediction)
    return seed, prediction, RUNS[question.id](seed, prediction)


@pytest.mark.parametrize("question", OWN, **by_id)
def test_only_the_students_own_numbers_are_right(question):
    check = drawn(question, 1)
    seed, prediction, measured = handed_in(question, "anna")
    assert judge(check, [(seed, prediction, measured)], "anna").right
    assert judge(check, [(float(seed), np.array(prediction), np.round(measured, 3))], " Anna ").right
    assert judge(check, [(seed, prediction, measured)]).right  # in the student's own check
    assert judge(check, [(seed, prediction, measured)], "ben").hint == personal.OTHER_SEED
    later = [*prediction[:-1], prediction[-1] + 0.1]
    assert judge(check, [(seed, later, measured)], "anna").hint == personal.OTHER_SEED
    changed = personal.personal_seed("anna", later)
    assert judge(check, [(changed, later, measured)], "anna").hint == personal.OTHER_NUMBERS
    theirs = personal.personal_seed("ben", prediction)
    assert judge(check, [(theirs, prediction, measured)], "ben").hint == personal.OTHER_NUMBERS
    for spoilt in (
        (seed, prediction),
        (seed + 0.5, prediction, measured),
        (-1, prediction, measured),
        (1e300, prediction, measured),
        (seed, [np.nan] * len(prediction), measured),
        (seed, prediction, measured * np.nan),
        (seed, prediction, measured + 0.01),
        (seed, prediction, measured[:-1]),
        (np.array([seed]), prediction, measured),
        None,
    ):
        assert not judge(check, [spoilt], "anna").right


def test_zeros_in_front_of_an_id_do_not_matter():
    """A spreadsheet takes them off: 04725 in the notebook is 4725 on the list."""
    question = OWN[0]
    for written, listed in (("04725", "4725"), ("4725", "004725"), ("０4725", "4725")):
        assert judge(drawn(question, 1), [handed_in(question, written)], listed).right
    assert personal.personal_seed("0x1", [1]) != personal.personal_seed("x1", [1])


def cell_of(question, end=""):
    """The source of a cell of the released homework."""
    (path,) = (CHECKOUT / "chapters").glob(f"{question.id[:2]}_*/homework.ipynb")
    (source,) = [cell.source for cell in nbformat.read(path, 4).cells if cell.id == question.grade_id + end]
    return source


@pytest.mark.parametrize("question", OWN, **by_id)
def test_the_prediction_that_stood_there_is_refused(question, capsys):
    default = eval(re.search(r"PREDICTION = (\[.*?\])", cell_of(question, "-run"))[1])
    result = handed_in(question, "anna", default)
    assert judge(drawn(question, 1), [result], "anna").hint == personal.UNTOUCHED
    assert check(question.id, lambda: result) is False
    assert capsys.readouterr().out.endswith(f"Hint: {personal.UNTOUCHED}\n")
    other = [*default[:-1], 0.01]
    assert judge(drawn(question, 1), [handed_in(question, "anna", other)], "anna").right


@pytest.mark.parametrize("question", OWN, **by_id)
def test_a_list_counts_like_a_tuple(question):
    seed, prediction, measured = handed_in(question, "anna")
    result = [seed, prediction, measured.tolist()]
    assert judge(drawn(question, 1), [result], "anna").right
    source = f"def {question.function}():\n    return {result}\n"
    answer = answers.run_answers([("", SETUP), (question.grade_id, source)], [question], 1, trusted=True)[question.id]
    assert answer.status == "done", answer.note
    assert judge(drawn(question, 1), answer.outputs, "anna").right


def in_a_notebook(question, source, student):
    """The function of an answer's cell, below a run cell with this id."""
    names = {"np": np, "check": check}
    exec(cell_of(question, "-run").replace('"0000"', repr(student)).split("\nseed =")[0], names)
    exec(f"seed = 1\n{source}", names)
    return names[question.function]


def test_the_students_check_looks_at_the_id(capsys):
    question, told = OWN[0], {}
    for owner in ("0000", "anna"):
        source = f"def {question.function}():\n    return {(*handed_in(question, owner)[:2],)} + (M,)\n"
        source = source.replace("M", repr(handed_in(question, owner)[2].tolist()))
        for student in ("0000", "anna"):
            told[owner, student] = check(question.id, in_a_notebook(question, source, student)), capsys.readouterr().out
    assert {pair for pair, (right, _) in told.items() if right} == {("0000", "0000"), ("anna", "anna")}
    assert told["0000", "0000"][1].endswith(f"{personal.NO_ID}\n")
    assert "Warning" not in told["anna", "anna"][1]
    for pair in ("0000", "anna"), ("anna", "0000"):
        assert personal.OTHER_SEED in told[pair][1]
    seed, prediction, measured = handed_in(question, "0000")
    assert check(question.id, lambda: (seed, prediction, measured)) and personal.NO_ID in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("return seed, PREDICTION, [[0.5] * 5] * 2", "NameError: name 'seed' is not defined"),
        ("return 1, [300, 0.5], experiments.by_amount(1)", "NameError: name 'experiments' is not defined"),
        ("import minigpt.grading\n    return 1, [300, 0.5], [[0.5] * 5] * 2", "No module named 'minigpt'"),
    ],
)
def test_the_students_check_calls_an_experiment_as_the_jail_does(body, error, capsys):
    question = OWN[0]
    source = f"def {question.function}():\n    {body}\n"
    assert check(question.id, in_a_notebook(question, source, "anna")) is False
    told = capsys.readouterr().out
    assert error in told and told.endswith(f"{personal.ALONE}\n")
    if "NameError" in error:
        cells = [("", SETUP), ("", "raise ImportError"), (question.grade_id, source)]
        note = answers.run_answers(cells, [question], 1, trusted=True)[question.id].note
        assert error in note and "without minigpt, which the grade does not have" in note
    sound = "def f(*, n=2):\n    import math\n    return np.full(n, math.pi)\n"
    names = {"np": None}
    exec(sound, names)
    assert personal.alone(names["f"])()[1] == np.pi and personal.alone(len) is len


def test_no_two_students_have_the_same_seed():
    seeds = {personal.personal_seed(f"{n}", [1, x]) for n in range(300) for x in (0.1, 0.2)}
    assert len(seeds) == 600
    assert personal.personal_seed("小明", [-0.0]) == personal.personal_seed("小明 ", [0])


def test_the_body_is_found_or_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(experiments, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="datasets/toy_world/body"):
        experiments.body.__wrapped__()


def test_the_grade_knows_whose_numbers_they_are():
    question = questions_of("03")[-1]
    outputs = [tuple(map(np.asarray, handed_in(question, "anna")))]
    marks = [mark(drawn(question, 1), answers.Answer(outputs, "done"), student) for student in ("anna", "ben")]
    assert [mark["points"] for mark in marks] == [3, 0] and "'ben'" in marks[1]["message"]


# --- in the jail ---------------------------------------------------------------------------------------------------


def solution(question):
    (path,) = folder_of().glob(f"{question.id[:2]}_*/homework_source.ipynb")
    (source,) = [c.source for c in nbformat.read(path, 4).cells if c.id == question.grade_id]
    return source


@needs_jail
@pytest.mark.parametrize("question", NEW, **by_id)
def test_in_the_jail(question):
    """The notebook's solution is right there; a check that lets everything pass is not."""
    cells = [("", SETUP), (question.grade_id, solution(question))]
    answer = answers.run_answers(cells, [question], 5)[question.id]
    assert answer.status == "done", answer.note
    assert judge(drawn(question, 5), answer.outputs, "0000").right
    if question in PANELS:
        trusting = f"def {question.function}(candidate):\n    return True\n"
        answer = answers.run_answers([("", SETUP), (question.grade_id, trusting)], [question], 5)[question.id]
        assert answer.status == "done" and not judge(drawn(question, 5), answer.outputs).right


def graded(tmp_path, chapter, source, student):
    """A released notebook with one answer in it, through `grade`, in the jail."""
    (path,) = (CHECKOUT / "chapters").glob(f"{chapter}_*/homework.ipynb")
    notebook, question = nbformat.read(path, 4), questions_of(chapter)[-1]
    for cell in notebook.cells:
        if cell.id == question.grade_id:
            cell.source = source
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as file:
        file.writestr(f"{student}/homework.ipynb", nbformat.writes(notebook))
    (tmp_path / "roster.csv").write_text(f"student\n{student}\n")
    rows = batch.grade(tmp_path / "in.zip", chapter, tmp_path / "roster.csv", tmp_path / "out", seed=3, say=str)
    return rows[0][question.id], (tmp_path / "out" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


@needs_jail
def test_a_notebook_goes_through_grade(tmp_path):
    """The experiment's own cell, which needs minigpt, fails in the jail and costs nothing."""
    source = solution(questions_of("03")[-1])
    assert graded(tmp_path, "03", source, "0000")[0] == 3
    (tmp_path / "b").mkdir()
    points, page = graded(tmp_path / "b", "03", source, "4711")
    assert points == 0 and "种子与你的学号" in page


def test_a_question_that_is_compared_has_no_verify():
    question = replace(questions_of("02")[0])
    assert drawn(question, 1).verify == "" and drawn(question, 1).known
