"""`minigpt play`: the page comes up, its sliders move the pictures, and nothing is asked from elsewhere."""

import subprocess
import sys

import pytest
from conftest import Tab, free_port, serving
from test_widgets import changes, moves

from minigpt.data import world
from minigpt.model import GPT, GPTConfig
from minigpt.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """The page of a small untrained model."""
    folder = tmp_path_factory.mktemp("model")
    tok = Tokenizer.train(world.stories(300, 0), 100, "word")
    tok.save(folder)
    GPT(GPTConfig(tok.vocab_size, n_ctx=40, n_layer=2, n_head=2, d_model=16)).save(folder)
    port = free_port()
    command = [sys.executable, "-m", "minigpt", "play", "--model", str(folder), "--port", str(port), "--no-browser"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with serving(command, f"http://127.0.0.1:{port}/voila/static/voila.js", **quiet):
        yield f"http://127.0.0.1:{port}/"


def test_the_page(browser, address):
    tab = Tab(browser, height=1000)
    page = tab.open(address)
    page.wait_for_selector(".widget-slider .noUi-handle", timeout=120_000)
    page.wait_for_timeout(2000)
    found = []
    for name, act, back in moves(page):
        found.append((name, changes(page, act)))
        if back:
            changes(page, back)
    page.close()
    assert [name for name, _ in found] == [*(f"slider {i}" for i in range(5)), "text 0", "text 1"]
    assert all(changed for _, changed in found), found
    assert tab.foreign == [] and tab.errors == []
