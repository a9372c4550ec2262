"""Imports point one way, and some libraries have one door."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imports_of(package):
    """(module, imported name) for each import statement of a package, migrations left out."""
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield module, node.module
                yield from ((module, f"{node.module}.{alias.name}") for alias in node.names)


def importers(packages, imported):
    return {
        module
        for package in packages
        for module, name in imports_of(package)
        if name == imported or name.startswith(f"{imported}.")
    }


def test_accounts_does_not_know_chat():
    assert importers(["accounts"], "chat") == set()


def test_only_the_urls_of_the_service_know_the_apps():
    # embedded and run start the service; what they import of it stands in its processes.
    assert importers(["gatewayz"], "chat") <= {"gatewayz.urls"}
    assert importers(["gatewayz"], "accounts") <= {"gatewayz.urls"}


@pytest.mark.parametrize(
    ("library", "door"),
    [
        # Work is sent by the first, done by the second, and the admin shows its tables.
        ("django_q", {"accounts.background", "accounts.worker", "accounts.admin.tasks"}),
        # The app has Django leave the caches alone.
        (
            "django.core.cache",
            {"accounts.key_entries", "gatewayz.apps", "gatewayz.caching.backend"},
        ),
    ],
)
def test_a_library_has_one_door(library, door):
    assert importers(["gatewayz", "accounts", "chat"], library) == door


def test_no_module_has_a_name_that_says_nothing():
    nothing = {"utils", "util", "helpers", "helper", "common", "misc"}
    modules = {
        path.stem for p in ("gatewayz", "accounts", "chat") for path in (ROOT / p).rglob("*.py")
    }

    assert modules.isdisjoint(nothing)
