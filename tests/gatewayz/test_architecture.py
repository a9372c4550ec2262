"""Imports point one way, and some libraries have one door."""

import ast
from graphlib import TopologicalSorter
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


# Each package of the service, and what it may import besides the one that comes with it in a
# folder. `adoption` and `development` are imported by none.
APPS = ("gatewayz", "accounts", "chat", "adoption")


def modules():
    """The file of each module, by its dotted name."""
    found = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


def package_of(module, found):
    """The package that a module is in; a module directly in an app is its own."""
    if found[module].name == "__init__.py":
        return module
    parts = module.split(".")
    return ".".join(parts[:-1]) if len(parts) > 2 else module


def arrows():
    """From each package to those that it imports."""
    found = modules()
    imports = {}
    for app in APPS:
        for module, name in imports_of(app):
            imported = name if name in found else name.rpartition(".")[0]
            if imported not in found:
                continue
            one = package_of(module.removesuffix(".__init__"), found)
            other = package_of(imported, found)
            if one != other and other not in APPS:
                imports.setdefault(one, set()).add(other)
    return imports


def test_no_packages_import_each_other_in_a_circle():
    TopologicalSorter(arrows()).prepare()


@pytest.mark.parametrize(
    ("app", "forbidden"),
    [
        ("gatewayz", {"accounts", "chat", "adoption"}),
        ("accounts", {"chat", "adoption"}),
        ("chat", {"adoption"}),
    ],
)
def test_imports_point_one_way(app, forbidden):
    known = {other for other in forbidden if importers([app], other) - {"gatewayz.urls"}}

    assert known == set()


def test_production_does_not_import_the_development_servers():
    known = importers(APPS, "gatewayz.development")

    assert {module for module in known if not module.startswith("gatewayz.development.")} == set()


@pytest.mark.parametrize(
    ("library", "door"),
    [
        # Work is sent by the first, done by the second; the admin shows its tables, and demo data
        # fills them.
        (
            "django_q",
            {
                "accounts.background.tasks",
                "accounts.worker.cluster",
                "accounts.worker.schedules",
                "accounts.admin.tasks",
                "accounts.demo",
            },
        ),
        # Every message passes what bounds and words it.
        ("django.core.mail", {"accounts.notifications.emails"}),
        # The app has Django leave the caches alone.
        (
            "django.core.cache",
            {"accounts.principals.cached_keys", "gatewayz.apps", "gatewayz.caching.backend"},
        ),
    ],
)
def test_only_one_module_imports_the_library(library, door):
    assert importers(APPS, library) == door


def test_only_after_commit_uses_on_commit():
    # Django's `on_commit` does nothing when the answer to the COMMIT is not heard, and what it
    # calls is under the deadline of the request.
    calls = {
        name
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "on_commit"
    }

    assert calls == {"gatewayz.database.after_commit"}


def test_no_module_has_a_meaningless_name():
    nothing = {"utils", "util", "helpers", "helper", "common", "misc"}
    modules = {path.stem for app in APPS for path in (ROOT / app).rglob("*.py")}

    assert modules.isdisjoint(nothing)
