"""The admin page of a session, with its conversation."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from chat.messages.conversation import MARKDOWN_CHARACTERS, PAGE_MESSAGES, SHOWN_CHARACTERS
from chat.models import ChatMessage, ChatSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(user):
    return ChatSession.objects.create(user=user, title="Hello", model="openai/gpt-4o")


def read(client, session, **query):
    url = reverse("admin:chat_chatsession_change", args=[session.pk])
    return client.get(url, query)


def say(session, content, role="assistant", **more):
    return ChatMessage.objects.create(session=session, role=role, content=content, **more)


def test_the_audit_log_says_who_read_a_conversation(admin_client, admin_user, session):
    say(session, "Hello")

    read(admin_client, session)

    entry = AuditEntry.objects.get(action="chat_read")
    assert entry.target == f"session:{session.pk}"
    assert (entry.user_id, entry.actor_user_id) == (session.user_id, admin_user.pk)


def test_the_history_says_who_read_it(admin_client, session):
    read(admin_client, session)

    history = reverse("admin:chat_chatsession_history", args=[session.pk])
    assert "Chat read" in admin_client.get(history).content.decode()


def test_markdown_is_rendered(admin_client, session):
    say(session, "Some **bold** text")

    assert "<strong>bold</strong>" in read(admin_client, session).content.decode()


def test_reasoning_metadata_and_results_of_tools_are_folded(admin_client, session):
    say(session, '{"rows":3}', role="tool", reasoning="<b>Hm</b>", metadata={"a": 1})

    shown = read(admin_client, session).content.decode()

    for title, text in (
        ("Tool result", "{\n  &quot;rows&quot;: 3\n}"),
        ("Reasoning", "&lt;b&gt;Hm&lt;/b&gt;"),
        ("Metadata", "{\n  &quot;a&quot;: 1\n}"),
    ):
        assert f"<details><summary>{title}</summary><pre>{text}</pre>" in shown


def test_shows_what_is_edited_unfinished_or_of_another_branch(admin_client, session):
    say(session, "plain")
    plain = read(admin_client, session).content.decode()
    assert not any(word in plain for word in (" · edited", "another branch", " · completed"))

    say(session, "first", edited=True, is_current=False)
    say(session, "second", status="in_progress", model="acme/big")
    say(session, "third", extra={"tool_calls": [{"id": "call_1"}]}, status="failed")
    shown = read(admin_client, session).content.decode()

    assert " · edited · another branch</span>" in shown
    assert " · acme/big · in progress</span>" in shown
    assert " · failed</span>" in shown
    assert "<summary>Tool calls</summary>" in shown
    assert "call_1" in shown


def test_parts_of_a_message_are_shown_and_no_picture_is_fetched(admin_client, session):
    say(
        session,
        "Look",
        role="user",
        content_parts=[
            {"type": "text", "text": "**Look**"},
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            {"type": "image_url", "image_url": {"url": "javascript:alert(1)"}},
            {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64," + "A" * 4096}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg=="}},
            "odd",
        ],
    )

    shown = read(admin_client, session).content.decode()

    assert "<strong>Look</strong>" in shown
    assert 'href="https://example.com/cat.png" rel="noopener noreferrer nofollow"' in shown
    assert 'href="javascript:' not in shown
    assert "<details><summary>Image</summary><pre>4 kB</pre>" in shown
    assert "<summary>input_audio</summary>" in shown
    assert '<img src="https://example.com' not in shown


def test_a_long_session_is_read_page_by_page(admin_client, session, django_assert_num_queries):
    made = [say(session, f"M{n}.") for n in range(2 * PAGE_MESSAGES + 1)]

    def ids(response):
        return [shown.message.pk for shown in response.context["conversation"].messages]

    read(admin_client, session)  # what a process asks only once
    # Session, operator, the chat session, its user, the messages; for the audit log: savepoint,
    # entry, address, release.
    with django_assert_num_queries(9):
        newest = read(admin_client, session)
    older = read(admin_client, session, before=newest.context["conversation"].older)
    oldest = read(admin_client, session, before=older.context["conversation"].older)
    again = read(admin_client, session, after=oldest.context["conversation"].newer)

    assert ids(oldest) + ids(older) + ids(newest) == [message.pk for message in made]
    assert ids(again) == ids(older)
    assert newest.context["conversation"].newer is None
    assert oldest.context["conversation"].older is None
    assert f'href="?before={ids(newest)[0]}"' in newest.content.decode()


@pytest.mark.parametrize("odd", ["x", "-1", "9" * 30, "0", ""])
def test_an_invalid_position_shows_the_page_all_the_same(admin_client, session, odd):
    say(session, "Hello")

    assert read(admin_client, session, before=odd).status_code == 200


def test_a_long_text_is_shortened_and_not_rendered_as_markdown(admin_client, session):
    say(session, "**b**" * MARKDOWN_CHARACTERS)

    shown = read(admin_client, session).content.decode()

    assert "<strong>b</strong>" not in shown
    assert f"… and {5 * MARKDOWN_CHARACTERS - SHOWN_CHARACTERS} more characters" in shown.replace(
        ",", ""
    )
