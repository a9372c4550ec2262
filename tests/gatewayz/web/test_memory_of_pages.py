"""The memory of a web process while clients read pages of pictures, quickly, slowly or never."""

import base64
import json
import os
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from accounts.keys import create_key
from accounts.models import User
from chat.models import ChatMessage, ChatSession, Share
from tests.waiting import WAIT_SECONDS
from tests.web import answered_by, web_process

pytestmark = [
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform != "linux", reason="where /proc tells the peak"),
]

TOKEN = "t" * 43
READERS = 8
SILENT = 60
# docs/size.md: what to plan for a process.
MAX_BYTES = 800_000_000


@pytest.fixture
def pictures():
    """A session of eight pictures of 9 MB, which a link shows: its path, and its user's key."""
    user = User.objects.create_user("user@example.com")
    session = ChatSession.objects.create(user=user, title="T", model="m")
    picture = "data:image/png;base64," + base64.b64encode(os.urandom(6_750_000)).decode()
    content = [{"type": "image_url", "image_url": {"url": picture}}]
    for position in range(8):
        ChatMessage.objects.create(
            session=session, user=user, role="user", position=position, extra={"content": content}
        )
    Share.objects.create(user=user, session=session, token=TOKEN)
    return f"/v1/chat/sessions/{session.pk}", create_key(user, key_name="k")[1]


def peak_bytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def beginning_of_answer(client):
    """The beginning of an answer; None when the client was cut off."""
    with suppress(ConnectionError):
        return client.recv(12)


def test_several_clients_read_pages_of_pictures_within_the_stated_memory(pictures):
    session, api_key = pictures

    def read(number):
        method, path, accept = (
            ("GET", session, "*/*"),
            ("GET", f"/v1/chat/share/{TOKEN}", "*/*"),
            ("GET", f"{session}/messages", "*/*"),
            ("GET", f"/v1/chat/share/{TOKEN}", "text/html"),
            ("POST", f"{session}/fork", "*/*"),
            ("GET", f"{session}/export", "*/*"),
        )[number % 6]
        client = HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            "Accept": accept,
        }
        with closing(client):
            client.request(method, path, b"{}" if method == "POST" else None, headers)
            answer = client.getresponse()
            return answer.status, len(answer.read())

    with web_process() as port, ThreadPoolExecutor(READERS) as threads:
        (pid,) = answered_by(port)
        answers = list(threads.map(read, range(36)))
        peak = peak_bytes(pid)

    # A fork of so much is rejected, and a user may have two downloads at a time.
    assert {status for status, _ in answers} <= {200, 400, 429}
    assert sum(length > 9_000_000 for status, length in answers if status == 200) >= 24
    assert peak < MAX_BYTES


def test_clients_that_do_not_read_keep_no_more_than_the_stated_memory(pictures):
    session, api_key = pictures
    with web_process() as port, ExitStack() as stack:
        (pid,) = answered_by(port)
        clients = []
        for _ in range(SILENT):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(
                f"GET /v1/chat/share/{TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            )
            clients.append(client)
        answers = {beginning_of_answer(client) for client in clients}
        peak = peak_bytes(pid)
        with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)) as client:
            client.request("GET", session, headers={"Authorization": f"Bearer {api_key}"})
            answer = client.getresponse()
            others = answer.status, len(json.loads(answer.read())["data"]["messages"])

    assert {b"HTTP/1.1 200", b"HTTP/1.1 503"} <= answers
    assert peak < MAX_BYTES
    # Callers with another key or address still get theirs.
    assert others == (200, 1)
