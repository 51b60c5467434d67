"""`minigpt play`: the page comes up, its sliders move the pictures, and nothing is asked from elsewhere."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import Tab
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "minigpt", "play", "--model", str(folder), "--port", str(port), "--no-browser"]
    server = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=5).close()
                break
            except OSError:
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # our own group
        server.wait(30)


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
