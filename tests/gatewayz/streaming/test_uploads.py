"""Long bodies: read for those who have a key, where they are wanted, and never too many."""

import json
import socket
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import IsAuthenticated

from accounts.access.authentication import ApiKeyAuthentication
from chat.models import ChatImport, ChatMessage, ChatSession
from gatewayz.request.long_bodies import SMALL_BODY_BYTES
from gatewayz.streaming.uploads import (
    MAX_LONG_BODIES,
    MAX_LONG_BODIES_OF_USER,
    UploadMemory,
    UploadsBusy,
)
from tests.waiting import WAIT_SECONDS
from tests.web import web_process

# The messages that a web process saves are seen, and its keys are there.
pytestmark = pytest.mark.django_db(transaction=True)

DEADLINE_SECONDS = 1.0
MAX_BODY_BYTES = 500_000
TRIES = 5


def small_process(deadline_seconds):
    """Four requests at a time, with one connection for all."""
    return web_process(
        DATABASE_POOL_SIZE="1",
        REQUEST_DEADLINE_SECONDS=str(deadline_seconds),
        MAX_BODY_BYTES=str(MAX_BODY_BYTES),
    )


@pytest.fixture(scope="module")
def hasty_port(django_db_setup):
    """The port of a process that soon cuts off silent clients."""
    with small_process(DEADLINE_SECONDS) as port:
        yield port


@pytest.fixture(scope="module")
def port(django_db_setup):
    with small_process(10 * WAIT_SECONDS) as port:
        yield port


@pytest.fixture
def messages(user):
    """The path at which messages are added to a session of the user."""
    session = ChatSession.objects.create(user=user, title="t", model="m")
    return f"/v1/chat/sessions/{session.pk}/messages"


def message(size):
    return b'{"role": "user", "content": "' + b"x" * size + b'"}'


LONG = message(2 * SMALL_BODY_BYTES)
LENGTH = f"Content-Length: {len(LONG)}"


def head(path, *headers, key=None):
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: testserver",
        "Content-Type: application/json",
        *headers,
        *([f"Authorization: Bearer {key}"] if key else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Sending(ExitStack):
    """A request whose parts are sent one by one."""

    def __init__(self, port: int, *parts: bytes) -> None:
        super().__init__()
        connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self.connection = self.enter_context(connection)
        for part in parts:
            self.send(part)

    def send(self, part: bytes) -> None:
        self.connection.sendall(part)

    def answer(self) -> tuple[int, Any]:
        """The status, and what the JSON holds."""
        answer = HTTPResponse(self.connection)
        answer.begin()
        return answer.status, json.loads(answer.read())


def send(port, *parts):
    with Sending(port, *parts) as sending:
        return sending.answer()


def chunks(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        [(LENGTH,), LONG],
        [("Transfer-Encoding: chunked",), chunks(LONG[:9], LONG[9:100_000], LONG[100_000:])],
    ],
    ids=["length", "chunks"],
)
def test_a_long_message_is_saved_as_it_was_sent(port, api_key, messages, sent):
    headers, body = sent

    status, _ = send(port, head(messages, *headers, key=api_key), body)

    assert status == 201
    assert ChatMessage.objects.get().content == json.loads(LONG)["content"]


def test_a_long_body_that_expects_a_continue_gets_it_with_a_key(port, api_key, messages):
    with Sending(port, head(messages, LENGTH, "Expect: 100-continue", key=api_key)) as sending:
        assert sending.connection.recv(100).startswith(b"HTTP/1.1 100 ")
        sending.send(LONG)

        assert sending.answer()[0] == 201


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/auth", (LENGTH,), 413),
        ("/v1/auth", (LENGTH, "Expect: 100-continue"), 413),
        ("/admin/login/", (LENGTH,), 413),
        ("/v1/chat/sessions/1/messages", (LENGTH,), 401),
        ("/v1/chat/sessions/1/messages", (LENGTH, "Authorization: Bearer gw_live_no"), 401),
        ("/v1/nothing", (LENGTH,), 404),
    ],
)
def test_without_a_key_a_long_body_is_rejected_before_it_arrives(port, path, headers, status):
    assert send(port, head(path, *headers))[0] == status


@pytest.fixture
def staff_headers(admin_client, user):
    """The headers of a page of the admin that sends a file."""
    admin_client.get(f"/admin/accounts/user/{user.pk}/change/")
    cookies = {name: admin_client.cookies[name].value for name in admin_client.cookies}
    return {
        "Host": "testserver",
        "Content-Type": "application/octet-stream",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": cookies["csrftoken"],
    }


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 413),
        ({"X-CSRFToken": ""}, 403),
        ({"Cookie": ""}, 403),
    ],
    ids=["staff", "a form", "another site", "nobody"],
)
def test_a_page_takes_a_long_file_of_staff_only(port, user, staff_headers, changed, status):
    chat = {"messages": [{"role": "user", "content": "x" * 2 * MAX_BODY_BYTES}]}
    path = f"/admin/chat/chatimport/of/{user.pk}/?name=chats.json"

    with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as connection:
        connection.request("POST", path, json.dumps([chat]), {**staff_headers, **changed})
        response = connection.getresponse()
        response.read()

    assert response.status == status
    begun = ChatImport.objects.filter(user=user, state="running", file_name="chats.json")
    assert begun.count() == (status == 200)


def test_a_view_of_small_bodies_rejects_a_long_one_before_it_arrives(port, api_key):
    assert send(port, head("/v1/chat/sessions", LENGTH, key=api_key))[0] == 413


def test_a_chunked_body_is_rejected_when_it_becomes_too_long(port, api_key, messages):
    endless = head("/v1/chat/sessions", "Transfer-Encoding: chunked", key=api_key)
    too_long = head(messages, "Transfer-Encoding: chunked", key=api_key)

    assert send(port, endless, chunks(LONG)[:-5])[0] == 413
    assert send(port, too_long, chunks(message(MAX_BODY_BYTES))[:-5])[0] == 413


def test_a_client_that_sends_a_rejected_body_to_its_end_gets_the_answer(port):
    body, headers = b" " * MAX_BODY_BYTES, {"Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/auth", body, headers)
            response = connection.getresponse()
            response.read()

            assert response.status == 413


def test_an_incomplete_long_body_is_rejected(port, api_key, messages):
    with Sending(port, head(messages, LENGTH, key=api_key), LONG[:-1]) as sending:
        sending.connection.shutdown(socket.SHUT_WR)
        status, body = sending.answer()

    assert (status, body["code"]) == (400, "incomplete_body")
    assert not ChatMessage.objects.exists()


def test_a_long_body_may_take_longer_than_the_deadline(hasty_port, api_key, messages):
    def is_read():
        with Sending(hasty_port, head(messages, LENGTH, key=api_key)) as sending:
            try:
                for start in range(0, len(LONG), 10_000):
                    time.sleep(0.2 * DEADLINE_SECONDS)
                    sending.send(LONG[start : start + 10_000])
                return sending.answer()[0] == 201
            except ConnectionError:
                return False

    # A pause of the machine is one of the sender, too.
    assert any(is_read() for _ in range(TRIES))


def test_arriving_long_bodies_delay_no_other_request(port, api_key, messages):
    with ExitStack() as stack:
        sendings = [
            stack.enter_context(Sending(port, head(messages, LENGTH, key=api_key), LONG[:70_000]))
            for _ in range(5)
        ]

        assert (
            send(port, head("/v1/chat/sessions", "Content-Length: 2", key=api_key), b"{}")[0]
            == 201
        )

        for sending in sendings:
            sending.send(LONG[70_000:])
            assert sending.answer()[0] == 201


def test_the_memory_for_long_bodies_is_bounded_per_user_and_process(settings):
    memory = UploadMemory()
    memory.reserve(1, MAX_LONG_BODIES_OF_USER * settings.MAX_BODY_BYTES)
    with pytest.raises(UploadsBusy):
        memory.reserve(1, 1)
    memory.release(1, MAX_LONG_BODIES_OF_USER * settings.MAX_BODY_BYTES)
    for user_id in (1, 2):
        memory.reserve(user_id, MAX_LONG_BODIES_OF_USER * settings.MAX_BODY_BYTES)
    assert MAX_LONG_BODIES == 2 * MAX_LONG_BODIES_OF_USER

    with pytest.raises(UploadsBusy):
        memory.reserve(3, 1)

    memory.release(1, 1)
    memory.reserve(3, 1)
    with pytest.raises(UploadsBusy):
        memory.reserve(1, 1)


def views(patterns=None):
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield getattr(pattern.callback, "cls", None)


def test_only_views_that_need_a_key_accept_long_bodies():
    taking = {view for view in views() if getattr(view, "takes_long_bodies", False)}

    assert {view.__name__ for view in taking} == {
        "ConversationsView",
        "FeedbackListView",
        "FeedbackView",
        "ImportView",
        "ItemsView",
        "MessageBatchView",
        "MessageView",
        "MessagesView",
        "SessionBatchView",
    }
    for view in taking:
        assert ApiKeyAuthentication in view.authentication_classes
        assert IsAuthenticated in view.permission_classes
