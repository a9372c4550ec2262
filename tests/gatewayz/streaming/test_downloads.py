"""Downloads of a real web process, looked at from their sockets, and how many there may be."""

import gc
import json
import socket
import time
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

import pytest
from django.db import connection

from accounts.keys import create_key
from accounts.models import User
from chat.models import ChatMessage, ChatSession
from gatewayz.streaming import downloads
from gatewayz.threads.user_counts import UserCounts
from gatewayz.web.server import UNREAD_SECONDS
from tests.conftest import ApiClient
from tests.problems import assert_problem
from tests.waiting import wait_until
from tests.web import web_process

EXPORTS = ["/v1/chat/export", "/v1/user/export", "/v1/user/export?format=zip"]
POOL_SIZE = 2
DOWNLOAD_SECONDS = 2.0
# More than the kernel and the server take in for a client that does not read.
MESSAGES, MESSAGE_BYTES = 200, 100_000


@pytest.fixture
def long_chat(user):
    session = ChatSession.objects.create(user=user, title="Long", model="m")
    with connection.cursor() as cursor:
        # Without triggers, which take long for so much.
        cursor.execute("SET session_replication_role = replica")
        ChatMessage.objects.bulk_create(
            ChatMessage(
                session=session,
                user=user,
                position=place,
                role="user",
                content="x" * MESSAGE_BYTES,
            )
            for place in range(MESSAGES)
        )
        cursor.execute("RESET session_replication_role")
    return session


@pytest.fixture(scope="module")
def port(django_db_setup):
    """A process whose downloads do not end by themselves while a test lasts."""
    with web_process(DATABASE_POOL_SIZE=str(POOL_SIZE), DOWNLOAD_SECONDS="600") as port:
        yield port


@pytest.fixture
def hasty_port(transactional_db):
    """A process whose downloads may take DOWNLOAD_SECONDS."""
    with web_process(DOWNLOAD_SECONDS=str(DOWNLOAD_SECONDS)) as port:
        yield port


def ask(port, api_key, path):
    """A connection on which a download was asked for, and nothing is read yet."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: testserver\r\nAuthorization: Bearer {api_key}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    return client


def rest_of(client):
    """All that still comes, until the server closes the connection."""
    received = bytearray()
    try:
        while piece := client.recv(1_000_000):
            received += piece
    except ConnectionResetError:
        pass
    return bytes(received)


def statuses(port, api_key):
    headers = {"Authorization": f"Bearer {api_key}"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        for _ in range(5):
            client.request("GET", "/v1/chat/sessions", headers=headers)
            answer = client.getresponse()
            answer.read()
            yield answer.status


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", EXPORTS)
def test_unread_downloads_hold_no_database_connection(port, user, api_key, long_chat, path):
    _, other = create_key(User.objects.create_user("eve@example.com"), key_name="hers")
    with ExitStack() as stack:
        for _ in range(POOL_SIZE):
            client = stack.enter_context(ask(port, api_key, path))
            assert client.recv(15) == b"HTTP/1.1 200 OK"

        assert list(statuses(port, other)) == [200] * 5


@pytest.mark.django_db(transaction=True)
def test_a_complete_export_says_so(port, api_key, long_chat):
    with ask(port, api_key, "/v1/chat/export") as client:
        received = rest_of(client)

    assert received.endswith(b"\r\n0\r\n\r\n")
    assert b'{"type":"end","id":null,"lines":%d}\n' % (MESSAGES + 1) in received[-100:]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [*EXPORTS, "/v1/chat/sessions/{}/export"])
def test_an_export_that_fails_midway_does_not_look_complete(port, api_key, long_chat, path):
    with ask(port, api_key, path.format(long_chat.pk)) as client:
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        with _no_messages_to_read():
            received = rest_of(client)

    assert not received.endswith(b"0\r\n\r\n")
    assert b'"type":"end"' not in received


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_an_export_that_takes_too_long_is_cut_off(hasty_port, api_key, long_chat):
    with ask(hasty_port, api_key, "/v1/chat/export") as client:
        received = client.recv(1)
        late_at = time.monotonic() + 2 * DOWNLOAD_SECONDS
        while time.monotonic() < late_at:
            received += client.recv(1000)
            time.sleep(0.1)
        received += rest_of(client)

    assert len(received) < MESSAGES * MESSAGE_BYTES
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_client_that_does_not_read_is_eventually_cut_off(port, api_key, long_chat):
    """By the kernel, which is told at the socket that the server listens on."""

    def is_let_in():
        with ask(port, api_key, "/v1/chat/export") as another:
            return another.recv(12).endswith(b" 200")

    with ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(ask(port, api_key, "/v1/chat/export"))
            assert client.recv(15) == b"HTTP/1.1 200 OK"

        assert not is_let_in()
        wait_until(is_let_in, UNREAD_SECONDS + 30)


@contextmanager
def _no_messages_to_read():
    """A block in which pages cannot be read."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE chat_messages RENAME TO nowhere")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE nowhere RENAME TO chat_messages")


@pytest.fixture
def no_more(monkeypatch):
    # Those of other tests may not be collected yet.
    monkeypatch.setattr(
        downloads, "held", UserCounts(downloads.TooManyDownloads, downloads.DownloadsBusy)
    )
    monkeypatch.setattr(downloads, "MAX_DOWNLOADS", 3)
    monkeypatch.setattr(downloads, "MAX_DOWNLOADS_OF_USER", 2)


@pytest.mark.django_db
@pytest.mark.usefixtures("no_more")
class TestAtATime:
    def test_downloads_of_a_user_are_limited_over_all_keys(self, user, api):
        _, second = create_key(user, key_name="second")
        held = [client.get("/v1/chat/export") for client in (api, ApiClient(second))]

        rejected = api.get("/v1/user/export")

        assert_problem(rejected, 429, "too_many_downloads")
        assert int(rejected["Retry-After"]) > 0
        assert [one.status_code for one in held] == [200, 200]

    def test_downloads_of_a_process_are_limited(self, api, stranger_api):
        held = [api.get("/v1/chat/export"), api.get("/v1/user/export")]
        held.append(stranger_api.get("/v1/chat/export"))

        rejected = stranger_api.get("/v1/chat/export")

        assert_problem(rejected, 503, "downloads_busy")
        assert int(rejected["Retry-After"]) > 0
        assert [one.status_code for one in held] == [200, 200, 200]

    def test_a_finished_download_makes_room_for_another(self, api):
        for _ in range(5):
            lines = api.get("/v1/chat/export").getvalue().splitlines()
            assert json.loads(lines[-1])["type"] == "end"

    def test_a_download_that_is_never_sent_makes_room_for_another(self):
        for _ in range(5):
            downloads.Download(1, iter(()), filename="f", content_type="text/plain")
            gc.collect()

    def test_a_failed_download_makes_room_for_another(self, api, monkeypatch):
        monkeypatch.setattr(downloads, "abort_response", lambda began: None)
        monkeypatch.setattr(downloads, "read_page", None)
        monkeypatch.setattr("chat.transfer.copying.read_page", None)
        for _ in range(5):
            with pytest.raises(TypeError):
                api.get("/v1/chat/export").getvalue()
