"""The lists of requirements pin the libraries whose private parts we use."""

import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.gatewayz.processes import CHECKOUT

OURS = ("gatewayz", "accounts", "chat", "adoption")
OVERRIDES = (CHECKOUT / "docs/overrides.md").read_text()


def listed() -> set[str]:
    """The libraries in the last column of docs/overrides.md."""
    cells = [line.split("|")[-2] for line in OVERRIDES.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def requirements() -> dict[str, str]:
    """By library, the line that asks for it."""
    lines = (CHECKOUT / "requirements.in").read_text().splitlines()
    found = [(re.match(r"[a-z0-9-]+", line), line) for line in lines]
    return {name[0]: line for name, line in found if name}


def overridden() -> set[tuple[str, str]]:
    """Our classes that override a private method of a library, and the library."""
    distributions = packages_distributions()
    found = set()
    for top in OURS:
        for module in pkgutil.walk_packages(importlib.import_module(top).__path__, f"{top}."):
            if not re.search(r"\.(migrations|__main__)\b", module.name):
                members = vars(importlib.import_module(module.name)).values()
                for one in members:
                    if inspect.isclass(one) and one.__module__ == module.name:
                        found |= {
                            (f"{one.__module__}.{one.__name__}", distributions[owner][0].lower())
                            for owner in owners_of_private_methods(one)
                            if owner in distributions
                        }
    return found


def owners_of_private_methods(one: type) -> set[str]:
    """The packages of the base classes whose private methods a class overrides."""
    private = {
        name
        for name, member in vars(one).items()
        if re.match(r"_[a-z]", name) and inspect.isfunction(member)
    }
    return {
        base.__module__.partition(".")[0]
        for base in one.__mro__[1:]
        if private & set(vars(base)) and base.__module__.partition(".")[0] not in OURS
    }


def test_the_page_lists_libraries():
    assert {"django", "granian", "django-q2"} <= listed()


@pytest.mark.parametrize("library", sorted(listed()))
def test_a_library_that_we_override_has_an_upper_bound_and_a_reason(library):
    assert re.search(r"<[\d.]+ +# \w", requirements()[library])


def test_every_library_with_an_overridden_private_method_is_on_the_page():
    classes = overridden()

    assert ("gatewayz.web.server.Server", "granian") in classes
    assert {one for one in classes if one[1] not in listed()} == set()


def test_postponed_upgrades_are_listed_with_their_reason(tmp_path):
    (tmp_path / "requirements.in").write_text("alpha>=1,<2  # its insides are overridden\nbeta\n")
    (tmp_path / "requirements.txt").write_text(
        "alpha==1.5 \\\n    --hash=sha256:0\n    # via -r requirements.in\n"
        "beta==3.0\n    # via -r requirements.in\n"
        "gamma==1.0\n    # via\n    #   -r requirements.in\n    #   beta\n"
    )
    uv = tmp_path / "uv.py"
    uv.write_text("print('alpha==2.1\\nbeta==3.0\\ngamma==1.1')")

    done = subprocess.run(
        [sys.executable, CHECKOUT / ".ci/newer"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "Newer, and not taken:",
        "  alpha 1.5 < 2.1 (requirements.in: its insides are overridden)",
        "  gamma 1.0 < 1.1 (needed by beta)",
    ]
