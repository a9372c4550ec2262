"""The number of the version is in one place, and the changelog agrees with it."""

import re

from gatewayz import __version__
from tests.gatewayz.processes import CHECKOUT

CHANGELOG = (CHECKOUT / "CHANGELOG.md").read_text()


def test_the_changelog_starts_with_the_current_version():
    newest = re.search(r"^## \[?([\w.]+)", CHANGELOG, re.MULTILINE)[1]

    assert newest == ("Unreleased" if ".dev" in __version__ else __version__)


def test_the_version_is_stated_in_one_file():
    for name in ("pyproject.toml", "Dockerfile", "compose.yaml", "gatewayz/settings.py"):
        assert __version__ not in (CHECKOUT / name).read_text()
