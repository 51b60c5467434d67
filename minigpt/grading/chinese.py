"""What the grader says, in Chinese: of a comparison, and of a submission that cannot be graded.

    the English sentence  --a pattern below-->  the same in Chinese, with its numbers and names; "" if none fits

The sentences are written in English, where they arise; pages and `check` add the Chinese. Hints bring their own.
"""

import re

NAMES = [(r"the result", "结果"), (r"returned value (\d+) of (\d+)", r"第 \1 个返回值（共 \2 个）")]
COMPARED = [  # judge.py
    (r"right in (\d+) cases?", r"\1 个用例全部正确"),
    (r"right about all (\d+) programs", r"\1 个程序全部判断正确"),
    (r"right about all (\d+) programs; the grade tries others", r"这 \1 个程序全部判断正确；评分用的是另一些程序"),
    (r"a list was returned; return a tuple", "返回的是列表，请返回元组"),
    (r"nothing was returned, or no numbers", "没有返回结果，或返回的不是数"),
    (r"(\d+) of (\d+) values were returned", r"返回了 \1 个值，应为 \2 个"),
    (r"(.+) has shape (\(.*\)), it should have (\(.*\))", r"\1的形状是 \2，应为 \3"),
    (r"(.+) is (\w+), it should be whole numbers: .*", r"\1的类型是 \2，应为整数：编号和个数要作下标，浮点数不行"),
    (
        r"(.+) at (\[.*\]) is (.+), it should be (\S+) \((\d+) of (\d+) differ\)",
        r"\1在 \2 处是 \3，应为 \4（\6 个数中 \5 个不同）",
    ),
    (r"(.+) is (.+), it should be (\S+) \((\d+) of (\d+) differ\)", r"\1是 \2，应为 \3"),
]
REFUSED = [  # notebook.py, download.py, submissions.py, batch.py
    (r"nothing handed in", "没有交作业"),
    (r"nothing handed in but: (.*)", r"没有交笔记本，只有：\1"),
    (r"not a notebook: its JSON is damaged.*", "不是笔记本：JSON 已损坏；请重新保存，交 .ipynb 文件"),
    (
        r"answer cells (.*); the homework has (.*): copy.*",
        r"答案格有 \1；作业要有 \2：请把答案复制到一份新的作业里，答案格要是代码格",
    ),
    (r"(\d+) notebooks\b.*", r"交了 \1 个笔记本，不知道评哪一个"),
    (r"the file has .* bytes.*", "文件太大"),
    (r"damaged in the zip.*", "压缩包里的这个文件已损坏"),
    (r"(a link|not a plain file|the file cannot be opened).*", "不是普通文件，或是链接，打不开"),
    (r"jail: .*", "隔离环境出错，不是学生的问题；再次运行时会重评"),
    (r"the batch's minutes were over.*", "这一批的时间用完了；再次运行同一条命令就会接着评"),
    (r"the grader failed on it.*", "评分程序在这份作业上出错"),
]


def chinese(text):
    """The Chinese for a sentence of the grader's; "" if it is not one of these.

    >>> chinese("case 2 of 0 to 8: returned value 1 of 2 has shape (3,), it should have (3, 4); inputs x = 1")
    '用例 2（0 到 8）：第 1 个返回值（共 2 个）的形状是 (3,)，应为 (3, 4)'
    """
    case = re.fullmatch(r"case (\d+) of 0 to (\d+): (.*?); inputs .*", text, re.DOTALL)
    said = first(COMPARED if case else COMPARED + REFUSED, case[3] if case else text)
    for pattern, name in NAMES:
        said = re.sub(f"^{pattern}", name, said)
    return f"用例 {case[1]}（0 到 {case[2]}）：{said}" if case and said else said


def first(rules, text):
    """What the first pattern that fits all of `text` makes of it; "" if none does."""
    found = ((re.fullmatch(pattern, text, re.DOTALL), told) for pattern, told in rules)
    return next((match.expand(told) for match, told in found if match), "")


def in_both(text):
    """The sentence, and its Chinese in a line below."""
    said = chinese(text)
    return f"{text}\n{said}" if said else text
