"""python -m docs.pictures: the pictures of the documentation, of a service with made-up data.

It writes docs/admin.png and docs/user.png, and needs what the tests need, and Debian's Chromium.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from gatewayz.development import embedded

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / "docs"
WINDOW = {"width": 1440, "height": 810}
READY = "Ctrl-C stops everything."
SESSIONS = 400  # created for the figures of the page
MOST_BYTES = 200_000
MEASURED_SECONDS = 60
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


class PictureError(Exception):
    """A picture cannot be taken; the text says what to do."""


def main() -> None:
    """Take the pictures.

    Raises:
        SystemExit: that failed; one line says what to do.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("docs.pictures: needs chromium: apt-get install chromium")
    try:
        with _service() as (url, demo), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            _take(browser, url, demo)
            browser.close()
    except PictureError as error:
        sys.exit(f"docs.pictures: {error}")


@contextmanager
def _service() -> Iterator[tuple[str, dict[str, str]]]:
    """A service with data of its own: its address, and its demo account."""
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="gatewayz-") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environ = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL"}
        } | {
            "GATEWAYZ_DATA_DIR": folder,
            "PORT": str(port),
            "LOG_LEVEL": "ERROR",
            "REQUEST_DEADLINE_SECONDS": "60",
        }
        service = subprocess.Popen(
            [sys.executable, "-m", "gatewayz.development.run"],
            cwd=CHECKOUT,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        with service:
            try:
                if not any(READY in line for line in service.stdout or ()):
                    raise PictureError("the service did not start: see above")
                demo = json.loads(Path(folder, "demo.json").read_text())
                _fill(Path(folder), environ)
                _create_sessions(port, demo["api_key"])
                yield f"http://127.0.0.1:{port}", demo
            finally:
                service.terminate()
                service.communicate()  # reads what it says as it ends


def _fill(folder: Path, environ: dict[str, str]) -> None:
    """Make the big demo data."""
    servers = dict(
        line.split("=", 1) for line in (folder / embedded.SERVERS_ENV).read_text().splitlines()
    )
    subprocess.run(
        [sys.executable, "manage.py", "seed_demo", "--big"],
        cwd=CHECKOUT,
        env=environ | servers,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _create_sessions(port: int, api_key: str) -> None:
    """Create sessions as a client does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=15)
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    for number in range(SESSIONS):
        body = json.dumps({"title": f"Conversation {number}"})
        connection.request("POST", "/v1/chat/sessions", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise PictureError(f"creating a session was answered {answer.status}")
    connection.close()


def _take(browser: Browser, url: str, demo: dict[str, str]) -> None:
    page = browser.new_context(viewport=WINDOW).new_page()  # type: ignore[arg-type]
    page.goto(f"{url}/admin/")
    page.locator("[name=username]").fill(demo["email"])
    page.locator("[name=password]").fill(demo["password"])
    page.locator("[type=submit]").click()
    page.get_by_role("heading", name="Sessions per day").wait_for()
    page.wait_for_load_state("networkidle")
    # Web processes write what they measured every few seconds.
    deadline = time.monotonic() + MEASURED_SECONDS
    while page.get_by_text("Nothing measured").count() and time.monotonic() < deadline:
        page.wait_for_timeout(1_000)
        page.reload(wait_until="networkidle")
    if page.get_by_text("Nothing measured").count():
        raise PictureError(f"no figures after {MEASURED_SECONDS} s")
    # A slow request is red in the histogram without missing a target.
    trend = page.locator("figure").filter(has_text="Creating a session, trend")
    missed = page.locator(".gw-missed").or_(trend.filter(has=page.locator(".gw-over")))
    if missed.count():
        figures = "; ".join(" ".join(text.split()) for text in missed.all_inner_texts())
        raise PictureError(f"off target, try again when the machine is idle: {figures}")
    _keep(page, "admin.png")
    page.goto(f"{url}/admin/accounts/user/?q=ada.lovelace@example.com")
    page.get_by_role("link", name="ada.lovelace@example.com").first.click()
    page.get_by_role("heading", name="Newest keys").wait_for()
    page.wait_for_load_state("networkidle")
    _keep(page, "user.png")


def _keep(page: Page, name: str) -> None:
    picture = FOLDER / name
    page.screenshot(path=picture)
    if picture.stat().st_size > MOST_BYTES:
        raise PictureError(f"{picture} has more than {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
