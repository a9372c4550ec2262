"""The PostgreSQL and Redis of the tests, up before Django reads its settings.

Loaded by `-p tests.servers` in pyproject.toml. Servers given by DATABASE_URL and REDIS_URL are
used as they are; what is missing is embedded, apart from the servers of `make run`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator

import pytest

from gatewayz.development import embedded

# How long requests wait in tests, unless these are about that: on a busy machine, what is slow
# is not broken.
PATIENCE = {
    "DATABASE_CONNECT_TIMEOUT_SECONDS": "60",
    "DATABASE_POOL_TIMEOUT_SECONDS": "60",
    "DATABASE_STATEMENT_TIMEOUT_SECONDS": "60",
    "REDIS_TIMEOUT_SECONDS": "60",
    "REQUEST_DEADLINE_SECONDS": "60",
}


def impatient_environ() -> dict[str, str]:
    """The environment of a process that waits as it would in production."""
    return {name: value for name, value in os.environ.items() if name not in PATIENCE}


@pytest.hookimpl(wrapper=True)  # wrappers go first, so also before pytest-django
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start the servers, to be stopped when pytest ends, however it ends.

    Of pytest-xdist's processes each worker has servers and a data folder of its own, so that its
    tests may stop, flush and count what they like; the controller has none.

    Raises:
        pytest.UsageError: a server cannot be started.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["GATEWAYZ_DATA_DIR"] = str(embedded.default_data_dir() / "test" / worker)
    elif early_config.known_args_namespace.numprocesses:
        return (yield)
    try:
        servers = embedded.start(embedded.default_data_dir() / "test", durable=False)
    except embedded.EmbeddedServerError as error:
        raise pytest.UsageError(str(error)) from error
    early_config.add_cleanup(servers.stop)
    # Before that: threads that outlive the tests would log that their server has gone.
    early_config.add_cleanup(logging.disable)
    os.environ.update(PATIENCE | servers.environ)
    # Of this process alone, so that tests on a given Redis touch no keys but their own.
    os.environ["REDIS_KEY_PREFIX"] = f"gatewayz-test-{os.getpid()}"
    return (yield)
