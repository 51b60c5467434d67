"""An error of an answer that met hidden programs: its kind and line are told, none of its words."""

import builtins
import re

from minigpt.grading.hints import BEFORE, hint_of


def without_words(note, question, n_failed):
    """An error's type and line, and the hint: its words are the answer's, which could put a hidden program there."""
    kind = [*re.findall(r"^(?:\w+\.)*([A-Z]\w*)(?::|$)", note, re.MULTILINE), ""][-2:][0]
    kind = kind if isinstance(getattr(builtins, kind, None), type) else "an error"
    lines = re.findall(rf'File "{question.grade_id}", line (\d{{1,4}})\b', note)
    english, chinese = hint_of(note, question.function)
    at, of = (
        (f" in line {lines[-1]} of the cell", f"，在该格第 {lines[-1]} 行") if lines else ("", ""),
        question.n_cases,
    )
    told = f"{kind}{at[0]}, with {n_failed} of {of} inputs\n{kind}{at[1]}，{of} 个输入中有 {n_failed} 个出错"
    return told + (f"{BEFORE}{english}\n提示：{chinese}" if english else "")
