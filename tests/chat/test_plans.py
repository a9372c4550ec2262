"""The indexes of feedback, shares, the trash and idempotency keys serve their queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.principals.principal import Principal
from chat.models import ChatSession, Feedback, IdempotencyKey, Share
from tests.conftest import truncate

LOAD = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, 'user' || n || '@example.com', 'user' || n, '', true, false, false, now(), now()
FROM generate_series(1, 200) AS n;

INSERT INTO chat_sessions (id, user_id, title, model, is_active, created_at, updated_at)
SELECT n, 1 + n % 200, 'S', 'm', n % 5 <> 0, now(), now() - n * interval '1 hour'
FROM generate_series(1, 10000) AS n;

INSERT INTO message_feedback (user_id, session_id, feedback_type, model, created_at, updated_at)
SELECT 1 + n % 200, n, 'thumbs_up', '', now() - n * interval '1 second', now()
FROM generate_series(1, 10000) AS n;

INSERT INTO shared_chats (user_id, session_id, token, is_active, view_count, created_at)
SELECT 1 + n % 200, n, md5(n::text), true, 0, now() - n * interval '1 second'
FROM generate_series(1, 10000) AS n;

INSERT INTO chat_idempotency_keys (user_id, key, fingerprint, status, body, created_at)
SELECT 1 + n % 200, n::text, '', 201, '', now() - n * interval '1 minute'
FROM generate_series(1, 10000) AS n;

ANALYZE;
"""

OWNER = Principal(7, 7, True, True, False, "live", None)


TABLES = "users, chat_sessions"


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        truncate(TABLES)
        cursor.execute(LOAD)
        yield
        truncate(TABLES)


def long_ago():
    return timezone.now() - timedelta(days=6)


QUERIES = {
    "idx_message_feedback_user_id": lambda: Feedback.objects.owned_by(OWNER).newest_first()[:50],
    "idx_message_feedback_session": lambda: Feedback.objects.filter(session_id=7),
    "idx_shared_chats_user_id": lambda: Share.objects.owned_by(OWNER).newest_first()[:50],
    "idx_shared_chats_token": lambda: Share.objects.filter(token="x").open_at(timezone.now()),
    "idx_chat_sessions_trash": lambda: ChatSession.objects.filter(
        is_active=False, updated_at__lt=long_ago()
    ).order_by("updated_at")[:500],
    "idx_chat_sessions_user_id": lambda: (
        ChatSession.objects.owned_by(OWNER).deleted().recent()[:50]
    ),
    "idx_chat_idempotency_created": lambda: IdempotencyKey.objects.filter(
        created_at__lt=long_ago()
    ).order_by("created_at")[:1000],
}


@pytest.mark.django_db
@pytest.mark.parametrize("index", QUERIES)
def test_a_query_uses_the_index(index):
    plan = QUERIES[index]().explain()

    assert f"using {index}" in plan or f"on {index}" in plan, plan
