"""Where Redis is: one server, or the one of several that Sentinel says is the primary."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from gatewayz.redis.breaker import BreakerRetry

SENTINEL_SCHEME = "redis+sentinel"
_SENTINEL_PORT = 26379


def cache_location(url: str) -> str:
    """The LOCATION of a cache of django-redis at `url`, a REDIS_URL.

    For Sentinel that is the name of the primary in place of a host.

    Raises ImproperlyConfigured when a Sentinel URL has another form.
    """
    parts = urlsplit(url)
    if parts.scheme != SENTINEL_SCHEME:
        return url
    name, _, database = parts.path.strip("/").partition("/")
    if not name or not (database or "0").isdecimal():
        raise ImproperlyConfigured(
            f"REDIS_URL must be {SENTINEL_SCHEME}://:password@host:port,host:port/name/0, with"
            " the name that Sentinel knows the primary by"
        )
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"redis://{login}{name}/{database or 0}"


def cache_options(url: str, timeout_seconds: float) -> dict[str, Any]:
    """The OPTIONS of a cache of django-redis at `url`, a REDIS_URL.

    Nothing waits longer than `timeout_seconds` to connect, or for an answer. Everything, reads
    too, goes to the primary: what a replica knows may be outdated.
    """
    options: dict[str, Any] = {
        "SOCKET_CONNECT_TIMEOUT": timeout_seconds,
        "SOCKET_TIMEOUT": timeout_seconds,
        "CONNECTION_POOL_KWARGS": {"protocol": 2, "retry": BreakerRetry()},
    }
    parts = urlsplit(url)
    if parts.scheme != SENTINEL_SCHEME:
        return options
    login = {
        name.removeprefix("sentinel_"): values[0]
        for name, values in parse_qs(parts.query).items()
        if name in {"sentinel_username", "sentinel_password"}
    }
    return options | {
        "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
        "SENTINELS": [_address(one) for one in parts.netloc.rpartition("@")[2].split(",")],
        "SENTINEL_KWARGS": {
            "socket_connect_timeout": timeout_seconds,
            "socket_timeout": timeout_seconds,
            "protocol": 2,
            # The next Sentinel is the retry.
            "retry": Retry(NoBackoff(), 0),
            **login,
        },
    }


def with_timeouts(location: str, *, connect_seconds: float, answer_seconds: float) -> str:
    """The same LOCATION with other time-outs, and so with connections of its own."""
    separator = "&" if "?" in location else "?"
    return (
        f"{location}{separator}socket_timeout={answer_seconds}"
        f"&socket_connect_timeout={connect_seconds}"
    )


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return unquote(parts.hostname or ""), parts.port or _SENTINEL_PORT
