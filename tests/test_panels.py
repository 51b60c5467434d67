"""Checks of hidden programs: an answer sees one program and knows of no other; what it is told names none."""

from functools import cache

import numpy as np
import pytest
from test_jail import needs_jail
from test_kinds import PANELS, by_id, module, solution

from minigpt.grading import answers, check, kinds, wordless
from minigpt.grading.instructor import questions_of
from minigpt.grading.judge import judge, mark
from minigpt.grading.notebook import SETUP
from minigpt.grading.question import SHOWN, cases, drawn

SEED = 11
LOSS = questions_of("01")[-1]
COUNT = """
import gc, sys
def found(value, depth=0):
    if isinstance(value, str):
        return {value} if value.startswith("def candidate") and len(value) > 50 else set()
    if depth > 6 or not isinstance(value, (dict, list, tuple)):
        return set()
    parts = value.values() if isinstance(value, dict) else value
    return set().union(*(found(part, depth + 1) for part in list(parts)))
"""
SEES_OTHERS = {  # each says True if it knows of another program, or of another case
    "frames": COUNT
    + """
def check_loss(candidate):
    seen, frame = set(), sys._getframe()
    while frame:
        seen |= found({**frame.f_locals, **frame.f_globals})
        frame = frame.f_back
    return len(seen) > 1
""",
    "memory": COUNT
    + """
def check_loss(candidate):
    held = [x for x in gc.get_objects() if isinstance(x, (dict, list, tuple))]
    return len(set().union(*(found(x, 6) | found(x, 5) for x in held))) > 1
""",
    "bytes": """
import gc, io
def check_loss(candidate):
    held = b"".join(x.getvalue() for x in gc.get_objects() if isinstance(x, io.BytesIO))
    return held.count(b"def candidate") > 1
""",
    "state": """
N = [0]
def check_loss(candidate):
    N[0] += 1
    return N[0] > 1
""",
    "files": """
import os
def check_loss(candidate):
    os.makedirs(f"/tmp/{len(os.listdir('/tmp'))}/below")
    os.symlink("/", f"/tmp/link{len(os.listdir('/tmp'))}")
    open(f"/tmp/file{len(os.listdir('/tmp'))}", "w").close()
    return len(os.listdir("/tmp")) > 3
""",
    "open files": """
import os
def check_loss(candidate):
    seen = b""
    for fd in range(64):
        try:
            seen += os.pread(fd, 1 << 20, 0)
        except OSError:
            pass
    return b"def candidate" in seen
""",
}


def ran(source, question=LOSS, seed=SEED):
    cells = [("", SETUP), (question.grade_id, source)]
    return answers.run_answers(cells, [question], seed)[question.id]


@needs_jail
@pytest.mark.parametrize("name", SEES_OTHERS)
def test_an_answer_sees_one_program(name):
    answer = ran(SEES_OTHERS[name])
    assert answer.status == "done", answer.note
    assert [bool(x) for x in answer.outputs] == [False] * 9


@needs_jail
def test_what_an_earlier_fork_left_is_not_in_a_later_ones_memory():
    source = """
import sys
def check_loss(candidate):
    frame = sys._getframe()
    while "left" not in frame.f_locals:
        frame = frame.f_back
    return any(bytes(box[:8]) for box in frame.f_locals["left"].values())
"""
    assert ran(source).status == "crashed"


@needs_jail
def test_a_folder_that_cannot_be_emptied_ends_the_question():
    """What stands there would be told from program to program."""
    body = "    os.makedirs('/tmp/a/b')\n    os.chmod('/tmp/a', 0)\n    return True\n"
    assert ran(f"import os\ndef check_loss(candidate):\n{body}").status == "crashed"


@needs_jail
def test_a_check_that_never_ends_is_tried_once():
    answer = ran("def check_loss(candidate):\n    while True:\n        pass\n")
    assert answer.status == "timeout" and "2 seconds" in answer.note


def test_the_order_changes_with_the_answer_and_comes_again():
    def order(source):
        cells = [("", SETUP), (LOSS.grade_id, source)]
        return [about["places"] for about, _ in answers.runs(cells, LOSS, {LOSS.grade_id: 2}, SEED)]

    orders = {tuple(order(f"V = {n}")) for n in range(20)}
    assert len(orders) == 20 and all(sorted(each) == list(range(9)) for each in orders)
    assert order("V = 1") == order("V = 1")


@needs_jail
def test_a_table_of_verdicts_does_not_fit_the_next_order():
    """Feedback that names no place is not needed for this: in the order of one file its table is right, by chance."""
    wanted = drawn(LOSS, SEED).wanted
    source = f"import os\nV = {wanted}\ndef check_loss(candidate):\n    return V[(os.getpid() - 2) % 9]\n"
    answer = ran(source)
    assert answer.status == "done" and not judge(drawn(LOSS, SEED), answer.outputs).right


# --- what is told --------------------------------------------------------------------------------------------------

LEAK = """
import sys
def check_loss(candidate):
    frame = sys._getframe(1)
    while not isinstance(frame.f_locals.get("question"), dict):
        frame = frame.f_back
    raise ValueError(str(frame.f_locals["question"]["cases"]))
"""


@needs_jail
@pytest.mark.parametrize(
    "leak", [LEAK, LEAK.replace("raise ValueError(", "raise type('E' + ") + "    + '', (Exception,), {})"]
)
def test_an_exception_does_not_tell_a_program(leak):
    leak = leak.replace('["cases"]))\n    +', '["cases"])[:900] +')
    answer = ran(leak)
    marked = mark(drawn(LOSS, SEED), answer, "anna")
    assert marked["points"] == 0 and marked["status"] == "error"
    assert "logits" not in str(marked) and "9 of 9" in marked["message"]


def test_an_error_is_told_by_kind_and_line():
    told = wordless.without_words('in cell x:\n  File "q01_4", line 12, in f\nnp.E\nIndexError: secret', LOSS, 2)
    assert told.startswith("IndexError in line 12 of the cell, with 2 of 9") and "secret" not in told
    assert wordless.without_words("Secret: x", LOSS, 1).startswith("an error, with 1 of 9")
    assert "def check_loss" in wordless.without_words("NameError: no cell defines the function x", LOSS, 9)


def test_the_grade_names_kinds_of_mistakes():
    asked, wanted = drawn(LOSS, SEED), drawn(LOSS, SEED).wanted
    abouts = [case["candidate"].about for case in asked.cases]
    assert all(bool(about) != right for about, right in zip(abouts, wanted, strict=True))
    first, right = wanted.index(False), wanted.index(True)
    flipped = [w ^ (n in (first, right)) for n, w in enumerate(wanted)]
    told = judge(asked, flipped).message
    assert "wrong about 2 of 9" in told and "refuses 1 that is right" in told and "case" not in told
    english, chinese = abouts[first].split(" · ")
    assert english in told and chinese in told
    assert judge(asked, wanted).right


def test_a_students_own_check_names_all_that_it_missed(capsys):
    assert not check("01.4", lambda candidate: candidate.name in ("right_1", "right_2", "wrong_4"))
    told = capsys.readouterr().out
    assert "says False to right_3" in told and "says True to wrong_4" in told and "2 of 9" in told
    check("01.4", lambda candidate: candidate(np.zeros((3, 2)), np.array([0, 1, 5])) and True)
    told = capsys.readouterr().out
    assert "candidate = right_1" in told and "catch it" in told and "接住" in told


def test_a_students_own_check_tells_when_the_grade_would_stop_it(capsys, monkeypatch):
    """Each program has its own seconds of CPU: by a clock that stands still but for what the check says it took."""
    spent = {"right_2": 5.7}
    now = [0.0]
    monkeypatch.setattr("time.process_time", lambda: now[0])

    def slow(candidate):
        now[0] += spent.get(candidate.name, 1.9)
        return candidate.name.startswith("right")

    assert check("01.4", slow)
    told = capsys.readouterr().out
    assert "right about all 9 programs; the grade tries others" in told and "判断正确；评分用的是另一些程序" in told
    assert "Warning: 5.7 s of CPU for right_2; the grade stops at 2 " in told and "right_2 用了 5.7 秒" in told
    spent.clear()
    assert check("01.4", slow) and "Warning" not in capsys.readouterr().out


def test_the_grade_tries_no_others():
    asked = drawn(LOSS, SEED)
    assert judge(asked, asked.wanted).message == "right about all 9 programs"


def test_warnings_of_given_programs_are_not_shown(recwarn):
    def calls(candidate):
        candidate(np.array([[1000.0, 0]]), np.array([0]))
        return True

    check("01.4", calls)
    assert not len(recwarn)


# --- what the sources tell -----------------------------------------------------------------------------------------


@cache
def pieces(source):
    return {source[i : i + 4] for i in range(len(source) - 3)}


def alike(a, b):
    return len(pieces(a) & pieces(b)) / len(pieces(a) | pieces(b))


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_likeness_of_sources_does_not_tell_right_from_wrong(question):
    """The label of the given program that is most alike, and the middle of all nine: on few seeds all right."""
    given = [(case["candidate"].source, case["candidate"].name[0] == "r") for case in cases(question, SHOWN)]
    hits = np.zeros(3)
    for seed in range(1, 21):
        sources = [case["candidate"].source for case in cases(question, seed)]
        wanted = drawn(question, seed).wanted
        near = np.array([[alike(a, b) for b in sources] for a in sources])
        far = np.argsort(near.sum(axis=1))
        hits[0] += [max(given, key=lambda one, s=s: alike(one[0], s))[1] for s in sources] == wanted
        hits[1] += {*far[[0, 1, -1]].tolist()} == {*np.flatnonzero(wanted).tolist()}
        middle = near[far[-1]] < 0.5
        middle[far[-1]] = True
        hits[2] += middle.tolist() == wanted
    assert hits.max() <= 4, hits  # of 20; when all came from one program it was 13 to 16, in 01.4 it was 4


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_wrong_ones_come_from_several_right_ones(question):
    chapter = module(question.id[:2])
    for pool, least in ((chapter.PLAIN, 2), (chapter.EDGE, 2), (chapter.RARE, 1)):
        of = [max(range(4), key=lambda n, p=p: alike(chapter.RIGHT[n].source, p.source)) for p in pool]
        assert np.bincount(of, minlength=4).min() >= least, of
        assert all(" · " in program.about for program in pool) and len({p.about for p in pool}) > 2


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_each_seed_asks_for_two_kinds_of_each_list(question):
    chapter = module(question.id[:2])
    for seed in range(1, 21):
        hidden = [case["candidate"] for case in cases(question, seed)]
        for pool in (chapter.PLAIN, chapter.EDGE, chapter.RARE):
            sources = {program.source for program in pool}
            assert len({program.about for program in hidden if program.source in sources}) == 2


@needs_jail
def test_a_folder_that_nobody_may_read_is_the_students_own_fault():
    source = "import os\ndef check_loss(candidate):\n    os.chmod('/tmp', 0)\n    return True\n"
    assert ran(source).status == "crashed"


@pytest.mark.parametrize("question", PANELS, **by_id)
def test_a_check_has_time(question):
    assert question.seconds == kinds.SECONDS and question.apart
    assert solution(question)
