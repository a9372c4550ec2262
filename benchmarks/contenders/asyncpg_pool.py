"""The connections of contenders that use asyncpg."""

import os
from typing import Any

import asyncpg


async def _reset_nothing(connection: asyncpg.Connection) -> None:
    """Reset nothing, since every use is one statement; it would be a round trip of its own."""


def create_pool() -> Any:
    """A pool on DATABASE_URL with as many connections as the other services have."""
    return asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=4, max_size=16, reset=_reset_nothing
    )
