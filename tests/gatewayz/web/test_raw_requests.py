"""A web process answers any bytes cleanly, or cuts the client off."""

import socket
import time

import pytest

from tests.waiting import WAIT_SECONDS
from tests.web import web_process

pytestmark = pytest.mark.django_db  # for the database that the web process is given

HEADER_READ_TIMEOUT_SECONDS = 1.0
DEADLINE_SECONDS = 2.0
TRIES = 5

HOST = b"Host: testserver\r\n"
OWN_BODY = b"Content-Type: application/json\r\nAuthorization: Bearer gw_live_no\r\n"


@pytest.fixture(scope="module")
def port(django_db_setup):
    with web_process(
        GRANIAN_HTTP1_HEADER_READ_TIMEOUT=str(int(HEADER_READ_TIMEOUT_SECONDS * 1000))
    ) as port:
        yield port


@pytest.fixture(scope="module")
def hasty_port(django_db_setup):
    """The port of a process that soon cuts off clients that stop sending."""
    with web_process(
        GRANIAN_HTTP1_HEADER_READ_TIMEOUT=str(int(HEADER_READ_TIMEOUT_SECONDS * 1000)),
        REQUEST_DEADLINE_SECONDS=str(DEADLINE_SECONDS),
    ) as port:
        yield port


def send(port, *parts):
    """Send bytes, and then nothing more. Returns all that comes back until the server closes.

    Raises TimeoutError when the server does neither.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
            while piece := connection.recv(65_536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # cut off
        return received


def statuses(received):
    """The statuses of all answers in it."""
    return [
        int(line.split()[1]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")
    ]


def request(line, *headers, body=b""):
    return b"".join([line, b" HTTP/1.1\r\n", HOST, *headers, b"Connection: close\r\n\r\n", body])


# Malformed requests: each gets one clean error, or the connection is cut off.
REJECTED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no version": b"GET /healthz\r\n\r\n",
    "unknown version": b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n",
    "a NUL in the path": request(b"GET /v1/\x00"),
    "a space in the path": request(b"GET /v1/a b"),
    "CONNECT": request(b"CONNECT example.com:443"),
    "a NUL in a header": request(b"GET /v1/plans", b"X-A: a\x00b\r\n"),
    "a bare line feed in a header's name": request(b"GET /v1/plans", b"X\n-A: b\r\n"),
    "a header without a colon": request(b"GET /v1/plans", b"nonsense\r\n"),
    "a space before the colon": request(b"GET /v1/plans", b"Content-Length : 5\r\n"),
    "a header of 1 MB": request(b"GET /v1/plans", b"X-A: " + b"a" * 1_000_000 + b"\r\n"),
    "10,000 headers": request(b"GET /v1/plans", *[b"X-%d: a\r\n" % n for n in range(10_000)]),
    "a path of 1 MB": request(b"GET /" + b"a" * 1_000_000),
    "a negative length": request(b"POST /v1/auth", b"Content-Length: -1\r\n"),
    "a length that is not a number": request(
        b"POST /v1/auth", b"Content-Length: 5x\r\n", body=b"{}"
    ),
    "a length with a sign": request(b"POST /v1/auth", b"Content-Length: +2\r\n", body=b"{}"),
    "a length beyond all": request(b"POST /v1/auth", b"Content-Length: %d\r\n" % 10**30),
    "two lengths": request(
        b"POST /v1/auth", b"Content-Length: 2\r\nContent-Length: 44\r\n", body=b"{}"
    ),
    "a chunk without a size": request(
        b"POST /v1/chat/sessions",
        OWN_BODY,
        b"Transfer-Encoding: chunked\r\n",
        body=b"zz\r\n{}\r\n0\r\n\r\n",
    ),
    "an unknown transfer encoding": request(
        b"POST /v1/auth", b"Transfer-Encoding: gzip\r\n", body=b"{}"
    ),
    "a chunked encoding that is not last": request(
        b"POST /v1/auth", b"Transfer-Encoding: chunked, gzip\r\n", body=b"0\r\n\r\n"
    ),
    "an unknown method": request(b"FOO /v1/plans"),
    "TRACE": request(b"TRACE /v1/plans"),
    "a foreign absolute target": request(b"GET http://elsewhere.example/v1/nothing"),
    "overlong UTF-8 in the path": request(b"GET /v1/%c0%ae%c0%ae/"),
    "an escape that is none": request(b"GET /v1/%zz"),
    "a NUL in an id": request(b"GET /v1/chat/sessions/1%00"),
    "an id beyond all": request(b"GET /v1/plans/" + b"9" * 400),
    "10,000 query parameters": request(b"GET /v1/chat/sessions?" + b"a=b&" * 10_000 + b"a=b"),
    "a NUL in a query": request(b"GET /v1/chat/sessions?cursor=%00"),
    "two keys": request(
        b"GET /v1/chat/sessions",
        b"Authorization: Bearer gw_live_a\r\nAuthorization: Bearer gw_live_b\r\n",
    ),
    "a key that is not text": request(
        b"GET /v1/chat/sessions", b"Authorization: Bearer \xff\xfe\xc0\xaf\r\n"
    ),
}


@pytest.mark.parametrize("sent", REJECTED.values(), ids=REJECTED.keys())
def test_a_malformed_request_is_rejected_or_cut_off(port, sent):
    answered = statuses(send(port, sent))

    assert len(answered) <= 1
    assert all(400 <= status < 500 for status in answered), answered


ANSWERED = {
    "1,000 query parameters": request(b"GET /v1/plans?" + b"a=b&" * 999 + b"a=b"),
    "escapes that are none in the query": request(b"GET /v1/plans?a=%zz&%=%&b=%c0%af&c=%00"),
    "its own absolute target": request(b"GET http://testserver/v1/plans"),
    "an authority as target, which has no path": request(b"GET example.com:80"),
    "a header that is not text": request(b"GET /v1/plans", b"X-A: \xff\xfe\r\n"),
    "nonsense in every header that is read": request(
        b"GET /v1/plans",
        b"X-Request-ID: \xff\r\nX-Forwarded-For: ,,;%\r\nAccept: ///\r\nAccept-Language: ;;q=x\r\n"
        b'If-None-Match: "\r\nIf-Modified-Since: never\r\nCookie: ;=;"\r\nRange: bytes=9-1\r\n'
        b"Origin: null\r\nReferer: :\r\nContent-Type: ;\r\nX-Request-Timeout: NaN\r\n",
    ),
}


@pytest.mark.parametrize("sent", ANSWERED.values(), ids=ANSWERED.keys())
def test_harmless_oddities_are_accepted(port, sent):
    assert statuses(send(port, sent)) == [200]


def test_a_request_is_never_smuggled_in_the_body_of_another(port):
    """With both headers, a proxy and the server might see different ends of the body."""
    smuggled = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    for headers in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding:  chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding:\x0bchunked\r\n",
    ):
        sent = b"POST /v1/auth HTTP/1.1\r\n" + HOST + headers + b"\r\n0\r\n\r\n" + smuggled

        received = send(port, sent)

        # One that follows the chunked end is answered as the request that it then is, on the
        # connection of its sender; one that is read as a body of 5 bytes is no request at all.
        assert all(status != 200 for status in statuses(received)), (headers, received)


def test_a_client_that_never_ends_its_headers_is_cut_off(port):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(b"GET /v1/plans HTTP/1.1\r\n" + HOST)
        connection.settimeout(0.1)
        while time.monotonic() - began < WAIT_SECONDS:
            try:
                connection.sendall(b"X-A: b\r\n")
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("still connected")


def test_many_slow_callers_do_not_delay_others(port):
    callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    try:
        for caller in callers:
            caller.sendall(b"GET /v1/plans HTTP/1.1\r\n" + HOST)

        assert statuses(send(port, request(b"GET /v1/plans"))) == [200]
    finally:
        for caller in callers:
            caller.close()


def test_bodies_that_never_arrive_do_not_delay_others(port):
    callers = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    try:
        for caller in callers:
            caller.sendall(UNSENT)

        assert statuses(send(port, request(b"GET /v1/plans"))) == [200]
    finally:
        for caller in callers:
            caller.close()


UNSENT = request(b"POST /v1/auth", b"Content-Type: application/json\r\nContent-Length: 99\r\n")


def test_a_body_that_is_too_large_is_rejected_before_it_has_arrived(hasty_port):
    sent = request(b"POST /v1/chat/sessions", OWN_BODY, b"Content-Length: 10485761\r\n")

    assert statuses(send(hasty_port, sent)) == [401]


def test_a_client_that_stops_sending_its_body_is_cut_off(hasty_port):
    send(hasty_port, UNSENT, b'{"a"')


def test_a_slow_body_is_accepted_while_it_keeps_arriving(hasty_port):
    def is_read():
        address = ("127.0.0.1", hasty_port)
        with socket.create_connection(address, timeout=WAIT_SECONDS) as connection:
            connection.sendall(UNSENT)
            try:
                for _ in range(33):
                    connection.sendall(b"   ")
                    time.sleep(DEADLINE_SECONDS / 22)
                return statuses(connection.recv(65_536)) == [400]
            except ConnectionError:
                return False

    # A pause of the machine is one of the sender, too.
    assert any(is_read() for _ in range(TRIES))
