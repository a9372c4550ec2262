"""Which of PostgreSQL's programs are used: the server's version if it is there, never older."""

import os

import pytest

from gatewayz.database import programs
from gatewayz.database.programs import ProgramError, program


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install programs that say they are of a version, on PATH or where Debian puts them."""
    monkeypatch.setattr(programs, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(programs.shutil, "which", _only_below(tmp_path, programs.shutil.which))

    def install(version, *, on_path=False):
        major = version.partition(".")[0]
        folder = tmp_path / ("path" if on_path else f"debian/{major}/bin")
        folder.mkdir(parents=True)
        file = folder / "pg_dump"
        file.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version} (Debian)'\n")
        file.chmod(0o755)
        return str(file)

    return install


def _only_below(folder, which):
    """`shutil.which`, blind to what this machine has."""

    def blind(name, path=None):
        found = which(name, path=path)
        return found if found and found.startswith(str(folder)) else None

    return blind


def test_the_program_of_the_servers_version_is_chosen(install):
    install("18.1", on_path=True)
    same = install("15.3")

    assert program("pg_dump", 15) == same


def test_a_newer_program_is_chosen_when_the_same_version_is_missing(install):
    install("14.2", on_path=True)
    newer = install("18.1")

    assert program("pg_dump", 16) == newer


def test_an_older_program_is_ignored_and_the_error_says_what_to_install(install):
    install("15.3", on_path=True)

    with pytest.raises(ProgramError, match="there is only 15: install postgresql-client-17"):
        program("pg_dump", 17)


def test_without_any_program_the_error_says_what_to_install(install):
    with pytest.raises(ProgramError, match="there is none: install postgresql-client-17"):
        program("pg_dump", 17)


def test_any_version_on_path_comes_first_when_no_version_is_given(install):
    install("18.1")
    on_path = install("15.3", on_path=True)

    assert program("pg_dump") == on_path


def test_the_wheel_of_the_embedded_server_has_the_programs():
    assert os.access(program("pg_restore", 18), os.X_OK)
