"""A browser: Debian's Chromium, without anything that it does of its own accord."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.waiting import WAIT_SECONDS

CHROMIUM = shutil.which("chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# A busy machine lets a page wait.
PATIENCE_MS = WAIT_SECONDS * 1000
expect.set_options(timeout=PATIENCE_MS)

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    # Playwright runs an event loop in this thread, in which Django would refuse to ask the
    # database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
            yield browser
            browser.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def _no_connections_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of the server lives as long as the browser keeps its connection.

    It would keep one to the database as long, which then cannot be dropped.
    """
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser that knows nothing of others, and is as patient as `wait_until`."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def keep_screenshot(page: Page, name: str) -> None:
    """Keep what `page` shows, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def faults_of(page: Page) -> list[str]:
    """The barriers that axe-core finds on `page`."""
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]
