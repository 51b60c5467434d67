"""A question of one's own: the student predicts, runs an experiment on a seed that follows, and hands in its numbers.

    (id, prediction)  --personal_seed-->  seed  --experiment-->  numbers
    (seed, prediction, numbers)  --compared-->  the same again, in the grader's clean process

A prediction that is changed afterwards has another seed, and that one other numbers.
"""

import hashlib
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
    "These are not the numbers of this seed: run the experiment again and copy what it returns.\n"
    "这些数不是这个种子给出的：请重新运行实验，照抄结果。"
)


def personal_seed(student, prediction):
    """A seed from a student's id and the numbers that were predicted, to three decimals.

    >>> personal_seed("4711", [1, 0.25]) == personal_seed(" 4711", [1.0, 0.2501])
    True
    """
    name = unicodedata.normalize("NFKC", str(student)).strip().casefold()
    told = f"{name}|" + ",".join(f"{float(x) + 0.0:.3f}" for x in np.ravel(prediction))
    return int.from_bytes(hashlib.sha256(told.encode("utf-8", "replace")).digest()[:4], "big")


def compared(parts, student, ranges, shape, experiment, whole=0, apart=2e-3):
    """What is wrong with (seed, prediction, measured); `whole` of the predicted numbers are whole ones."""
    shapes = [(), (len(ranges),), shape]
    if [part.shape for part in parts] != shapes:
        return f"the results have shapes {[part.shape for part in parts][:5]}, they should have {shapes}", SHAPE
    seed, prediction, measured = float(parts[0]), parts[1], parts[2]
    if not all(np.isfinite(part).all() for part in parts) or seed != round(seed) or not 0 <= seed < 2**32:
        return "a number is not finite, or the seed is none", SHAPE
    for place, (x, (least, most)) in enumerate(zip(prediction, ranges, strict=True)):
        if not least <= x <= most or (place < whole and x != round(x)):
            return f"predicted number {place + 1} is {x:g}; it may be {least} to {most}", SHAPE
    if student is not None and seed != (right := personal_seed(student, prediction)):
        return f"the seed is {seed:.0f}; that of {student!r} with this prediction is {right}", OTHER_SEED
    far = np.argwhere(np.abs(measured - experiment(int(seed), prediction)) > apart)
    if len(far):
        at = tuple(far[0].tolist())
        return f"measured{list(at)} is {measured[at]:.4f}; this seed gives another ({len(far)} differ)", OTHER_NUMBERS
    return None


def own_question(question_id, function, experiment, predicted, other, impossible, verify, n_given=0):
    """The Question: `function()` returns (seed, prediction, numbers).

    Args:
        experiment: takes the seed and the first `n_given` of the predicted numbers; returns numbers.
        predicted, other: predictions that may be made; the numbers of the one are wrong for the other.
        impossible: one that may not be made. verify: as in `Question`.
    """

    def handed_in(prediction, run=None):
        seed = personal_seed("0000", prediction)
        return seed, prediction, experiment(personal_seed("0000", run or prediction), *prediction[:n_given])

    return Question(
        question_id,
        function,
        3,
        lambda rng: {},
        lambda: handed_in(predicted),
        (Wrong(lambda: handed_in(predicted, other), OTHER_NUMBERS), Wrong(lambda: handed_in(impossible), SHAPE)),
        n_cases=1,
        verify=verify,
    )
