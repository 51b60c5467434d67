"""`make pdf`: the deck as PDF in both languages, 16:9, one page a slide, printed by Chromium (`CHROMIUM` names it)."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

OUT = Path(__file__).resolve().parent.parent / "build" / "slides"
PATIENCE = 120_000  # ms: the live views draw themselves first
DRAWN = "() => document.querySelector('#explorer')?.app?.drawn.then(() => true)"


def pdf(browser, language):
    """Print one language's deck; returns the path."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{(OUT / f'deck.{language}.html').as_uri()}?print-pdf")
    page.wait_for_selector(".pdf-page", timeout=PATIENCE)
    for frame in page.frames[1:]:
        frame.wait_for_function(
            "() => document.querySelector('#explorer')?.app?.drawn.then(() => true)", timeout=PATIENCE
        )
    path = OUT / f"deck.{language}.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    page.close()
    return path


def main():
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("Chromium is missing: apt-get install chromium fonts-noto-cjk, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for language in ("en", "zh"):
            path = pdf(browser, language)
            print(f"build/slides/{path.name}: {path.stat().st_size / 1e6:.1f} MB")
        browser.close()


if __name__ == "__main__":
    main()
