"""REDIS_URL leads to a server, or to Sentinels that know which it is."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from gatewayz.redis.servers import cache_location, cache_options, with_timeouts

SENTINELS = "redis+sentinel://:secret@one:26380,two,[::1]:26381/primary/2"


@pytest.mark.parametrize(
    "url", ["redis://:secret@one:6379/1", "rediss://one/0", "unix:///run/redis.sock?db=2"]
)
def test_a_plain_url_is_used_unchanged(url):
    assert cache_location(url) == url
    assert "SENTINELS" not in cache_options(url, 0.5)


def test_sentinels_are_asked_for_the_primary_by_its_name():
    options = cache_options(SENTINELS, 0.5)

    assert cache_location(SENTINELS) == "redis://:secret@primary/2"
    assert options["SENTINELS"] == [("one", 26380), ("two", 26379), ("::1", 26381)]
    assert options["SENTINEL_KWARGS"]["socket_timeout"] == 0.5


def test_the_database_is_the_first_unless_one_is_given():
    assert cache_location("redis+sentinel://one/primary") == "redis://primary/0"


def test_sentinels_may_have_their_own_password():
    options = cache_options(f"{SENTINELS}?sentinel_username=me&sentinel_password=other", 0.5)

    login = {name: options["SENTINEL_KWARGS"][name] for name in ("username", "password")}
    assert login == {"username": "me", "password": "other"}


@pytest.mark.parametrize("url", ["redis+sentinel://one", "redis+sentinel://one/primary/first"])
def test_a_malformed_sentinel_url_is_rejected_without_repeating_it(url):
    with pytest.raises(ImproperlyConfigured) as error:
        cache_location(url)

    assert "REDIS_URL" in str(error.value)
    assert url not in str(error.value)


def test_time_outs_can_be_added_to_a_url():
    location = cache_location("unix:///run/redis.sock?db=2")

    assert with_timeouts(location, connect_seconds=2, answer_seconds=5) == (
        f"{location}&socket_timeout=5&socket_connect_timeout=2"
    )
