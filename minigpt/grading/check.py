"""A student's own check: `check("02.1", my_function)`, quick, with the comparison that the grade uses.

It runs in the student's own process, so it proves nothing to anybody else: the grade comes from `grade`. Arguments,
right results and those of known mistakes are read from the stored checks; what computes them is not in the package.
"""

import time
import traceback

import numpy as np

from minigpt.grading import stored
from minigpt.grading.chinese import in_both
from minigpt.grading.hints import with_hint
from minigpt.grading.judge import judge
from minigpt.grading.kinds import is_panel, too_slow
from minigpt.grading.personal import ALONE, NO_ID, alone, is_nobodys
from minigpt.support.errors import InputError

CATCH = (
    "Hint: a wrong program may raise an error; catch it, and return False.\n"
    "提示：错误的程序可能报错；接住它，返回 False。"
)


def inputs(question_id):
    """The arguments of each case that `check` tries, fresh ones at each call.

    >>> [case["w"] for case in inputs("02.1")]
    [4, 2, 2, 2, 1, 4, 7, 1, 3]
    """
    return stored.find(question_id).cases


def check(question_id, function):
    """Try `function` on a question's cases and print the verdict; returns whether it is right.

    Raises:
        InputError: for a question that does not exist, or something that is no function.
    """
    asked, outputs, seconds = stored.find(question_id), [], []
    if not callable(function):
        raise InputError(f'{function!r} is no function; write check("{question_id}", {asked.function})')
    own, student = asked.cases == [{}], None  # an experiment, which has no arguments
    if own:
        student, function = getattr(function, "__globals__", {}).get("STUDENT"), alone(function)
    for arguments, fresh in zip(inputs(question_id), inputs(question_id), strict=True):
        program, started = arguments.get("candidate"), time.process_time()
        try:
            with np.errstate(all="ignore" if program else None):  # the warnings of programs that are wrong
                outputs.append(function(**arguments))
        except NotImplementedError:
            print(f"{question_id}: not answered yet · 还没有作答")
            return False
        except Exception:
            case = f"{len(outputs)} of 0 to {len(asked.cases) - 1}"
            print(f"{question_id}: an error in case {case} · 用例 {len(outputs)} 运行出错")
            print(with_hint(traceback.format_exc(limit=-2).strip(), asked.function))
            if program:
                print(f"candidate = {program.name}\n{CATCH}")
            if own:
                print(ALONE)
            return False
        seconds.append(time.process_time() - started)
        changed = [name for name in fresh if plain(arguments[name]) != plain(fresh[name])]
        if changed:
            told = f"{question_id}: the function changed its argument {changed[0]} in place"
            print(with_hint(told, asked.function))
            return False
    verdict = judge(asked, outputs, student)
    hint = "" if verdict.hint else with_hint(verdict.message, asked.function).removeprefix(verdict.message)
    print(f"{question_id}: {in_both(verdict.message)}{hint}")
    if not verdict.right:
        print(f'The inputs · 输入: from minigpt.grading import inputs; inputs("{question_id}")')
    if verdict.hint:
        print(f"Hint: {verdict.hint}")
    if is_panel(asked) and (slow := too_slow(asked, seconds)):
        print(slow)
    if own and verdict.right and is_nobodys(*outputs[0][:2]):
        print(NO_ID)
    return verdict.right


def plain(value):
    """An argument as lists and numbers, which `==` compares; the runner, which stands alone, does the same."""
    return [plain(x) for x in value] if isinstance(value, list) else np.asarray(value).tolist()
