"""GET /v1/chat/stats."""

import pytest
from django.db import connection

from chat.models import ChatMessage, ChatSession
from tests.plans import indexes, plans_of, steps

PATH = "/v1/chat/stats"

OF_OTHERS = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, n || '@example.com', 'user' || n, '', true, false, false, now(), now()
FROM generate_series(1000001, 1000200) AS n;

INSERT INTO chat_sessions (id, user_id, title, model, is_active, created_at, updated_at)
SELECT n, 1000001 + n % 200, 'S', 'm', true, now(), now()
FROM generate_series(1000001, 1002000) AS n;

INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)
SELECT 1000001 + n % 2000, 'user', 'x', '', 1, now() FROM generate_series(1, 10000) AS n;

ANALYZE users, chat_sessions, chat_messages;
"""


def test_counts_the_users_sessions_messages_and_tokens(api, stranger_api, user, session):
    deleted = ChatSession.objects.create(user=user, title="D", model="m", is_active=False)
    ChatMessage.objects.create(session=deleted, role="user", content="x", tokens=1)
    for tokens in (10, 20):
        ChatMessage.objects.create(session=session, role="user", content="x", tokens=tokens)
    stranger_api.post_json("/v1/chat/sessions", {})

    body = api.get(PATH).json()

    assert body["success"] is True
    assert body["stats"] == body["data"]
    assert body["data"] == {
        "total_sessions": 2,
        "active_sessions": 1,
        "total_messages": 3,
        "total_tokens": 31,
        "average_messages_per_session": 1.5,
    }


def test_a_new_user_has_zeroes(api):
    assert set(api.get(PATH).json()["data"].values()) == {0}


def test_takes_one_statement(api, session, django_assert_num_queries):
    api.get(PATH)

    # The sums over the sessions and their messages.
    with django_assert_num_queries(1):
        api.get(PATH)


@pytest.mark.parametrize("query", [{}, {"end_user_id": "ann"}])
def test_reads_messages_by_the_index_that_has_their_tokens(api, user, session, query):
    ChatSession.objects.filter(pk=session.pk).update(end_user_id="ann")
    ChatMessage.objects.create(session=session, role="user", content="x", tokens=7)
    with connection.cursor() as cursor:
        cursor.execute(OF_OTHERS)

    with plans_of() as plans:
        data = api.get(PATH, query).json()["data"]

    (plan,) = [plan for plan in plans if "idx_chat_messages_totals" in indexes(plan)]
    assert "Seq Scan" not in {step["Node Type"] for step in steps(plan)}
    assert (data["total_messages"], data["total_tokens"]) == (1, 7)


def test_statistics_of_an_end_user_cover_that_person_alone(api, stranger_api):
    for by, end_user_id, tokens in ((api, "ann", 3), (api, "bob", 5), (stranger_api, "ann", 9)):
        made = by.post_json("/v1/chat/sessions", {"end_user_id": end_user_id}).json()["data"]
        path = f"/v1/chat/sessions/{made['id']}"
        by.post_json(f"{path}/messages", {"role": "user", "content": "x", "tokens": tokens})
    empty = api.post_json("/v1/chat/sessions", {"end_user_id": "ann"}).json()["data"]
    api.delete(f"/v1/chat/sessions/{empty['id']}")

    assert api.get(PATH, {"end_user_id": "ann"}).json()["data"] == {
        "total_sessions": 2,
        "active_sessions": 1,
        "total_messages": 1,
        "total_tokens": 3,
        "average_messages_per_session": 0.5,
    }
    assert set(api.get(PATH, {"end_user_id": "eve"}).json()["data"].values()) == {0}
