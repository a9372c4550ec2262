"""A body is taken as it was sent or not at all, however its length is announced."""

import json
import socket
import struct
from http.client import HTTPResponse, RemoteDisconnected

import psutil
import pytest

from chat.models import ChatSession
from tests.waiting import WAIT_SECONDS, wait_until
from tests.web import answered_by, web_process

# The sessions that a web process creates are seen, and its keys are there.
pytestmark = pytest.mark.django_db(transaction=True)

BODY = b'{"title": "mine"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IDLE_SECONDS = 5  # the least that granian allows


@pytest.fixture(scope="module")
def port(django_db_setup):
    with web_process(GRANIAN_BLOCKING_THREADS_IDLE_TIMEOUT=str(IDLE_SECONDS)) as port:
        yield port


def chunks(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


LAST_CHUNK = b"0\r\n\r\n"


def head(api_key, *headers, version=b"1.1"):
    """The head of a request that creates a session."""
    lines = [
        b"POST /v1/chat/sessions HTTP/" + version + b"\r\n",
        b"Host: testserver\r\nAuthorization: Bearer " + api_key.encode() + b"\r\n",
        b"Content-Type: application/json\r\n",
        *headers,
    ]
    return b"".join([*lines, b"\r\n"])


def exchange(port, *sent, then_gone=False):
    """Send parts, each after an answer to the one before, and no more.

    Returns the status of the last answer and what its JSON holds; None when the connection is
    cut off instead. Raises TimeoutError when neither happens.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(sent[0])
        for part in sent[1:]:
            assert connection.recv(65_536)
            connection.sendall(part)
        if then_gone:
            connection.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(connection)
        try:
            answer.begin()
        except RemoteDisconnected:
            return None
        return answer.status, json.loads(answer.read())


COMPLETE = {
    "a length": ([LENGTH], BODY),
    "a length twice": ([LENGTH, LENGTH], BODY),
    "chunks": ([CHUNKED], chunks(BODY[:5], BODY[5:]) + LAST_CHUNK),
    "chunks with an extension": ([CHUNKED], b"11;a=b\r\n" + BODY + b"\r\n" + LAST_CHUNK),
    "chunks with a trailer": ([CHUNKED], chunks(BODY) + b"0\r\nX-A: b\r\n\r\n"),
    "chunks that count, and a length that does not": (
        [b"Content-Length: 0\r\n", CHUNKED],
        chunks(BODY) + LAST_CHUNK,
    ),
    "a length that does not count, and chunks": (
        [CHUNKED, b"Content-Length: 2\r\n"],
        chunks(BODY) + LAST_CHUNK,
    ),
    "a length, and the name of it that is none": ([LENGTH, b"Content_Length: 0\r\n"], BODY),
    "an upgrade to HTTP/2": (
        [
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n",
            LENGTH,
        ],
        BODY,
    ),
    "an upgrade to a WebSocket": (
        [
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            LENGTH,
        ],
        BODY,
    ),
}


@pytest.mark.parametrize(("headers", "body"), COMPLETE.values(), ids=COMPLETE.keys())
def test_a_complete_body_is_read(port, api_key, headers, body):
    sent = head(api_key, *headers) + body

    status, answer = exchange(port, sent)

    assert (status, answer["data"]["title"]) == (201, "mine")


@pytest.mark.parametrize(
    ("framing", "body"), [(LENGTH, BODY), (CHUNKED, chunks(BODY) + LAST_CHUNK)]
)
def test_a_body_that_expects_a_continue_gets_it(port, api_key, framing, body):
    asking = head(api_key, b"Expect: 100-continue\r\n", framing)

    status, answer = exchange(port, asking, body)

    assert (status, answer["data"]["title"]) == (201, "mine")


INCOMPLETE = {
    "nothing of a length": ([b"Content-Length: 99\r\n"], b""),
    "less than a length, and whole by itself": ([b"Content-Length: 99\r\n"], BODY),
    "no chunk": ([CHUNKED], b""),
    "a chunk that is none": ([CHUNKED], b"zz\r\n" + BODY),
    "half a chunk": ([CHUNKED], b"11\r\n" + BODY[:8]),
}


@pytest.mark.parametrize(("headers", "body"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_an_incomplete_body_is_rejected(port, api_key, headers, body):
    status, answer = exchange(port, head(api_key, *headers) + body, then_gone=True)

    assert (status, answer["code"] in {"incomplete_body", "malformed_json"}) == (400, True)
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize(
    ("framing", "body"),
    [(CHUNKED, LAST_CHUNK), (b"Transfer_Encoding: chunked\r\n", chunks(BODY) + LAST_CHUNK)],
    ids=["of nothing", "by a name that is none"],
)
def test_chunks_that_may_have_been_lost_are_rejected(port, api_key, framing, body):
    status, answer = exchange(port, head(api_key, framing) + body)

    assert (status, answer["code"]) == (400, "incomplete_body")
    assert not ChatSession.objects.exists()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("headers", [[], [b"Content_Length: 17\r\n"]])
def test_a_body_without_an_announced_length_is_rejected(port, api_key, version, headers):
    status, answer = exchange(port, head(api_key, *headers, version=version) + BODY)

    assert (status, answer["code"]) == (411, "length_required")
    assert not ChatSession.objects.exists()


def test_a_request_without_a_body_needs_no_length(port, api_key):
    sent = head(api_key).replace(b"Content-Type", b"X-Type")

    status, _ = exchange(port, sent)

    assert status == 201


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def test_a_client_that_speaks_http_2_is_cut_off(port):
    settings_frame = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"

    assert exchange(port, PREFACE + settings_frame) is None


def abandon(port, sent, *, reset):
    """Send something, and close or reset the connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "sent",
    [
        head("", b"Content-Length: 10\r\n"),
        head("", b"Content-Length: 10\r\n") + b"{",
        head("", CHUNKED),
        head("", CHUNKED) + b"11\r\n{",
        head("", b"Expect: 100-continue\r\n", LENGTH),
        PREFACE,
    ],
    ids=["length", "length and a byte", "chunks", "half a chunk", "expect", "HTTP/2"],
)
def test_clients_that_disconnect_leave_no_thread_behind(port, sent, reset):
    (pid,) = answered_by(port)
    process = psutil.Process(pid)
    before = process.num_threads()

    for _ in range(200):
        abandon(port, sent, reset=reset)

    wait_until(lambda: process.num_threads() <= before + 1)
