"""Search gives the same answers whatever the locale of the database.

Takes minutes for each: LOCALES=all make test ARGS=tests/chat/search/test_locales.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.environ.get("LOCALES") != "all", reason="needs LOCALES=all"),
]

CHECKOUT = Path(__file__).resolve().parents[3]
LOCALES = {
    "C": ["--locale", "C"],
    "C.UTF-8": ["--locale", "C.UTF-8"],
    "ICU": ["--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "sv"],
}
# Each of these searches as people do, in many scripts.
TESTS = ("tests/chat/search/test_cases.py", "tests/chat/search/test_relevance.py")


@pytest.fixture
def programs() -> Path:
    """Where the newest PostgreSQL of this machine's packages is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.parts[4])
    if not found or (os.getuid() == 0 and shutil.which("runuser") is None):
        pytest.skip("needs the PostgreSQL of Debian, which has ICU")
    return found[-1].parent


@pytest.fixture(params=LOCALES)
def database_url(request: pytest.FixtureRequest, programs: Path) -> Iterator[str]:
    """A server of this machine's PostgreSQL, with a locale."""
    # It does not run as root, and paths of sockets are short.
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        if as_postgres:
            shutil.chown(folder, "postgres")
        data, log = f"{folder}/data", f"{folder}/log"

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [*as_postgres, programs / program, "--pgdata", data, *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=folder,
            )

        given = ["--username", "postgres", "--auth", "trust", "--encoding", "UTF8"]
        run("initdb", *given, *LOCALES[request.param])
        # On a busy machine a start takes longer than the default of one minute.
        waiting = ["--wait", "--timeout", "300", "--silent"]
        options = f"-h '' -k {folder} -c fsync=off"
        run("pg_ctl", "start", *waiting, "--log", log, "--options", options)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", *waiting, "--mode", "fast")


def test_search_finds_the_same_in_a_database_of_any_locale(database_url: str):
    # It shares neither servers nor the number of a worker with the run that it is part of.
    environ = {
        name: value
        for name, value in os.environ.items()
        if name != "GATEWAYZ_DATA_DIR" and not name.startswith("PYTEST_XDIST_")
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *TESTS],
        cwd=CHECKOUT,
        env=environ | {"DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    assert " passed" in result.stdout
