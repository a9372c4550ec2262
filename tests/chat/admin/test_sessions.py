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


def found(client, term):
    return list(client.get(reverse(LIST), {"q": term}).context["cl"].result_list)


@pytest.mark.parametrize("by", ["id", "e-mail", "E-MAIL", "title"])
def test_is_found_by_id_by_the_users_address_or_by_words_of_its_title(
    admin_client, user, session, by
):
    term = {
        "id": session.pk,
        "e-mail": user.email,
        "E-MAIL": user.email.upper(),
        "title": "hell",
    }[by]

    assert found(admin_client, term) == [session]


@pytest.mark.parametrize("term", ["Goodbye", "99999999999999999999999", "'; --", "%", "eve@"])
def test_other_terms_find_nothing(admin_client, session, term):
    assert found(admin_client, term) == []


def test_a_link_cannot_have_the_whole_table_sorted(admin_client, user):
    for title in "BCA":
        ChatSession.objects.create(user=user, title=title, model="m")

    rows = admin_client.get(reverse(LIST), {"o": "1"}).context["cl"].result_list

    assert [session.title for session in rows] == ["A", "C", "B"]
