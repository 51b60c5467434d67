"""`make browser-test`: the book, the slides and the lessons' widgets in headless Chromium, without the network.

Skipped, with the reason, where Chromium (`apt-get install chromium fonts-noto-cjk`) or playwright is missing.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
OURS = ("file:", "data:", "blob:", "http://127.0.0.1:", "ws://127.0.0.1:", "chrome")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(command, url, **options):
    """Run a server until the block ends; the block begins when `url` answers."""
    server = subprocess.Popen(command, start_new_session=True, **options)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.3)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # our own group: the server and its kernels
        server.wait(30)


class Tab:
    """A page that remembers what it asked for from elsewhere, and what went wrong."""

    def __init__(self, browser, width=1280, height=720):
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.foreign, self.errors = [], []
        self.page.on("request", lambda r: self.foreign.append(r.url) if not r.url.startswith(OURS) else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)

    def open(self, path):
        self.page.goto(path if "://" in str(path) else Path(path).as_uri())
        return self.page


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install '.[book]'")
    if not CHROMIUM:
        pytest.skip("Chromium is missing: apt-get install chromium fonts-noto-cjk, or name it in CHROMIUM")
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser):
    opened = Tab(browser)
    yield opened
    opened.page.close()


def made(script, folder):
    """Build once a session, from the notebooks as they are: of several processes the first does, the others wait."""
    build, session = ROOT / "build", os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    build.mkdir(exist_ok=True)
    of = build / f".{folder}"  # the session whose it is
    with FileLock(build / f".{folder}.lock"):
        if not of.exists() or of.read_text() != session:
            subprocess.run([sys.executable, str(ROOT / "site" / script)], check=True, cwd=ROOT)
            of.write_text(session)
    return build / folder


@pytest.fixture(scope="session")
def slides(browser):
    return made("slides.py", "slides")


@pytest.fixture(scope="session")
def whole(slides):
    """The site; the book is built for it, with the slides beside."""
    return made("together.py", "site")


@pytest.fixture(scope="session")
def book(whole):
    return ROOT / "build" / "book"
