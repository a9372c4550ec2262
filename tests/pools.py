"""Pools of connections that tests have made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from django.db import connections

from gatewayz.database.base import DatabaseWrapper
from gatewayz.database.pool import Pool
from tests.waiting import WAIT_SECONDS


def close_idle(pool: Pool) -> None:
    """Close the connections that nobody has taken."""
    while pool.get_stats()["pool_available"]:
        pool.take(0).close()


@contextmanager
def pooled() -> Iterator[DatabaseWrapper]:
    """Django's connection, which borrows from a pool, as that of a web process does."""
    database = cast("DatabaseWrapper", connections["default"])
    database.close()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "pool_size", 2)
        patched.setattr(database, "pool_timeout_seconds", WAIT_SECONDS)
        try:
            yield database
        finally:
            database.close()
            close_idle(database.pools.pop(database.alias))
