"""GET /admin/chat/chatsession/usage/: the heaviest users, models and sessions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import ActivityDay, User
from chat.models import ChatMessage, ChatSession

pytestmark = pytest.mark.django_db


def opened(client, **query):
    return client.get(reverse("admin:chat_usage"), query)


@pytest.fixture
def used(user):
    """Two users who used two models, today and ten days ago; returns both."""
    other = User.objects.create_user("other@example.com")
    today = datetime.now(UTC).date()
    for who, ago, model, tokens in (
        (user, 0, "small", 10),
        (user, 10, "large", 900),
        (other, 0, "large", 20),
    ):
        ActivityDay.objects.create(
            user=who,
            day=today - timedelta(days=ago),
            model=model,
            provider="openai",
            requests=1,
            tokens=tokens,
            spend=1,
            logged=1,
        )
    return user, other


def test_users_and_models_are_in_the_order_of_their_tokens(
    admin_client, used, django_assert_max_num_queries
):
    user, other = used

    with django_assert_max_num_queries(8):
        week = opened(admin_client).context
    month = opened(admin_client, days="30").context

    assert [found for found, _ in week["users"]] == [other, user]
    assert [found for found, _ in month["users"]] == [user, other]
    assert [row["model"] for row in week["models"]] == ["large", "small"]
    assert week["models"][0]["all_tokens"] == 20


def test_sessions_are_in_the_order_of_their_tokens(admin_client, user):
    for title, tokens in (("few", 3), ("many", 700)):
        session = ChatSession.objects.create(user=user, title=title, model="m")
        for _ in range(2):
            ChatMessage.objects.create(session=session, role="user", content="x", tokens=tokens)

    rows = opened(admin_client).context["sessions"]

    assert [(found.title, row["all_tokens"], row["count"]) for found, row in rows] == [
        ("many", 1400, 2),
        ("few", 6, 2),
    ]


def test_an_unknown_number_of_days_counts_as_a_week(admin_client):
    assert opened(admin_client, days="x").context["days"] == 7
