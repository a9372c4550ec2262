"""What is read all day is prepared, unless a plan for the average would read much in vain."""

import pytest

from chat.models import ChatMessage, ChatSession
from chat.sessions import read
from tests.pools import pooled

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/v1/chat/sessions"
TIMES = 7  # more often than a statement runs before it is prepared


@pytest.fixture
def session(user):
    return ChatSession.objects.create(user=user, title="T", model="m")


def add_messages(session, count):
    ChatMessage.objects.bulk_create(
        ChatMessage(session=session, user_id=session.user_id, role="user", content="x", position=n)
        for n in range(count)
    )


def prepared_after(request):
    """The statements that are prepared on the connection on which `request` was repeated."""
    with pooled() as database:
        request()  # the key is known afterwards
        database.close()
        for _ in range(TIMES):
            request()
        assert database.connection is None
        rows = database.fetch_autocommit("SELECT statement FROM pg_prepared_statements", ())
    return [statement for (statement,) in rows]


def test_a_short_session_is_read_by_prepared_statements(api, session):
    add_messages(session, 3)

    prepared = prepared_after(lambda: api.get(f"{PATH}/{session.pk}"))

    assert sum("chat_messages" in statement for statement in prepared) == 2, prepared


def test_the_messages_of_a_long_session_are_planned_for_it(api, session):
    add_messages(session, read.SHORT + 1)

    prepared = prepared_after(lambda: api.get(f"{PATH}/{session.pk}"))

    assert sum("chat_messages" in statement for statement in prepared) == 1, prepared


def test_the_list_of_a_user_with_few_sessions_is_prepared(api, session):
    prepared = prepared_after(lambda: api.get(PATH))

    assert any("LIMIT 50" in statement for statement in prepared), prepared


def test_the_list_of_a_user_with_many_sessions_is_planned_for_them(api, session, monkeypatch):
    monkeypatch.setattr(read, "FEW", 0)

    prepared = prepared_after(lambda: api.get(PATH))

    assert not any("LIMIT 50" in statement for statement in prepared), prepared


def test_an_append_is_prepared(api, session):
    body = {"role": "user", "content": "x"}

    prepared = prepared_after(lambda: api.post_json(f"{PATH}/{session.pk}/messages", body))

    assert any("chat_append" in statement for statement in prepared), prepared
