"""The versions of Python that are supported, and how make finds one of them."""

import re
import shutil
import subprocess
import tomllib

import pytest

from tests.gatewayz.processes import CHECKOUT, only_line

FIND = CHECKOUT / ".ci/python"


def supported():
    """The minor versions that pyproject.toml allows, oldest first."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    first, end = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    return [f"3.{minor}" for minor in range(int(first), int(end))]


def in_words(versions):
    return f"Python {', '.join(versions[:-1])} or {versions[-1]}"


@pytest.mark.parametrize("file", ["README.md", "docs/tutorial.md", "Makefile", ".ci/python"])
def test_every_file_names_the_supported_versions(file):
    assert in_words(supported()) in (CHECKOUT / file).read_text()


def test_the_image_ships_one_supported_version():
    (shipped,) = set(re.findall(r"FROM python:([\d.]+)-", (CHECKOUT / "Dockerfile").read_text()))

    assert shipped in supported()


def test_types_and_pins_target_the_oldest_version():
    oldest = supported()[0]
    tools = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]

    assert tools["mypy"]["python_version"] == oldest
    assert tools["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f"--python-version {oldest} " in (CHECKOUT / "Makefile").read_text()


@pytest.fixture
def machine(tmp_path):
    """A machine that has the programs of `sh`, and a Python for each version that is added."""
    for name in ("sh", "env"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return tmp_path


def add_python(machine, name, version):
    """Put a program there that answers like a Python of `version`; without one it only fails."""
    code = f'case "$2" in *"!= \'{version}\'"*) exit 0 ;; *) exit 1 ;; esac'
    (machine / name).write_text(f"#!/bin/sh\n{code if version else 'exit 127'}\n")
    (machine / name).chmod(0o755)


def find(machine, *arguments):
    return subprocess.run(
        [FIND, *arguments],
        env={"PATH": str(machine), "HOME": str(machine), "PYENV_ROOT": str(machine / "pyenv")},
        capture_output=True,
        text=True,
    )


def test_the_newest_supported_python_on_path_is_chosen(machine):
    add_python(machine, "python3.12", "3.12")
    add_python(machine, "python3.13", "3.13")
    add_python(machine, "python3", "3.11")

    assert find(machine).stdout == f"{machine}/python3.13\n"
    assert find(machine, "oldest").stdout == f"{machine}/python3.12\n"
    assert find(machine, "3.12").stdout == f"{machine}/python3.12\n"


def test_a_shim_of_an_inactive_version_is_skipped(machine):
    add_python(machine, "python3.14", None)
    add_python(machine, "python3.13", None)
    add_python(machine, "python3", "3.12")

    assert find(machine).stdout == f"{machine}/python3\n"


def test_an_inactive_python_of_pyenv_is_found(machine):
    kept = machine / "pyenv/versions/3.13.5/bin"
    kept.mkdir(parents=True)
    add_python(kept, "python", "3.13")
    add_python(machine, "python3", "3.12")

    assert find(machine).stdout == f"{kept}/python\n"


@pytest.mark.parametrize("version", ["3.11", "3.15"])
def test_a_given_python_must_be_supported(machine, version):
    add_python(machine, "mine", version)

    refused = find(machine, f"{machine}/mine")

    assert refused.returncode == 1
    assert only_line(refused.stderr).startswith(f"gatewayz: {machine}/mine is not a Python 3.12")


def test_a_given_supported_python_is_used(machine):
    add_python(machine, "mine", "3.12")
    add_python(machine, "python3.13", "3.13")

    assert find(machine, f"{machine}/mine").stdout == f"{machine}/mine\n"


def test_a_missing_python_is_reported_in_one_line(machine):
    add_python(machine, "python3", "3.11")

    refused = find(machine)

    assert refused.returncode == 1
    assert "found none: install one, or name it: make PYTHON=" in only_line(refused.stderr)
