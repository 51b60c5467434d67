"""One page for people who never open a notebook: type a text, see what comes next, and who looks at whom.

`minigpt play --model FOLDER` serves the two widgets through Voila, on this machine only, and asks for nothing else.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from minigpt.support.errors import InputError
from minigpt.support.files import write_json

TITLE = "# minigpt\n\nWhat comes next? $P(x_t \\mid x_1, \\dots, x_{t-1})$ · 下一个词元是什么？"
LOOK = "Who looks at whom? One row a token, darker is more. · 谁在看谁？每行一个词元，颜色越深看得越多。"
CODE = """from minigpt.pictures import widgets
from minigpt.pretrained import load_body

tok, model = load_body({folder!r})
model.eval()
"""
OTHERS = ["@jupyter/nbgrader", "@jupyter-notebook/lab-extension"]  # extensions of JupyterLab, not of a page
TEMPLATE = """{%- extends 'lab/index.html.j2' -%}
{%- block notebook_css -%}
{#- Voila's template asks a server for icons, which this page does not have. -#}
{%- set css -%}{{ super() }}{%- endset -%}
{{ css | replace('https://cdn.jsdelivr.net', 'data:text/css,') }}
{%- endblock notebook_css -%}
"""


def cell(kind, source):
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, "id": f"{kind}{len(source)}", **extra}


def notebook(folder, text):
    """The page as a notebook, for the model in `folder`."""
    cells = [
        cell("markdown", TITLE),
        cell("code", CODE.format(folder=str(folder)) + f"widgets.next_token_bars(model, tok, {text!r})"),
        cell("markdown", LOOK),
        cell("code", f"widgets.attention_explorer(model, tok, {text!r})"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def play(folder, text, port, browser=True):
    """Serve the page until it is stopped (Ctrl-C).

    Raises:
        InputError: if Voila is not installed.
    """
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        write_json(home / "minigpt.ipynb", notebook(Path(folder).resolve(), text))
        template = home / "voila" / "templates" / "minigpt"
        write_json(template / "conf.json", {"base_template": "lab"})
        (template / "index.html.j2").write_text(TEMPLATE, encoding="utf-8")
        command = [sys.executable, "-m", "voila", str(home / "minigpt.ipynb"), "--template=minigpt", f"--port={port}"]
        command += [
            "--Voila.ip=127.0.0.1",
            f"--VoilaConfiguration.extension_denylist={json.dumps(OTHERS)}",
        ]
        command += [] if browser else ["--no-browser"]
        done = subprocess.run(command, env=os.environ | {"JUPYTER_PATH": str(home)})
    if done.returncode == 1:
        raise InputError(
            "the page could not be served; is Voila installed (pip install '.[notebooks]'), is the port free?"
        )
