"""Pools of connections that tests have made."""

from gatewayz.database.pool import Pool


def close_idle(pool: Pool) -> None:
    """Close the connections that nobody has taken."""
    while pool.get_stats()["pool_available"]:
        pool.take(0).close()
