"""A real browser for the pages: Chromium without a window, what it complains of and what it asks for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium(profile: Path) -> Iterator[object]:
    """A browser with a fresh profile; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the extra browser has it")
    with api.sync_playwright() as play:
        flags = [*FLAGS, f"--disk-cache-dir={profile}"]
        browser = play.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


class Sight:
    """A page as a browser shows it: `page`, what it said, and what it asked for."""

    def __init__(self, browser, text, file, *, width=1200, scheme="light", where="", **options):
        file.write_text(text, encoding="utf-8")
        height = 844 if width < 600 else 900
        view = {"width": width, "height": height}
        self.context = browser.new_context(viewport=view, color_scheme=scheme, reduced_motion="reduce", **options)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri() + where)
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def style(self, selector, name):
        """The value of a style as it is used."""
        return self.page.eval_on_selector(selector, f"node => getComputedStyle(node).{name}")

    @property
    def focused(self):
        """The name of the element that has the focus."""
        return self.page.evaluate("document.activeElement.id || document.activeElement.textContent")
