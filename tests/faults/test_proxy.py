"""The proxy simulates the network that a test asks for."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from tests.faults.proxy import Proxy, upstream_of
from tests.waiting import WAIT_SECONDS, wait_until


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65536):
                        connection.sendall(data)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                Thread(target=answer, args=[connection], daemon=True).start()

        acceptor = Thread(target=accept, daemon=True)
        acceptor.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        acceptor.join()


@pytest.fixture
def proxy(echo: str) -> Iterator[Proxy]:
    with Proxy(echo) as running:
        yield running


def connect(proxy: Proxy) -> socket.socket:
    host, port = proxy.address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def round_trip_ms(connection: socket.socket, data: bytes = b"ping") -> float:
    started = time.perf_counter()
    connection.sendall(data)
    received = b""
    while len(received) < len(data):
        received += connection.recv(65536)
    assert received == data
    return (time.perf_counter() - started) * 1000


def test_a_round_trip_has_the_latency_once(proxy):
    proxy.change(latency_ms=50)
    with connect(proxy) as connection:
        round_trip_ms(connection)  # opens the other end
        times_ms = [round_trip_ms(connection)]
        # A busy machine adds to most of them, not to all.
        wait_until(lambda: times_ms.append(round_trip_ms(connection)) or times_ms[-1] < 2 * 50)

    assert min(times_ms) >= 50


def test_round_trips_of_all_connections_are_counted(proxy):
    with connect(proxy) as one, connect(proxy) as other:
        for connection in (one, other, one):
            round_trip_ms(connection)

    assert proxy.round_trips() == 3


def test_jitter_keeps_the_order(proxy):
    proxy.change(jitter_ms=20)
    text = b"".join(b"%d," % number for number in range(50))
    with connect(proxy) as connection:
        for part in text.split(b",")[:-1]:
            connection.sendall(part + b",")
        received = b""
        while len(received) < len(text):
            received += connection.recv(65536)

    assert received == text


def test_a_blackhole_delays_everything_and_loses_nothing(proxy):
    with connect(proxy) as connection:
        round_trip_ms(connection)
        with proxy.blackhole():
            connection.sendall(b"ping")
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(4)
        connection.settimeout(WAIT_SECONDS)
        assert connection.recv(4) == b"ping"


def test_a_connection_opened_during_a_blackhole_works_afterwards(proxy):
    with ExitStack() as stack:
        with proxy.blackhole():
            connection = stack.enter_context(connect(proxy))
            connection.sendall(b"ping")
        assert connection.recv(4) == b"ping"


def test_a_cut_connection_is_reset(proxy):
    with connect(proxy) as connection:
        round_trip_ms(connection)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_the_client_of_a_half_open_connection_is_not_notified(proxy):
    with connect(proxy) as connection:
        round_trip_ms(connection)
        proxy.half_open()
        connection.sendall(b"ping")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(4)
    with connect(proxy) as connection:
        round_trip_ms(connection)


def test_the_configured_bandwidth_applies(proxy):
    proxy.change(bytes_per_second=100_000)
    with connect(proxy) as connection:
        assert round_trip_ms(connection, b"x" * 10_000) >= 200  # 10 kB, there and back


def test_a_closed_connection_is_closed_at_the_other_end(proxy):
    with connect(proxy) as connection:
        round_trip_ms(connection)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_new_connections_follow_the_upstream(proxy):
    proxy.change(upstream="127.0.0.1:1")
    with pytest.raises(ConnectionResetError), connect(proxy) as connection:
        connection.recv(1)


@pytest.mark.parametrize(
    ("url", "upstream", "through"),
    [
        ("postgresql://me:x@db:6000/chat", "db:6000", "postgresql://me:x@{}/chat"),
        (
            "postgresql://postgres@/gatewayz?host=/run/pg&port=5433",
            "/run/pg/.s.PGSQL.5433",
            "postgresql://postgres@{}/gatewayz",
        ),
        ("redis://:x@cache:6380/1", "cache:6380", "redis://:x@{}/1"),
        ("unix:///run/redis.sock?db=2", "/run/redis.sock", "redis://{}/2"),
    ],
)
def test_a_url_leads_through_the_proxy(proxy, url, upstream, through):
    assert upstream_of(url) == upstream
    assert proxy.url(url) == through.format(proxy.address)
