"""The number of the version is in one place, and the changelog agrees with it."""

import re

from gatewayz import __version__
from tests.gatewayz.processes import CHECKOUT

CHANGELOG = (CHECKOUT / "CHANGELOG.md").read_text()


def test_the_changelog_begins_with_the_version_of_the_code():
    newest = re.search(r"^## \[?([\w.]+)", CHANGELOG, re.MULTILINE)[1]

    assert newest == ("Unreleased" if ".dev" in __version__ else __version__)


def test_no_other_file_of_the_service_states_the_version():
    for name in ("pyproject.toml", "Dockerfile", "compose.yaml", "gatewayz/settings.py"):
        assert __version__ not in (CHECKOUT / name).read_text()
