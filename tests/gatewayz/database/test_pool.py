"""The pool of connections that threads share."""

from threading import Thread

import psycopg
import pytest
from django.db import connection

from gatewayz.database import pool as pool_module
from gatewayz.database.connections import BoundedConnection
from gatewayz.database.pool import NoConnectionError, Pool
from tests.pools import close_idle
from tests.waiting import WAIT_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connect():
    """Makes a connection to the database of the tests."""
    params = {**connection.get_connection_params(), "autocommit": True}
    return lambda: BoundedConnection.connect(**params)


@pytest.fixture
def pool(connect):
    pool = Pool(connect, max_size=2)
    yield pool
    close_idle(pool)


def test_a_connection_is_reused(pool):
    first = pool.take(WAIT_SECONDS)
    pool.put(first)

    assert pool.take(WAIT_SECONDS) is first
    pool.put(first)
    assert pool.get_stats()["pool_size"] == 1


def test_the_pool_never_exceeds_its_maximum(pool):
    taken = [pool.take(WAIT_SECONDS), pool.take(WAIT_SECONDS)]

    with pytest.raises(NoConnectionError):
        pool.take(0.05)
    for one in taken:
        pool.put(one)
    assert pool.get_stats() == {
        "pool_max": 2,
        "pool_size": 2,
        "pool_available": 2,
        "requests_waiting": 0,
        "requests_errors": 1,
    }


def test_a_waiting_thread_gets_a_returned_connection(pool):
    taken = [pool.take(WAIT_SECONDS), pool.take(WAIT_SECONDS)]
    got = []
    waiter = Thread(target=lambda: got.append(pool.take(WAIT_SECONDS)))
    waiter.start()
    wait_until(lambda: pool.get_stats()["requests_waiting"])
    pool.put(taken[0])
    waiter.join()

    assert got == [taken[0]]
    for one in taken:
        pool.put(one)


def take_in_thread(pool, got, name):
    """Have a thread wait for a connection, which then notes its name and gives it back."""

    def take():
        taken = pool.take(30)
        got.append(name)
        pool.put(taken)

    waiting = pool.get_stats()["requests_waiting"]
    thread = Thread(target=take)
    thread.start()
    wait_until(lambda: pool.get_stats()["requests_waiting"] > waiting)
    return thread


def test_waiting_threads_get_connections_in_order_of_arrival(pool):
    taken = [pool.take(5), pool.take(5)]
    got = []
    threads = [take_in_thread(pool, got, name) for name in range(5)]
    pool.put(taken[0])
    for thread in threads:
        thread.join()

    assert got == [0, 1, 2, 3, 4]
    pool.put(taken[1])


def test_a_later_thread_does_not_overtake_a_waiting_one(pool):
    """A thread that gives a connection back and asks again comes after the waiting ones."""
    taken = [pool.take(5), pool.take(5)]
    got = []
    thread = take_in_thread(pool, got, "first")
    pool.put(taken[0])
    again = pool.take(5)

    assert got == ["first"]
    thread.join()
    for one in (again, taken[1]):
        pool.put(one)


def test_a_connection_closed_in_use_is_replaced_for_a_waiting_thread(pool, connect):
    taken = [pool.take(5), pool.take(5)]
    got = []
    thread = take_in_thread(pool, got, "first")
    with connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [taken[0].info.backend_pid])
    pool.put(taken[0])
    thread.join()

    assert got == ["first"]
    pool.put(taken[1])


def test_a_connection_closed_by_the_server_is_not_handed_out(pool, connect):
    first = pool.take(WAIT_SECONDS)
    pool.put(first)
    with connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [first.info.backend_pid])

    second = pool.take(WAIT_SECONDS)

    assert second is not first
    assert second.execute("SELECT 1").fetchone() == (1,)
    pool.put(second)


def test_an_old_connection_is_replaced(pool, monkeypatch):
    first = pool.take(WAIT_SECONDS)
    monkeypatch.setattr(pool_module, "MAX_AGE_SECONDS", 0.0)
    pool.put(first)

    assert first.closed
    assert pool.get_stats()["pool_size"] == 0


def test_a_free_connection_is_handed_out_even_without_time_to_wait(pool):
    first = pool.take(WAIT_SECONDS)
    pool.put(first)

    assert pool.take(0) is first
    pool.put(first)


def test_a_failure_to_start_a_thread_uses_up_no_connection(pool, monkeypatch):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            pool.take(WAIT_SECONDS)

    taken = [pool.take(WAIT_SECONDS), pool.take(WAIT_SECONDS)]
    for one in taken:
        pool.put(one)


def test_many_threads_share_a_few_connections(pool):
    """Every thread gets its turns, although others give up in between."""
    turns = []

    def take_turns():
        for turn in range(100):
            try:
                # Some wait for no time at all, and may be woken as they give up.
                taken = pool.take(0.0001 if turn % 3 else WAIT_SECONDS)
            except NoConnectionError:
                assert turn % 3
                continue
            turns.append(1)
            pool.put(taken)

    threads = [Thread(target=take_turns) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(turns) >= 8 * 34
    # One may still be being made.
    wait_until(lambda: (now := pool.get_stats())["pool_available"] == now["pool_size"])
    stats = pool.get_stats()
    assert stats["requests_waiting"] == 0
    assert stats["pool_size"] <= 2


def test_it_keeps_trying_until_it_connects(connect):
    refusals = 3

    def connect_at_last():
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise psycopg.OperationalError("not yet")
        return connect()

    pool = Pool(connect_at_last, max_size=1)
    taken = pool.take(WAIT_SECONDS)
    assert refusals == 0
    pool.put(taken)
    close_idle(pool)


def test_the_error_says_why_there_is_no_connection():
    def refuse():
        raise psycopg.OperationalError("no such host")

    pool = Pool(refuse, max_size=1)
    with pytest.raises(NoConnectionError) as raised:
        pool.take(0.05)
    assert str(raised.value.__cause__) == "no such host"
