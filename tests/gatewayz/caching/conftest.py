"""Caches over the tests' Redis, each with a prefix of its own."""

import uuid

import pytest
from django.conf import settings

from gatewayz.caching.backend import TwoLevelCache
from gatewayz.caching.shared import Shared
from tests.waiting import WAIT_SECONDS


def new_cache(prefix, **options):
    """A cache as another process would have it: with a memory and a listener of its own."""
    configured = settings.CACHES["keys"]
    cache = TwoLevelCache(
        configured["LOCATION"],
        {
            "KEY_PREFIX": prefix,
            "TIMEOUT": 300,
            "OPTIONS": {**configured["OPTIONS"], "ENDED_SECONDS": 60, **options},
        },
    )
    del Shared.by_prefix[configured["LOCATION"], prefix]
    assert cache.shared.coherence.wait_until_trusted(WAIT_SECONDS)
    return cache


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
