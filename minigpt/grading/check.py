"""A student's own check: `check("02.1", my_function)`, quick, with the comparison that the grade uses.

It runs in the student's own process, so it proves nothing to anybody else: the grade comes from `grade`.
"""

import traceback

from minigpt.files import InputError
from minigpt.grading.judge import judge
from minigpt.grading.question import cases, find

SEED = 0  # the grade draws other inputs


def check(question_id, function):
    """Try `function` on a question's cases and print the verdict; returns whether it is right.

    Raises:
        InputError: for a question that does not exist, or something that is no function.
    """
    question = find(question_id)
    if not callable(function):
        raise InputError(f'{function!r} is no function; write check("{question_id}", {question.function})')
    outputs = []
    for arguments in cases(question, SEED):
        try:
            outputs.append(function(**arguments))
        except NotImplementedError:
            print(f"{question_id}: not answered yet")
            return False
        except Exception:
            print(f"{question_id}: an error in case {len(outputs)} of 0 to {question.n_cases - 1}")
            print(traceback.format_exc(limit=-2).strip())
            return False
    verdict = judge(question, SEED, outputs)
    print(f"{question_id}: {verdict.message}")
    if not verdict.right:
        print(f'The inputs: from minigpt.grading.question import cases, find; cases(find("{question_id}"), {SEED})')
    if verdict.hint:
        print(f"Hint: {verdict.hint}")
    return verdict.right
