"""Each widget of each lesson, moved in JupyterLab in headless Chromium: its picture changes.

"Run All" right after opening is sometimes lost, so it is repeated until a cell runs.
"""

import json
import os
import re
import secrets
import shutil
import sys
from functools import partial

import pytest
from conftest import ROOT, Tab, free_port, serving

MOVED = re.compile(r"widgets\.(attention_stepper|heads_box|live_loss|explorer)\(")  # what a hand moves
PATIENCE = 900_000  # ms; a lesson trains small models, on a slow machine too
LESSONS = [
    path
    for path in sorted((ROOT / "chapters").glob("*/lesson*.ipynb"))
    if MOVED.search(path.read_text(encoding="utf-8")) and ("zh" in path.name) == (int(path.parent.name[:2]) % 2 == 0)
]  # those with widgets, every other one in Chinese: the code is the same
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false"},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is there, seen or not
}
RUNS = r"() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(e => /\[\*\]/.test(e.innerText))"
SHOWN = """() => [...document.querySelectorAll('.jupyter-widgets img')].map(i => i.src).join() +
    [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(e => e?.querySelector('.explorer')).map(e =>
        e.textContent + [...e.querySelectorAll('canvas')].map(c => c.toDataURL()).join()).join()"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """JupyterLab on 127.0.0.1 with a token, over a folder with copies of the lessons."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "datasets", home / "root" / "datasets")  # lessons load the body from there
    for path in LESSONS:
        copy = home / "root" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for name, values in SETTINGS.items():
        place = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(values))
    port = free_port()
    token = secrets.token_hex(16)
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    environment = os.environ | {name: str(home / folder) for name, folder in folders.items()} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [f"--ServerApp.root_dir={home / 'root'}", f"--IdentityProvider.token={token}"]
    command += [
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    with open(home / "log", "w") as log:
        options = {"env": environment, "stdout": log, "stderr": log}
        with serving(command, f"http://127.0.0.1:{port}/api/status?token={token}", **options):
            yield f"http://127.0.0.1:{port}/lab/workspaces/{{}}/tree/{{}}?token={token}"


def opened(tab, lab, path):
    """The lesson, run from the top."""
    page = tab.open(lab.format(path.parent.name, path.relative_to(ROOT)))
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=PATIENCE)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=PATIENCE)
    for _ in range(10):
        page.wait_for_timeout(1500)
        page.click(".lm-MenuBar-item:has-text('Run')")
        page.click(".lm-Menu-item[data-command='runmenu:run-all']", timeout=PATIENCE)
        page.wait_for_timeout(3000)
        if page.evaluate(RUNS) or page.locator(".jupyter-widgets").count():
            break
    page.wait_for_function(f"() => !({RUNS})()", timeout=PATIENCE)
    page.wait_for_timeout(1500)
    return page


def changes(page, act):
    """Does what the widgets show change after `act`?"""
    before = page.evaluate(SHOWN)
    act()
    for _ in range(150):
        if page.evaluate(SHOWN) != before:
            return True
        page.wait_for_timeout(200)
    return False


def moves(page):
    """Everything that can be moved, as (name, action, the way back)."""
    for i in range(page.locator(".widget-slider .noUi-handle").count()):
        handle = page.locator(".widget-slider .noUi-handle").nth(i)
        at, least, most = (float(handle.get_attribute(f"aria-value{which}")) for which in ("now", "min", "max"))
        there, back = ("Home", "End") if at == most else ("End", "Home") if at == least else ("ArrowRight", "ArrowLeft")
        yield f"slider {i}", partial(press, handle, there), partial(press, handle, back)
    for i in reversed(range(page.locator(".widget-toggle-buttons button").count())):
        yield f"toggle {i}", page.locator(".widget-toggle-buttons button").nth(i).click, None
    for i in range(page.locator(".explorer textarea").count()):  # the page's own tests move the rest of it
        yield f"text {i}", partial(write, page.locator(".explorer textarea").nth(i)), None
    for i in range(page.locator(".widget-text input").count()):
        yield f"line {i}", partial(enter, page.locator(".widget-text input").nth(i)), None
    for i in range(page.locator("button.jupyter-button:has-text('train')").count()):
        yield f"train {i}", page.locator("button.jupyter-button:has-text('train')").nth(i).click, None


def press(handle, key):
    for _ in range(3):  # an end stays the end
        handle.press(key)


def write(field):
    field.fill("Anna found the key. The key is with")


def enter(field):
    write(field)
    field.press("Enter")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_widget_changes_its_picture(lab, browser, path):
    tab = Tab(browser, height=1000)
    page = opened(tab, lab, path)
    found = []
    for name, act, back in moves(page):
        found.append((name, changes(page, act)))
        if back:  # one at its end may leave another nothing to change
            changes(page, back)
    page.close()
    assert found and all(changed for _, changed in found), found
    assert tab.foreign == []
