"""Tells whether a REDIS_URL leads to a Redis Cluster that the service cannot use.

Imports no Django, so that the web server's first process can ask, too.
"""

import redis

TIMEOUT_SECONDS = 1.0


def problem_with(url: str) -> str | None:
    """The reason why the server of `url` cannot be used, in one line, or None.

    A server that does not answer, or not that question, has no problem here: it may come later.
    """
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return None
    try:
        with redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        ) as client:
            shards = int(client.execute_command("CLUSTER INFO")["cluster_size"])
    except redis.RedisError:
        return None
    if shards <= 1:
        return None
    return (
        f"REDIS_URL leads to a Redis Cluster of {shards} shards, which is not supported: use one"
        " server, Sentinel, or a cluster of one shard, which is enough, because the service keeps"
        " little in Redis (docs/scale-out.md)"
    )
