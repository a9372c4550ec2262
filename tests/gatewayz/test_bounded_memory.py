"""Nothing that a process keeps grows with the values that callers make up.

A cache, a label or a set whose key comes from a request fills the memory, for anybody who sends
enough of them, unless it is bounded. Here everything that a caller controls has another value in
each request.
"""

import gc
import logging
import socket
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from ipaddress import ip_network
from itertools import chain, count, islice
from typing import Any

import psutil
import pytest
from django.test import RequestFactory

from accounts.audit import denials
from accounts.limits import leases
from accounts.principals import key_format
from accounts.principals.cached_keys import key_cache
from gatewayz.database import compiled
from gatewayz.middleware import api_dispatch
from gatewayz.request import client_address
from gatewayz.wsgi import application
from tests.web import answered_by, web_process

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1_800),
    pytest.mark.django_db(transaction=True),
]

# Of everything that is bounded, in the process of the tests.
BOUND = 100

_lru_cache_wrapper = type(lru_cache(lambda: None))


def headers_of(i: int) -> dict[str, str]:
    """Headers with values that are all different."""
    address = f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"
    return {
        "Host": f"host-{i}.example",
        "X-Forwarded-For": f"2001:db8:{i & 0xFFFF:x}:{i >> 16:x}::1, {address}",
        "X-Request-ID": f"request-{i}",
        "User-Agent": f"agent/{i}",
        "Origin": f"https://origin-{i}.example",
        "Referer": f"https://referrer-{i}.example/{i}",
        "Accept": f"application/x-{i}",
        "Accept-Language": f"de-{i % 10_000:04}-x-{i}",
        "Accept-Encoding": f"br;q=0.{i}",
        "Cookie": f"sessionid={i:032}; csrftoken={i:032}; c{i}={i}",
        "If-None-Match": f'"{i}"',
        "Idempotency-Key": f"key-{i}",
        "X-Request-Timeout": f"4.{i}",
        "Traceparent": f"00-{i:032x}-{i:016x}-01",
        f"X-Made-Up-{i}": f"{i}",
    }


Asked = tuple[str, str, dict[str, str], bytes]


def cheap(i: int, headers: dict[str, str]) -> Iterator[Asked]:
    """Requests that need nothing, with values that no other `i` has."""
    made_up = {**headers, "Authorization": f"Bearer {key_format.generate('live')}"}
    yield f"METHOD{i}", "/healthz", headers, b""
    yield "GET", f"/path-{i}", headers, b""
    yield "GET", f"/v1/chat/sessions?limit={i}&name{i}={i}", made_up, b""


def all_kinds(i: int, headers: dict[str, str], api_key: str) -> Iterator[Asked]:
    """Requests of all kinds, with values that no other `i` has."""
    own = {**headers, "Authorization": f"Bearer {api_key}"}
    json = {**own, "Content-Type": "application/json"}
    yield from cheap(i, headers)
    yield f"METHOD{i}", "/v1/chat/sessions", own, b""
    yield "GET", f"/v1/chat/sessions/{i}?message_limit={i}", own, b""
    yield "GET", f"/v1/chat/share/token-{i}", headers, b""
    yield "GET", f"/v1/activity/log?model={i}&provider={i}", own, b""
    yield "POST", "/v1/chat/sessions", json, b'{"title": "t%d", "model": "m%d"}' % (i, i)
    del json["Idempotency-Key"]
    yield "POST", f"/v1/chat/sessions/{i}/messages", json, b'{"role": "r%d", "content": 1}' % i
    yield "POST", "/v1/chat/search", json, b'{"query": "word%d"}' % i
    yield "POST", "/v1/auth", json, b'{"email": "e%d@example.com", "password": "p%d"}' % (i, i)
    yield "GET", f"/admin/login/?next=/{i}", headers, b""
    yield "GET", f"/static/{i}.css", headers, b""


def ask(asked: Asked) -> None:
    """Ask the application in this process."""
    method, path, headers, body = asked
    environ = RequestFactory().generic(method, path, body, headers=headers).environ
    if not body:
        environ.pop("CONTENT_TYPE", None)
    response = application({**environ, "wsgi.input": BytesIO(body)}, lambda *_: None)
    for _ in response:
        pass
    response.close()


def entries() -> dict[int, tuple[Any, int]]:
    """Each container that the process keeps, by its id, and how much is in it."""
    gc.collect()
    kinds = (dict, set, list, deque, _lru_cache_wrapper)
    found = {}
    for held in gc.get_objects():
        # Dictionaries of text are not known to the garbage collector, but who holds them is.
        for one in (held, *gc.get_referents(held)):
            # Not `isinstance`: lazy objects pretend.
            if issubclass(type(one), kinds):
                is_cache = type(one) is _lru_cache_wrapper
                found[id(one)] = one, one.cache_info().currsize if is_cache else len(one)
    return found


@pytest.fixture
def _small_bounds(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value is looked at, and what is bounded is full after a hundred of them."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    parsed = client_address.parsed_address.__wrapped__
    monkeypatch.setattr(client_address, "parsed_address", lru_cache(BOUND)(parsed))
    compiled_once = compiled.statement_of.__wrapped__
    monkeypatch.setattr(compiled, "statement_of", lru_cache(BOUND)(compiled_once))
    monkeypatch.setattr(api_dispatch, "MAX_HOSTS", BOUND)
    monkeypatch.setattr(leases, "MAX_LEASES", BOUND)
    monkeypatch.setattr(denials, "MAX_RECORDED", BOUND)
    for level in (key_cache().unknown, key_cache().entries.process_cache.local):
        monkeypatch.setattr(level, "max_entries", BOUND)
    # pytest keeps log records, which a web process does not.
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_small_bounds")
def test_no_container_grows_with_invented_input(api_key):
    gc.unfreeze()
    asked = chain.from_iterable(all_kinds(i, headers_of(i), api_key) for i in count())
    for one in islice(asked, 2_000):
        ask(one)
    before = entries()

    for one in islice(asked, 4_000):
        ask(one)

    grown = {
        f"{type(one)}: {[*islice(one, 3)] if hasattr(one, '__iter__') else one}"
        for one_id, (one, length) in entries().items()
        if length > 2 * BOUND
        and length > before.get(one_id, (None, 0))[1]
        # Of `before` itself.
        and one is not before
    }
    assert grown == set()


def send(connection: socket.socket, asked: Iterator[Asked]) -> None:
    """Send requests to another process, many at a time, and wait for their answers."""
    while some := list(islice(asked, 20)):
        for method, path, headers, body in some:
            lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answered = b""
        while answered.count(b"HTTP/1.1 ") < len(some) or not answered.endswith(
            (b"}", b"0\r\n\r\n")
        ):
            received = connection.recv(1_000_000)
            assert received
            answered += received


def test_the_memory_of_a_process_does_not_grow_with_invented_input(db):
    asked = chain.from_iterable(cheap(i, headers_of(i)) for i in count())
    with (
        web_process(TRUSTED_PROXIES="127.0.0.0/8,10.0.0.0/8") as port,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        (process,) = (psutil.Process(pid) for pid in answered_by(port))
        send(connection, islice(asked, 30_000))
        before = process.memory_info().rss

        send(connection, islice(asked, 100_000))

        assert process.memory_info().rss < 1.1 * before
