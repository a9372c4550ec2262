import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.installation import Installation


@pytest.fixture(scope="session")
def _installation() -> Iterator[Installation]:
    # Not below pytest's own folder, see tests/gatewayz/processes.py.
    with tempfile.TemporaryDirectory(prefix="gatewayz-deploy-") as folder:
        installation = Installation(Path(folder))
        try:
            yield installation
        finally:
            installation.stop()


@pytest.fixture
def installation(_installation: Installation) -> Iterator[Installation]:
    """A migrated database with a key, without a Redis, and no other process."""
    before = _installation.running
    yield _installation
    for name in _installation.running - before:
        _installation.kill(name)


@pytest.fixture
def redis_url(installation: Installation) -> str:
    """A new Redis."""
    return f"redis://127.0.0.1:{installation.start_redis('redis')}/0"
