"""What to try first, from what went wrong: the mistakes that have nothing to do with the question's own subject.

    the last line of a traceback, or what a comparison said  ->  a hint in English and in Chinese, or none

`check` and the grade show the same ones. A question's own typical mistakes are in `instructor/questions/`.
"""

import re

NAMES = (
    "keep the arguments' names and their order as the answer cell gave them; they are passed by name",
    "参数名和顺序要与答案格里原来的一样，参数是按名字传入的",
)
NOTHING = (
    "end the function with `return` and the result; print(...) only shows it, and a branch without return gives None",
    "函数最后要用 return 返回结果；print(...) 只是显示，没有 return 的分支会得到 None",
)
BEFORE = "\nHint: "  # ends what went wrong, begins what to try
BROKEN = r"(SyntaxError|IndentationError|TabError):"
RULES = [  # a pattern for the last line, in which FUNCTION is the question's; then the hint
    (r"TypeError: (?:[\w.<>]+\.)?FUNCTION\(\) (got an unexpected keyword|missing \d+ required|takes )", NAMES),
    (
        r"nothing was returned, or no numbers",
        (
            "end the function with `return`, and return numbers or NumPy arrays of numbers; print(...) only shows it",
            "函数最后要用 return，请返回数字或数字组成的 NumPy 数组；print(...) 只是显示",
        ),
    ),
    (r"nothing was returned|NoneType of dtype object", NOTHING),
    (
        r"no cell defines the function|NameError: name 'FUNCTION' is not defined",
        (
            "the answer cell must define `def FUNCTION(...)`, with exactly this name and at the cell's left margin",
            "答案格里必须定义 `def FUNCTION(...)`，名字完全一致，并且顶格写",
        ),
    ),
    (
        r"NameError: name '\w+' is not defined",
        (
            "define or import it inside the function, or in a cell above that does without minigpt, which the grade "
            "does not have; then try Restart and Run All",
            "请在函数里或上方不用 minigpt 的格子里定义或导入它（评分时没有 minigpt）；然后试试“重启并全部运行”",
        ),
    ),
    (
        r"(ModuleNotFoundError|ImportError):",
        ("NumPy and Python's standard library are there, and nothing else", "只能用 NumPy 和 Python 标准库"),
    ),
    (
        r"is not real numbers|inhomogeneous shape",
        (
            "return numbers or NumPy arrays of numbers (a tuple where several are asked for), not text or objects",
            "请返回数字或数字组成的 NumPy 数组（要返回几个值时用元组），不要返回文字或其他对象",
        ),
    ),
    (
        r"the function changed its argument",
        (
            "work on a copy, x = x.copy(); +=, *=, x[...] = and sort() change the caller's array",
            "请在副本上计算：x = x.copy()；+=、*=、x[...] = 和 sort() 会改动调用者的数组",
        ),
    ),
    (
        BROKEN,
        (
            "the line shown is no Python: look for a bracket, colon or indent there or above it; ! lines do not run",
            "所示的一行不是合法的 Python：检查那里或上一行的括号、冒号、缩进；! 开头的命令不会运行",
        ),
    ),
]


def hint_of(note, function):
    """(English, Chinese) for the last line of `note`, what became of `function`; two empty texts if there is none.

    >>> hint_of("TypeError: double() got an unexpected keyword argument 'x'", "double")[0][:25]
    "keep the arguments' names"
    """
    *before, last = note.strip().split("\n")
    if "no cell defines" in last:  # since its cell could not be read?
        last = next((line for line in before if re.match(BROKEN, line)), last)
    for pattern, hint in RULES:
        if re.search(pattern.replace("FUNCTION", re.escape(function)), last):
            return tuple(text.replace("FUNCTION", function) for text in hint)
    return "", ""


def with_hint(note, function):
    """The note, and below it its hint in both languages, if there is one."""
    english, chinese = hint_of(note, function)
    return f"{note}{BEFORE}{english}\n提示：{chinese}" if english else note
