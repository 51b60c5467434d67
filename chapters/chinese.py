"""What a Chinese lesson shows: labels, alt texts and printed lines in Chinese, from one run of the English lesson.

    labels.zh.json     {English: Chinese}; `{}` stands for what varies, such as a number
    python chapters/chinese.py     what stands in the stored outputs and has no Chinese yet

`run_lessons.py` runs each English lesson with `install()`, so that `show` draws every figure a second time. What is not
in the table stays English: code, stories of the toy world, names.
"""

import base64
import json
import re
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "labels.zh.json"
SECOND = "application/vnd.minigpt.chinese+json"  # of an output, until run_lessons.py has taken it out
STARTUP = f"""
def draw_in_two_languages():
    import sys
    sys.path.append({str(HERE)!r})
    import chinese
    chinese.install()

draw_in_two_languages()
"""


@cache
def table():
    """The table as {text: Chinese}, and its patterns [(regular expression, Chinese)]."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    patterns = [(re.compile(re.escape(key).replace(r"\{\}", "(.+?)")), rows[key]) for key in rows if "{}" in key]
    return rows, patterns


def chinese(text):
    """The Chinese of an English text, or the text where the table has none."""
    rows, patterns = table()
    bare = text.strip()
    if bare in rows:
        return text.replace(bare, rows[bare])
    for pattern, value in patterns:
        if found := pattern.fullmatch(bare):
            return text.replace(bare, value.format(*(chinese(piece) for piece in found.groups())))
    return text


def relabel(figure):
    """Put Chinese into every label of a figure."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedLocator

    from minigpt.pictures import fonts

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(places := axis.get_major_locator(), FixedLocator):
                names = axis.get_major_formatter().format_ticks(places.locs)
                axis.set_ticks(places.locs, [chinese(name) for name in names])
    for text in figure.findobj(Text):
        text.set_text(chinese(text.get_text()))
        text.set_fontfamily(fonts.family("zh"))


def install():
    """In a lesson's kernel: `show` gives the figure with Chinese labels too, where a font has them."""
    from minigpt.pictures import fonts, notebook

    def both(figure, alt, tolerance, output=notebook.output):
        data, metadata = output(figure, alt, tolerance)
        if fonts.chinese():
            relabel(figure)
            picture = base64.b64encode(notebook.png(figure, notebook.DENSITY * figure.dpi)).decode()
            data |= {SECOND: {"image/png": picture}}
        return data, metadata

    notebook.output = both


def split(output):
    """An output as (English, Chinese)."""
    second = output.get("data", {}).pop(SECOND, {})
    there = json.loads(json.dumps(output))
    if "image/png" in there.get("data", {}) and "alt" in there["metadata"].get("image/png", {}):
        alt = there["metadata"]["image/png"]
        alt["alt"] = there["data"]["text/plain"] = chinese(alt["alt"])
        there["data"] |= second
    if there.get("output_type") == "stream":
        there["text"] = "".join(map(chinese, there["text"].splitlines(keepends=True)))
    return output, there


def shown(notebook):
    """Every text that a notebook's outputs show, once: labels, alt texts, printed lines."""
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for value in output.get("data", {}).values():
                if isinstance(value, dict) and "axes" in value:
                    found |= dict.fromkeys(
                        [value["title"], *(word for axes in value["axes"] for word in axes["words"])]
                    )
            found |= dict.fromkeys([output.get("metadata", {}).get("image/png", {}).get("alt", "")])
            if "source(" not in "".join(cell["source"]):  # code that is printed stays code
                found |= dict.fromkeys(line.strip() for line in "".join(output.get("text", [])).splitlines())
    return [text for text in found if re.search("[A-Za-z]{2}", text)]


if __name__ == "__main__":
    for path in sorted(HERE.glob("[0-9][0-9]_*/lesson.ipynb")):
        if not sys.argv[1:] or path.parent.name.startswith(tuple(sys.argv[1:])):
            print(f"# {path.parent.name}")
            for text in shown(json.loads(path.read_text(encoding="utf-8"))):
                if chinese(text) == text:
                    print(json.dumps(text, ensure_ascii=False))
