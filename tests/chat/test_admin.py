"""Sessions in the admin."""

import pytest
from django.urls import reverse

from chat.models import ChatMessage, ChatSession

pytestmark = pytest.mark.django_db

LIST = "admin:chat_chatsession_changelist"


@pytest.fixture
def session(user):
    session = ChatSession.objects.create(user=user, title="Hello", model="openai/gpt-4o")
    for n in range(3):
        ChatMessage.objects.create(session=session, role="user", content=f"<b>M{n}</b>")
    return session


def test_the_list_runs_as_many_statements_for_many_rows_as_for_few(
    admin_client, user, django_assert_max_num_queries
):
    ChatSession.objects.bulk_create(
        ChatSession(user=user, title=f"S{n}", model="m") for n in range(30)
    )

    # Session, operator, count of the matches, the rows with their users.
    with django_assert_max_num_queries(4):
        response = admin_client.get(reverse(LIST))

    assert b"S29" in response.content


def test_a_session_is_read_with_its_messages(admin_client, session):
    url = reverse("admin:chat_chatsession_change", args=[session.pk])

    shown = admin_client.get(url).content.decode()

    positions = [shown.index(f"&lt;b&gt;M{n}") for n in range(3)]
    assert positions == sorted(positions)
    assert admin_client.post(url, {"title": "x"}).status_code == 403


@pytest.mark.parametrize("by", ["id", "e-mail", "E-MAIL"])
def test_is_found_by_id_or_by_the_users_address(admin_client, user, session, by):
    term = {"id": session.pk, "e-mail": user.email, "E-MAIL": user.email.upper()}[by]

    assert b"Hello" in admin_client.get(reverse(LIST), {"q": term}).content


@pytest.mark.parametrize("term", ["Hello", "99999999999999999999999", "'; --"])
def test_other_terms_find_nothing(admin_client, session, term):
    assert b"0 chat sessions" in admin_client.get(reverse(LIST), {"q": term}).content
