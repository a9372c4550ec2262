"""The documentation as web pages."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docs.site import settings_reference
from tests.gatewayz.processes import CHECKOUT
from tests.openapi import operations, read_schema

PAGES = CHECKOUT / "build" / "docs"


@pytest.fixture(scope="module")
def site() -> Path:
    """The pages, built now; a warning, such as a link that leads nowhere, is an error."""
    result = subprocess.run(
        [sys.executable, "-m", "docs.site"], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return PAGES


def test_pages_load_nothing_from_another_host(site: Path):
    for page in site.rglob("*.html"):
        html = page.read_text()
        loaded = re.findall(r"<(?:link|script|img|iframe)[^>]*?(?:href|src)=\"?([^\">\s]+)", html)
        assert [url for url in loaded if re.match(r"(https?:)?//", url)] == [], page.name
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", sheet.read_text()) == []


def test_every_page_is_in_the_navigation():
    navigation = str(tomllib.loads((CHECKOUT / "zensical.toml").read_text())["project"]["nav"])

    pages = [page.name for page in (CHECKOUT / "docs").glob("*.md")]
    assert [name for name in pages if f"'{name}'" not in navigation] == []


def test_every_operation_is_in_the_reference(site: Path):
    html = (site / "reference" / "api.html").read_text()

    for operation in operations(read_schema()).values():
        assert f'id="{operation["operationId"]}"' in html


def test_every_setting_is_documented_where_it_is_read(site: Path):
    source = settings_reference.SETTINGS.read_text()
    documented = {setting.name for setting in settings_reference.settings(source)}
    html = (site / "reference" / "settings.html").read_text()

    assert settings_reference.read_variables(source).keys() <= documented
    assert all(f'id="{name.lower()}"' in html for name in documented)


def test_every_command_is_in_the_reference(site: Path):
    html = (site / "reference" / "commands.html").read_text()

    files = CHECKOUT.glob("*/management/commands/[a-z]*.py")
    assert [file.stem for file in files if f'id="{file.stem}"' not in html] == []
