"""GET /v1/chat/stats."""

from chat.models import ChatMessage, ChatSession

PATH = "/v1/chat/stats"


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
