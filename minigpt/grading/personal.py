"""A question of one's own: the student predicts, runs an experiment on a seed that follows, and hands in its numbers.

    (id, prediction)  --personal_seed-->  seed  --experiment-->  numbers
    (seed, prediction, numbers)  --compared-->  the same again, in the grader's clean process

A prediction that is changed afterwards has another seed, and that one other numbers.
"""

import builtins
import hashlib
import types
import unicodedata

import numpy as np

from minigpt.grading.question import Question, Wrong

SHAPE = (
    "Return (seed, prediction, measured), as the text says, with numbers that are finite.\n"
    "按题目返回 (seed, prediction, measured)，数都要有限。"
)
OTHER_SEED = (
    "The seed is not that of your id with this prediction: was the id or the prediction changed after the run?\n"
    "种子与你的学号和这个预测不符：运行之后改过学号或预测吗？"
)
OTHER_NUMBERS = (
    "These are not the numbers of this seed: run the experiment again and copy what it returns, all four decimals.\n"
    "这些数不是这个种子给出的：请重新运行实验，照抄结果，四位小数都要抄。"
)
UNTOUCHED = (
    "This is the prediction that stood in the notebook: put your own in its place, run that cell again, and copy.\n"
    "这是笔记本里原有的预测：请换成你自己的，重新运行那一格，再照抄结果。"
)
NOBODY = "0000"  # the id that stands in the notebook
NO_ID = (
    f"Warning: this seed is that of the id {NOBODY}, which gets no points. Put your id into STUDENT, run that cell "
    "again, and copy.\n"
    f"注意：这个种子属于学号 {NOBODY}，不会得分。请把 STUDENT 改成你的学号，重新运行那一格，再抄结果。"
)
ALONE = (
    "Hint: here, as in the grade, the function stands alone: no name of another cell, no minigpt. Write the numbers "
    "into it.\n提示：这里和评分时一样，函数单独运行：没有别的格里的名字，也没有 minigpt。请把数直接写在函数里。"
)


def personal_seed(student, prediction):
    """A seed from a student's id and the numbers that were predicted, to three decimals.

    Zeros before a number do not matter, for a spreadsheet may have taken them off.

    >>> personal_seed("4711", [1, 0.25]) == personal_seed(" 04711", [1.0, 0.2501])
    True
    """
    name = unicodedata.normalize("NFKC", str(student)).strip().casefold()
    if name.isdecimal():
        name = name.lstrip("0")
    told = f"{name}|" + ",".join(f"{float(x) + 0.0:.3f}" for x in np.ravel(prediction))
    return int.from_bytes(hashlib.sha256(told.encode("utf-8", "replace")).digest()[:4], "big")


def alone(function):
    """The function as the grade calls it: with NumPy, without the notebook's other names and without minigpt."""
    if not isinstance(function, types.FunctionType):
        return function
    names = {"np": np, "__name__": "__main__", "__builtins__": vars(builtins) | {"__import__": imported}}
    bare = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    bare.__kwdefaults__ = function.__kwdefaults__
    return bare


def imported(name, *more, **named):
    if name.split(".")[0] == "minigpt":
        raise ModuleNotFoundError("No module named 'minigpt'")
    return builtins.__import__(name, *more, **named)


def is_nobodys(seed, prediction):
    """Does the seed belong to the id that stood in the notebook?"""
    return float(seed) == personal_seed(NOBODY, prediction)


def compared(parts, student, default, ranges, shape, experiment, whole=0, apart=2e-3):
    """What is wrong with (seed, prediction, measured); None if nothing is.

    Args:
        default: the prediction that stands in the notebook. whole: so many of the predicted numbers are whole ones.
    """
    shapes = [(), (len(ranges),), shape]
    if [part.shape for part in parts] != shapes:
        return f"the results have shapes {[part.shape for part in parts][:5]}, they should have {shapes}", SHAPE
    seed, prediction, measured = float(parts[0]), parts[1], parts[2]
    if not all(np.isfinite(part).all() for part in parts) or seed != round(seed) or not 0 <= seed < 2**32:
        return "a number is not finite, or the seed is none", SHAPE
    for place, (x, (least, most)) in enumerate(zip(prediction, ranges, strict=True)):
        if not least <= x <= most or (place < whole and x != round(x)):
            return f"predicted number {place + 1} is {x:g}; it may be {least} to {most}", SHAPE
    if prediction.tolist() == default:
        return f"the prediction is still {default}", UNTOUCHED
    if student is not None and seed != (right := personal_seed(student, prediction)):
        return f"the seed is {seed:.0f}; that of {student!r} with this prediction is {right}", OTHER_SEED
    far = np.argwhere(np.abs(measured - experiment(int(seed), prediction)) > apart)
    if len(far):
        at = tuple(far[0].tolist())
        return (
            f"measured{list(at)} is {measured[at]:.4f}; this seed gives another ({len(far)} differ by over {apart})",
            OTHER_NUMBERS,
        )
    return None


def own_question(question_id, function, experiment, predicted, other, impossible, default, verify, n_given=0):
    """The Question: `function()` returns (seed, prediction, numbers).

    Args:
        experiment: takes the seed and the first `n_given` of the predicted numbers; returns numbers.
        predicted, other: predictions that may be made; the numbers of the one are wrong for the other.
        impossible, default: predictions that are refused, see `compared`. verify: as in `Question`.
    """

    def handed_in(prediction, run=None):
        seed = personal_seed(NOBODY, prediction)
        return seed, prediction, experiment(personal_seed(NOBODY, run or prediction), *prediction[:n_given])

    return Question(
        question_id,
        function,
        3,
        lambda rng: {},
        lambda: handed_in(predicted),
        (
            Wrong(lambda: handed_in(predicted, other), OTHER_NUMBERS),
            Wrong(lambda: handed_in(impossible), SHAPE),
            Wrong(lambda: handed_in(default), UNTOUCHED),
        ),
        n_cases=1,
        verify=verify,
    )
