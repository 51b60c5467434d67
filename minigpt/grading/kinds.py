"""Questions whose arguments are programs: the student writes a check, and the grade is what it says of hidden ones.

nine programs that the notebook shows  --student's own check
hidden ones, six wrong and three right, drawn by the seed  --grade

Two of the wrong ones differ from right ones for ordinary inputs, two at the edges that the text names, two where random
numbers of all sizes and scales hardly ever come: at 0, at equal numbers, in the hundreds.

The grade tells kinds of mistakes that were missed, never which program it was; each stands in a process of its own.
"""

import re

from minigpt.grading.question import Program, Question, Wrong

LETS_ALL_PASS = (
    "Your check says True to every program. Compare with numbers that you know to be right.\n"
    "你的检查对每个程序都说 True。请与已知正确的数比较。"
)
LETS_NONE_PASS = (
    "Your check says False to every program. A right one may use another way, type or rounding. Or your own code broke "
    "off inside `try`: run it on right_1 without.\n"
    "你的检查对每个程序都说 False。正确的程序可以用别的算法、类型或舍入。"
    "也可能是你自己的代码在 try 里出了错：去掉 try，用 right_1 试一次。"
)
NO_EDGES = (
    "Ordinary inputs are not enough: try what the text allows at its edges, and look at the arguments afterwards.\n"
    "只试普通输入不够：试试题目允许的边界情形，调用之后再看看参数变了没有。"
)
SECONDS = 2  # of CPU, for each program
OF_EACH = (3, 2, 2, 2)  # right ones; wrong ones that ordinary inputs show, that an edge shows, that are rare


def programs(text):
    """The functions of a text, each as a Program; a function goes from its `def` to the next one.

    >>> [program.name for program in programs("def right_1(x): return x\\n\\n\\ndef wrong_1(x): return 2\\n")]
    ['right_1', 'wrong_1']
    """
    parts = re.split(r"^(?=def )", text, flags=re.MULTILINE)[1:]
    return [Program(part.rstrip() + "\n", re.match(r"def (\w+)", part)[1]) for part in parts]


def variants(text, mistakes):
    """Programs that each differ from the function in `text` by one swap.

    Args:
        mistakes: {what kind of mistake: its swaps (old, new)}; each `old` stands in the text once.
    """
    (program,), made = programs(text), []
    for about, swaps in mistakes.items():
        for old, new in swaps:
            if program.source.count(old) != 1:
                raise ValueError(f"{old!r} stands {program.source.count(old)} times in {program.name}, not once")
            made.append(Program(program.source.replace(old, new), program.name, about))
    return made


def panel(given, *pools):
    """What `Question.draw` is for a check: `given`, a text, for the student; for the grade some of each pool.

    Args:
        given: the functions that the notebook shows, named right_1, ... and wrong_1, ...
        pools: hidden Programs: those that are right; those that are wrong for ordinary inputs, for edges only, and for
            inputs only that random numbers hardly ever are. OF_EACH says how many are drawn.
    """

    def draw(rng, shown):
        if shown:
            return [{"candidate": program} for program in programs(given)]
        drawn = [x for pool, n in zip(pools, OF_EACH, strict=True) for x in of_different_kinds(pool, n, rng)]
        return [{"candidate": drawn[i]} for i in rng.permutation(len(drawn))]

    return draw


def of_different_kinds(pool, n, rng):
    """n programs, no two with the same kind of mistake: so no seed asks for much less than another."""
    kinds = rng.permutation(sorted({program.about or program.source for program in pool}))[:n]
    if len(kinds) < n:
        raise ValueError(f"there are {len(kinds)} kinds of programs, {n} are needed")
    found = [[program for program in pool if kind in (program.about, program.source)] for kind in kinds]
    return [programs[rng.integers(len(programs))] for programs in found]


def check_question(question_id, function, passes, given, *pools, seconds=SECONDS):
    """The Question for a check, `passes(candidate, edges)`: without `edges` it tries ordinary inputs only.

    `given` and `pools` are those of `panel`.
    """
    mistakes = (
        Wrong(lambda candidate: True, LETS_ALL_PASS),
        Wrong(lambda candidate: False, LETS_NONE_PASS),
        Wrong(lambda candidate: passes(candidate, edges=False), NO_EDGES),
    )
    draw = panel(given, *pools)
    more = {"n_cases": sum(OF_EACH), "seconds": seconds, "draw": draw, "apart": True}
    return Question(question_id, function, 3, None, passes, mistakes, **more)


def is_panel(check):
    """Are the cases programs, each right or wrong?"""
    return all([*case] == ["candidate"] for case in check.cases) and all(isinstance(x, bool) for x in check.wanted)


def all_right(check):
    """What is said of a check that was wrong about no program; the names of those shown tell that others follow."""
    more = "; the grade tries others" * (check.cases[0]["candidate"].name != "candidate")
    return f"right about all {len(check.cases)} programs{more}"


def too_slow(check, seconds):
    """A warning in both languages if the grade would stop a check at its slowest program; else nothing.

    Args:
        seconds: of CPU, for each of its cases.
    """
    slowest = max(range(len(seconds)), key=seconds.__getitem__)
    if seconds[slowest] <= SECONDS:
        return ""
    name, took = check.cases[slowest]["candidate"].name, seconds[slowest]
    return (
        f"Warning: {took:.1f} s of CPU for {name}; the grade stops at {SECONDS} and then gives no point.\n"
        f"注意：检查 {name} 用了 {took:.1f} 秒 CPU 时间；评分到 {SECONDS} 秒就停止，不给分。"
    )


def caught(check, places):
    """How many of the wrong programs a check found, and of how many; none if it refused a right one.

    Args:
        places: the cases that it got wrong.
    """
    wrong = [n for n, right in enumerate(check.wanted) if not right]
    return 0 if {*places} - {*wrong} else len(wrong) - len(places), len(wrong)


def missed(check, places):
    """What a check got wrong, the cases at `places`, in two lines: by name where names are shown, else by kind."""
    wrong = [(check.cases[n]["candidate"], check.wanted[n]) for n in places]
    shown = [(program.name, not right) for program, right in wrong if program.name != "candidate"]
    refused = sum(right for program, right in wrong if program.name == "candidate")
    kinds = sorted({program.about for program, right in wrong if program.about and not right})
    found = sorted({case["candidate"].about for n, case in enumerate(check.cases) if n not in places} - {"", *kinds})
    english = [f"it says {said} to {name}" for name, said in shown]
    chinese = [f"对 {name} 说 {said}" for name, said in shown]
    if refused:
        english.append(f"it refuses {refused} that {'is' if refused == 1 else 'are'} right")
        chinese.append(f"把 {refused} 个正确的程序当成错的")
    if kinds:
        english.append("it passes these kinds of mistakes: " + "; ".join(kind.split(" · ")[0] for kind in kinds))
        chinese.append("放过了这几类错误：" + "；".join(kind.split(" · ")[-1] for kind in kinds))
    if found and not refused:
        english.append("it finds these: " + "; ".join(kind.split(" · ")[0] for kind in found))
        chinese.append("查出了这几类：" + "；".join(kind.split(" · ")[-1] for kind in found))
    n, of = len(places), len(check.cases)
    told = f"your check is wrong about {n} of {of} programs: {'. '.join(english).replace('. it', '. It')}"
    return f"{told}\n{of} 个程序中判断错了 {n} 个：{'。'.join(chinese)}"
