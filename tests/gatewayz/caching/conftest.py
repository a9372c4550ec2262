"""Caches over the tests' Redis, each with a prefix of its own."""

import uuid

import msgspec
import pytest
from django.conf import settings

from gatewayz.caching.backend import TwoLevelCache
from gatewayz.caching.process_cache import ProcessCache
from tests.waiting import wait_until


def new_cache(prefix, **options):
    """A cache as another process has it: with its own memory and its own listener."""
    configured = settings.CACHES["keys"]
    cache = TwoLevelCache(
        configured["LOCATION"],
        {
            "KEY_PREFIX": prefix,
            "TIMEOUT": 300,
            "OPTIONS": {**configured["OPTIONS"], "EXPIRED_SECONDS": 60, **options},
        },
    )
    del ProcessCache.by_prefix[configured["LOCATION"], prefix]
    wait_until(cache.process_cache.coherence.is_trusted)
    return cache


def fill(cache, value, key="key", **options):
    """Cache a value that was read elsewhere just now. Returns whether it was cached."""
    name = cache.make_key(key)
    return cache.fill(name, value, cache.read_redis(name), **options)


def read(cache, key="key"):
    """The value under `key`, from memory or from Redis; None when there is none."""
    name = cache.make_key(key)
    entry = cache.read_local(name) or cache.read_redis(name).entry
    return None if entry is None else msgspec.json.decode(entry.value)


def delete(cache, *keys):
    cache.process_cache.delete([cache.make_key(key) for key in keys or ("key",)])


@pytest.fixture
def prefix():
    return f"{settings.REDIS_KEY_PREFIX}:{uuid.uuid4().hex}"


@pytest.fixture
def cache(prefix):
    return new_cache(prefix)


@pytest.fixture
def other(prefix, cache):
    """The same cache in another process."""
    return new_cache(prefix)
