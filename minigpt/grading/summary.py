"""The instructor's page of a batch: how the scores lie, each question, the most frequent mistakes, who was not graded.

One HTML file with bars of CSS: no script, nothing from the network, and every number stands in a table too.
"""

from collections import Counter
from html import escape
from statistics import mean, median

from minigpt.grading import hints
from minigpt.grading.chinese import in_both
from minigpt.grading.feedback import STATUS, breaking
from minigpt.grading.sheet import shown
from minigpt.support.files import replacing

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --right: #2a8f4f; --wrong: #e07b00; --error: #b4436c;
  --blank: #8a8a8a; --bar: #3b76b8; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ margin-top: 2.5rem; }} h1, h2, th, .key {{ word-break: keep-all; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding-bottom: .5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }}
td, th[scope=row] {{ overflow-wrap: anywhere; }} td.text {{ white-space: pre-line; }}
th[scope=row] {{ min-width: 3rem; }} .people th[scope=row] {{ min-width: 6rem; }}
.questions th[scope=row] {{ min-width: 5.5rem; width: 14rem; }} small {{ display: block; font-weight: normal; }}
td.n, th.n {{ text-align: right; }}
td.wide {{ width: 50%; }}
.bar {{ display: flex; height: 1.1rem; min-width: 4rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
.bar span {{ display: block; }}
.all {{ background: var(--bar); }} .right {{ background: var(--right); }} .wrong {{ background: var(--wrong); }}
.error {{ background: var(--error); }} .blank {{ background: var(--blank); }}
.key span {{ display: inline-block; width: .9rem; height: .9rem; margin: 0 .3rem 0 1rem; vertical-align: -.1rem;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
@media (max-width: 40rem) {{ .questions .wide {{ display: none; }} .questions {{ font-size: .8rem; }} }}
@media print {{ body {{ margin: 0; max-width: none; }} tr, h2 {{ break-inside: avoid; break-after: auto; }} }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""
KINDS = {
    "right": "right · 正确",
    "wrong": "wrong / partly · 错误 / 部分正确",
    "error": "error · 出错",
    "blank": "not answered · 未作答",
}
MOST = 8  # mistakes of one question


def write(path, homework, questions, rows, mistakes):
    """Write the page; the file is whole or not there.

    Args:
        rows: those of grades.csv. mistakes: [(question id, text of `mistake`)].
    """
    graded = [row for row in rows if row["status"] == "graded"]
    parts = [overview(graded, rows), scores(graded, rows[0]["of"])] if graded else [overview(graded, rows)]
    parts += [by_question(questions, graded), frequent(questions, mistakes)] if graded else []
    parts.append(left_out([row for row in rows if row["status"] != "graded"]))
    page = PAGE.format(title=escape(f"Homework {homework} · 作业 {homework}"), body="\n".join(parts))
    with replacing(path) as temporary:
        temporary.write_bytes(page.encode("utf-8", "backslashreplace"))


def mistake(mark):
    """What went wrong, in words that others' mistakes share: the hint, or the last line of an error."""
    if mark["hint"]:
        return mark["hint"]
    if mark["status"] in ("wrong", "partly right"):
        return "wrong, and no known mistake · 错误，不属于已知的典型错误"
    error = mark["message"].partition(hints.BEFORE)[0].strip()
    last = error.rpartition("\n")[2] if mark["status"] == "error" else ""
    return shown(f"{mark['status']}: {last}" if last else STATUS.get(mark["status"], mark["status"]), 160)


def kind_of(status):
    """The colour of a status: an answer that was stopped, crashed or is missing counts as an error."""
    return {"right": "right", "wrong": "wrong", "partly right": "wrong", "not answered": "blank"}.get(status, "error")


def overview(graded, rows):
    told = f"<p>{len(graded)} of {len(rows)} graded · 共 {len(rows)} 人，已评 {len(graded)} 人"
    if graded:
        points = [row["score"] for row in graded]
        told += f"; out of · 满分 {rows[0]['of']}: mean · 平均 {mean(points):.1f}, median · 中位 {median(points):g}"
    return told + "</p>"


def bar(parts):
    """A bar of (kind, share of the whole width)."""
    spans = [f'<span class="{kind}" style="width:{100 * share:.1f}%"></span>' for kind, share in parts]
    return f'<div class="bar">{"".join(spans)}</div>'


def scores(graded, of):
    """How many have each score."""
    counts = Counter(row["score"] for row in graded)
    most = max(counts.values())
    lines = [
        f'<tr><th class="n" scope="row">{n}</th><td class="n">{counts[n]}</td>'
        f'<td class="wide">{bar([("all", counts[n] / most)])}</td></tr>'
        for n in sorted({*range(of + 1), *counts}, reverse=True)
    ]
    return (
        "<h2>Scores · 分数</h2><table><thead><tr><th class='n' scope='col'>points · 分</th><th class='n' scope='col'>"
        f"students · 人数</th><th scope='col'></th></tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def by_question(questions, graded):
    """The share of right, wrong, in error and not answered, of each question."""
    key = "".join(f'<span class="{kind}"></span>{name}' for kind, name in KINDS.items())
    heads = "".join(f"<th class='n' scope='col'>{name}</th>" for name in KINDS.values())
    lines = []
    for question in questions:
        counts = Counter(kind_of(row[f"{question.id} status"]) for row in graded)
        cells = "".join(f'<td class="n">{counts[k]} <small>{counts[k] / len(graded):.0%}</small></td>' for k in KINDS)
        drawn = bar([(kind, counts[kind] / len(graded)) for kind in KINDS])
        name = f"{question.id} <small>{breaking(question.function)}</small>"
        lines.append(f'<tr><th scope="row">{name}</th>{cells}<td class="wide">{drawn}</td></tr>')
    return (
        f'<h2>Questions · 题目</h2><p class="key">{key}</p><table class="questions"><thead><tr><th scope="col"></th>'
        f"{heads}<th class='wide' scope='col'></th></tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def frequent(questions, mistakes):
    """The most frequent mistakes of each question, with how many made them."""
    counts, lines = Counter(mistakes), []
    for question in questions:
        theirs = [(text, n) for (name, text), n in counts.most_common() if name == question.id]
        lines += [
            f'<tr><th scope="row">{question.id}</th><td class="n">{n}</td><td class="text">{escape(text)}</td></tr>'
            for text, n in theirs[:MOST]
        ]
        rest = sum(n for _, n in theirs[MOST:])
        lines += [f'<tr><th scope="row">{question.id}</th><td class="n">{rest}</td><td>others · 其他</td></tr>'] * bool(
            rest
        )
    return (
        "<h2>Most frequent mistakes · 常见错误</h2><table><thead><tr><th scope='col'></th><th class='n' scope='col'>"
        "students · 人数</th><th scope='col'>hint or error · 提示或报错</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
        if lines
        else ""
    )


def left_out(rows):
    """Who was not graded, and why."""
    lines = [
        f'<tr><th scope="row">{escape(row["student"])}</th><td class="text">{escape(in_both(reason(row)))}</td></tr>'
        for row in rows
    ]
    heads = "<thead><tr><th scope='col'>student · 学生</th><th scope='col'>reason · 原因</th></tr></thead>"
    return f"<h2>Not graded · 未评分: {len(rows)}</h2>" + (
        f'<table class="people">{heads}<tbody>{"".join(lines)}</tbody></table>' if rows else ""
    )


def reason(row):
    return row["status"].removeprefix("not graded: ")
