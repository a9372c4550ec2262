"""Turns REDIS_URL into options of django-redis, for a single server or for Sentinel."""

from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from gatewayz.redis.breaker import BreakerRetry

SENTINEL_SCHEME = "redis+sentinel"
_SENTINEL_PORT = 26379


def cache_location(url: str) -> str:
    """Return the LOCATION of a django-redis cache for `url`, a REDIS_URL.

    For Sentinel, the host in it is the name of the primary.

    Raises ImproperlyConfigured when a Sentinel URL is malformed.
    """
    parts = _sentinel_url(url)
    if parts is None:
        return url
    name, _, database = parts.path.strip("/").partition("/")
    if not name or not (database or "0").isdecimal():
        raise ImproperlyConfigured(
            f"REDIS_URL must be {SENTINEL_SCHEME}://:password@host:port,host:port/name/0, with"
            " the primary's name in Sentinel"
        )
    return f"redis://{parts.login}{name}/{database or 0}"


def cache_options(url: str, timeout_seconds: float) -> dict[str, Any]:
    """Return the OPTIONS of a django-redis cache for `url`, a REDIS_URL.

    `timeout_seconds` bounds the wait for a connection and for an answer. Reads go to the primary
    too, because a replica may be outdated.
    """
    options: dict[str, Any] = {
        "SOCKET_CONNECT_TIMEOUT": timeout_seconds,
        "SOCKET_TIMEOUT": timeout_seconds,
        "CONNECTION_POOL_KWARGS": {"protocol": 2, "retry": BreakerRetry()},
    }
    parts = _sentinel_url(url)
    if parts is None:
        return options
    login = {
        name.removeprefix("sentinel_"): values[0]
        for name, values in parse_qs(parts.query).items()
        if name in {"sentinel_username", "sentinel_password"}
    }
    return options | {
        "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
        "SENTINELS": [_address(one) for one in parts.hosts.split(",")],
        "SENTINEL_KWARGS": {
            "socket_connect_timeout": timeout_seconds,
            "socket_timeout": timeout_seconds,
            "protocol": 2,
            # Instead of retrying, the next Sentinel is asked.
            "retry": Retry(NoBackoff(), 0),
            **login,
        },
    }


def with_timeouts(location: str, *, connect_seconds: float, answer_seconds: float) -> str:
    """Return a LOCATION with other time-outs, which therefore has its own connections."""
    separator = "&" if "?" in location else "?"
    return (
        f"{location}{separator}socket_timeout={answer_seconds}"
        f"&socket_connect_timeout={connect_seconds}"
    )


class _SentinelUrl(NamedTuple):
    """The parts of a URL of Sentinel; the login ends with "@" unless it is empty."""

    login: str
    hosts: str
    path: str
    query: str


def _sentinel_url(url: str) -> _SentinelUrl | None:
    """Split a URL of Sentinel; None if it is another one.

    Recent releases of Python reject several hosts with brackets in `urlsplit`.
    """
    scheme, _, rest = url.partition("://")
    if scheme != SENTINEL_SCHEME:
        return None
    place, _, query = rest.partition("?")
    netloc, _, path = place.partition("/")
    login, at, hosts = netloc.rpartition("@")
    return _SentinelUrl(login + at, hosts, path, query)


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return unquote(parts.hostname or ""), parts.port or _SENTINEL_PORT
