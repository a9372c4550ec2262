"""The pool of connections to Redis gives out what works, to one at a time."""

import pytest
from django.conf import settings
from redis.exceptions import ConnectionError as RedisConnectionError

from gatewayz.redis.client import Client, Pool
from tests.waiting import WAIT_SECONDS


@pytest.fixture
def pool():
    with Client(connection_pool=Pool.from_url(settings.REDIS_URL, protocol=2)) as client:
        client.ping()
        yield client.connection_pool
        client.connection_pool.disconnect()


def ping(connection):
    connection.send_command("PING")
    return connection.read_response()


def test_a_connection_is_reused(pool):
    first = pool.get_connection()
    pool.release(first)

    assert pool.get_connection() is first


def test_a_connection_in_use_is_not_given_to_another_thread(pool):
    first, second = pool.get_connection(), pool.get_connection()

    assert first is not second
    assert [ping(first), ping(second)] == [b"PONG", b"PONG"]


def test_a_connection_closed_by_redis_is_reconnected(pool):
    connection = pool.get_connection()
    connection.send_command("CLIENT", "ID")
    number = connection.read_response()
    pool.release(connection)
    killer = pool.make_connection()
    killer.send_command("CLIENT", "KILL", "ID", number)
    assert killer.read_response() == 1
    killer.disconnect()

    assert ping(pool.get_connection()) == b"PONG"


def test_a_connection_with_an_unread_answer_is_reconnected(pool):
    connection = pool.get_connection()
    connection.send_command("ECHO", "stale")
    assert connection.can_read(timeout=WAIT_SECONDS)
    pool.release(connection)

    assert ping(pool.get_connection()) == b"PONG"


def test_a_connection_marked_for_reconnect_is_closed_when_it_is_returned(pool):
    connection = pool.get_connection()
    connection.mark_for_reconnect()

    pool.release(connection)

    assert not connection.is_connected


def test_the_pool_never_exceeds_its_maximum():
    pool = Pool.from_url(settings.REDIS_URL, protocol=2, max_connections=1)
    taken = pool.get_connection()

    with pytest.raises(RedisConnectionError):
        pool.get_connection()

    pool.release(taken)
    pool.disconnect()
