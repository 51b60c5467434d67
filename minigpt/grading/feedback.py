"""A student's feedback page: verdict, message and hint of each question, and the seed that repeats the inputs.

One HTML file without a script, a link or a picture: whatever a student wrote is escaped, and nothing asks the network.
"""

from html import escape

from minigpt.grading.chinese import in_both
from minigpt.grading.sheet import shown
from minigpt.support.files import replacing

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
h1, h2, p {{ overflow-wrap: anywhere; }} h1, h2 {{ word-break: keep-all; }} h2 span {{ white-space: nowrap; }}
section {{ border-left: 6px solid #999; padding: 0 1rem; margin: 1.5rem 0; }}
section.right {{ border-color: #2a8f4f; }} section.wrong {{ border-color: #e07b00; }}
.hint {{ white-space: pre-line; }}
pre {{ background: #8882; padding: .75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""
STATUS = {
    "right": "right · 正确",
    "partly right": "partly right · 部分正确",
    "wrong": "wrong · 错误",
    "error": "an error · 运行出错",
    "not answered": "not answered · 未作答",
    "timeout": "out of time · 超时",
    "crashed": "crashed · 崩溃",
    "missing": "missing · 缺少",
    "not graded": "not graded · 未评分",
}


def write(path, result, homework, seed):
    """Write a student's page; the file is whole or not there."""
    title = f"Homework {homework} · 作业 {homework}: {result['student']}"
    page = PAGE.format(title=escape(title), body=body(result, seed))
    with replacing(path) as temporary:
        temporary.write_bytes(page.encode("utf-8", "backslashreplace"))  # half a character cannot be written


def body(result, seed):
    if result["reason"]:
        reason = shown(result["reason"], 1000)
        return f'<p class="hint"><strong>Not graded · 未评分:</strong> {escape(in_both(reason))}</p>'
    marks = result["questions"]
    total, of = sum(mark["points"] for mark in marks), sum(mark["of"] for mark in marks)
    told = [f"<p><strong>{total} / {of} points · 分</strong></p>"]
    sources = dict(result["cells"])
    for mark in marks:
        source = sources.get("q" + mark["id"].replace(".", "_"), "")
        told.append(question(mark, source))
    told.append(
        f"<p>Inputs · 输入: seed {seed}. File · 文件: {escape(shown(result['file']))}. "
        f"Graded · 评分时间: {escape(result['time'])}</p>"
    )
    return "\n".join(told)


def breaking(name):
    """A function's name, which a narrow page may break behind a `_`."""
    return escape(name).replace("_", "_<wbr>")


def question(mark, source):
    """One question's section."""
    kind = {"right": "right", "wrong": "wrong", "partly right": "wrong"}.get(mark["status"], "other")
    hint = f'<p class="hint"><strong>Hint · 提示:</strong> {escape(mark["hint"])}</p>' if mark["hint"] else ""
    status = escape(STATUS.get(mark["status"], mark["status"]))
    message = (
        in_both(mark["message"]) if kind != "other" else mark["message"]
    )  # the others' are the student's own words
    return (
        f'<section class="{kind}"><h2>{mark["id"]} {breaking(mark["function"])}: '
        f"<span>{mark['points']} / {mark['of']},</span> <span>{status}</span></h2><pre>{escape(message)}</pre>{hint}"
        f"<details><summary>Your answer · 你的答案</summary><pre>{escape(source)}</pre></details></section>"
    )
