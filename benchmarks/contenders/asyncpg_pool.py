"""The connection pool of contenders that use asyncpg."""

import os
from typing import Any

import asyncpg


async def _reset_nothing(connection: asyncpg.Connection) -> None:
    """Reset nothing, because every use is one statement; a reset would cost a round trip."""


def create_pool() -> Any:
    """Open a pool on DATABASE_URL with as many connections as the other services have."""
    return asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=4, max_size=16, reset=_reset_nothing
    )
