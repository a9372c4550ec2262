"""How many statements the export of many chats takes, however long each of them is."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.messages import read
from chat.models import ChatMessage, ChatSession
from chat.transfer import copying

pytestmark = pytest.mark.django_db


@pytest.fixture
def chats(user):
    """Sessions, with none to seven messages each."""
    sessions = [
        ChatSession.objects.create(user=user, title=f"S{number}", model="m")
        for number in range(24)
    ]
    ChatMessage.objects.bulk_create(
        ChatMessage(session=session, role="user", content=f"{number}.{place} " + "x" * 100)
        for number, session in enumerate(sessions)
        for place in range(number % 8)
    )
    return sessions


def exported(api, path):
    body = b"".join(api.get(path).streaming_content)
    return [json.loads(line) for line in body.splitlines()]


def contents(lines, kind):
    return [line["content"].split()[0] for line in lines if line["type"] == kind]


EXPECTED = [f"{number}.{place}" for number in range(24) for place in range(number % 8)]
EXPORTS = [("/v1/chat/export", "message"), ("/user/export", "chat_message")]


@pytest.mark.parametrize(("path", "kind"), EXPORTS)
def test_many_short_chats_are_exported_by_few_statements(api, chats, path, kind):
    api.get("/v1/chat/sessions")

    with CaptureQueriesContext(connection) as captured:
        lines = exported(api, path)

    assert contents(lines, kind) == EXPECTED
    # Apart from the look-up of the current message of each session, with its page.
    of_messages = [one for one in captured if one["sql"].count("AS measured")]
    assert len(of_messages) <= 2


@pytest.mark.parametrize("bytes_of_page", [1, 1_000])
@pytest.mark.parametrize("messages_of_page", [2, 7])
@pytest.mark.parametrize(("path", "kind"), EXPORTS)
def test_every_message_is_exported_in_order_whatever_fits_in_a_page(
    api, chats, monkeypatch, path, kind, bytes_of_page, messages_of_page
):
    monkeypatch.setattr(copying, "PAGE_MESSAGES", messages_of_page)
    monkeypatch.setattr(read, "PAGE_BYTES", bytes_of_page)

    assert contents(exported(api, path), kind) == EXPECTED
