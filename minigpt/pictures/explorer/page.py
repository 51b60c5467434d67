"""The explorer as one file: scripts, style and weights in a page that asks for nothing, opened from disk.

The scripts are ES modules beside this one. A page opened from disk may not import files, so they are put one after
the other, without their `import` and `export`: each name in them is used once.
"""

import json
import re
from pathlib import Path

from minigpt.pictures import look
from minigpt.pictures.explorer.payload import of_folder
from minigpt.support.files import replacing

HERE = Path(__file__).parent
SCRIPTS = (
    "gpt", "sampling", "tokenizer", "payload", "world", "formats", "dom", "texts", "reading", "stages", "verdicts",
    "next_view", "inside_view", "tasks_view", "training_view", "app",
)  # fmt: skip
COLOURS = {"pretrained": look.BLUE, "scratch": look.ORANGE, "truth": look.GREEN}


def script():
    """All modules as one; only `mount` is for others."""
    pieces = []
    for name in SCRIPTS:
        code = (HERE / f"{name}.js").read_text(encoding="utf-8")
        code = re.sub(r"^import [^;]*;\n", "", code, flags=re.MULTILINE)
        pieces.append(re.sub(r"^export (?=const|function|async|class)", "", code, flags=re.MULTILINE))
    return "\n".join(pieces)


def style():
    """The page's style, with the colours of every other picture of the package."""
    return colours(":host") + (HERE / "style.css").read_text(encoding="utf-8")


def colours(selector):
    """The arms' colours as variables of a style sheet; the deck has them too."""
    return f"{selector} {{ {' '.join(f'--{name}: {value};' for name, value in COLOURS.items())} }}\n"


def inert(value):
    """JSON for a script element: `<` is written so that nothing in it can end the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def page(data, language="en"):
    """The page of a payload, as text."""
    parts = {"language": language, "style": inert(style()), "script": script(), "data": inert(data)}
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"{{(\w+)}}", lambda found: parts[found[1]], template)


def write(folder, out, language="en"):
    """Write the page of the model in `folder` to the file `out`; returns its size in bytes."""
    text = page(of_folder(folder), language).encode()
    with replacing(out) as temporary:
        temporary.write_bytes(text)
    return len(text)
