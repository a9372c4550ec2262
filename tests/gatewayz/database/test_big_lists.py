"""Lists of a user with many rows: which indexes and how many rows a page reads."""

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import User
from tests.plans import blocks, indexes, plans_of, steps

pytestmark = pytest.mark.django_db

ROWS = 10_000


def load(statement, user):
    with connection.cursor() as cursor:
        # Triggers are off: those of the audit log chain one entry after another.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, {"user": user.pk, "rows": ROWS})
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE chat_sessions, activity_log, audit_log, users")


@pytest.fixture
def many_sessions(user):
    load(
        """
        INSERT INTO chat_sessions
            (user_id, title, model, is_active, is_pinned, is_archived, created_at, updated_at)
        SELECT %(user)s, 'S', 'm', true, n %% 500 = 0, n %% 500 = 1, now(),
            now() - n * interval '1 second'
        FROM generate_series(1, %(rows)s) AS n
        """,
        user,
    )


@pytest.fixture
def many_entries(user):
    load(
        """
        INSERT INTO audit_log
            (created_at, action, target, user_id, channel, request_id, commitments)
        SELECT now() - n * interval '1 second', 'a', 't', %(user)s, 'api', '', '{}'
        FROM generate_series(1, %(rows)s) AS n
        """,
        user,
    )


@pytest.mark.parametrize("mark", ["pinned", "archived"])
@pytest.mark.usefixtures("many_sessions")
def test_marked_sessions_are_listed_by_their_own_index(api, mark):
    with plans_of() as plans:
        listed = api.get("/v1/chat/sessions", {mark: "true", "limit": 5})

    assert listed.json()["count"] == ROWS // 500
    # The page, and the number of all.
    assert indexes(plans[-1]) == {f"idx_chat_sessions_{mark}"}
    assert blocks(plans[-1]) < 100


@pytest.mark.parametrize("what", ["tags", "folders"])
@pytest.mark.usefixtures("many_sessions")
def test_what_one_end_user_has_is_counted_by_its_own_index(api, what):
    sorted_sessions = """
        UPDATE chat_sessions SET end_user_id = 'p' || id % 500, tags = '{work}', folder = 'Trips'
    """
    with connection.cursor() as cursor:
        cursor.execute(sorted_sessions)
        cursor.execute("ANALYZE chat_sessions")

    with plans_of() as plans:
        listed = api.get(f"/v1/chat/{what}", {"end_user_id": "p7"})

    assert listed.json()["data"][0]["count"] == ROWS // 500
    assert indexes(plans[-1]) == {"idx_chat_sessions_end_user"}


@pytest.mark.usefixtures("many_sessions")
def test_sessions_before_a_page_are_not_read_in_full(api):
    first = api.get("/v1/chat/sessions", {"limit": 100}).json()["data"]

    with plans_of() as plans:
        listed = api.get("/v1/chat/sessions", {"limit": 10, "offset": 90}).json()["data"]

    assert listed == first[90:]
    (skipped,) = [step for step in steps(plans[-1]) if step["Node Type"] == "Limit"]
    # An id and a time, not a whole session.
    assert skipped["Plan Width"] <= 16


def test_a_page_of_messages_reads_no_others(api, user):
    """PostgreSQL knows that a session's messages are all of one user."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser,
                               created_at, updated_at)
            SELECT n, n || '@example.com', 'user' || n, '', true, false, false, now(), now()
            FROM generate_series(1000001, 1000100) AS n
            """
        )
        cursor.execute(
            """
            INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
            SELECT u.id, 'S', 'm', true, now(), now()
            FROM users AS u, generate_series(1, 10) AS n
            """
        )
        cursor.execute(
            # Interleaved, so that the messages of one session are on many pages.
            """
            INSERT INTO chat_messages
                (session_id, user_id, position, role, content, model, tokens, created_at)
            SELECT session.id, session.user_id, place, 'user', repeat('x', 200), '', 0, now()
            FROM chat_sessions AS session, generate_series(1, 12) AS place ORDER BY place
            """
        )
        cursor.execute("ANALYZE chat_messages")
    session_id = user.chat_sessions.values_list("pk", flat=True).first()

    with plans_of() as plans:
        page = api.get(f"/v1/chat/sessions/{session_id}/messages", {"message_limit": 1})

    assert page.json()["has_more_messages"] is True
    assert indexes(plans[-1]) == {"idx_chat_messages_session_id"}
    assert blocks(plans[-1]) < 10


@pytest.mark.usefixtures("many_entries")
def test_personal_data_is_read_only_for_the_entries_of_a_page(api):
    with plans_of() as plans:
        listed = api.get("/v1/user/api-keys/audit-logs", {"limit": 10, "offset": ROWS - 100})

    assert len(listed.json()["data"]) == 10
    loops = [
        step["Actual Loops"]
        for plan in plans
        for step in steps(plan)
        if step.get("Relation Name") == "audit_personal_data"
    ]
    assert loops == [10]


@pytest.mark.parametrize("name", ["chat_feedback", "chat_share", "accounts_activityevent"])
def test_the_rows_of_a_user_are_found_in_the_admin_by_the_users_index(admin_client, user, name):
    other = User.objects.create_user("eve@example.com")
    load(
        {
            "chat_feedback": """
            INSERT INTO message_feedback (user_id, feedback_type, model, created_at, updated_at)
            SELECT %(user)s, 'thumbs_up', '', now() - n * interval '1 second', now()
            FROM generate_series(1, %(rows)s) AS n
            """,
            "chat_share": """
            WITH session AS (
                INSERT INTO chat_sessions
                    (user_id, title, model, is_active, created_at, updated_at)
                VALUES (%(user)s, 'S', 'm', true, now(), now()) RETURNING id
            )
            INSERT INTO shared_chats
                (user_id, session_id, token, is_active, view_count, created_at)
            SELECT %(user)s, session.id, n, true, 0, now() - n * interval '1 second'
            FROM session, generate_series(1, %(rows)s) AS n
            """,
            "accounts_activityevent": """
            INSERT INTO activity_log
                (event_id, user_id, "timestamp", model, provider, tokens, cost, speed,
                finish_reason, app, metadata)
            SELECT gen_random_uuid(), %(user)s, now() - n * interval '1 second', '', '', 0, 0, 0,
                '', '', '{}'
            FROM generate_series(1, %(rows)s) AS n
            """,
        }[name],
        other,
    )
    table, index = {
        "chat_feedback": ("message_feedback", "idx_message_feedback_user_id"),
        "chat_share": ("shared_chats", "idx_shared_chats_user_id"),
        # Of each partition.
        "accounts_activityevent": ("activity_log", "_user_id_timestamp_idx"),
    }[name]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")

    for email, found in (("Eve@example.com", 50), (user.email, 0)):
        with plans_of("SELECT") as plans:
            url = reverse(f"admin:{name}_changelist")
            shown = admin_client.get(url, {"q": email})

        assert len(shown.context["cl"].result_list) == found
        of_table = [
            [step for step in steps(plan) if step.get("Relation Name", "").startswith(table)]
            for plan in plans
        ]
        by_index = [
            [step["Actual Rows"] for step in read if step.get("Index Name", "").endswith(index)]
            for read in of_table
        ]
        pages = [sum(rows) for rows in by_index if rows]
        # The page, one row that tells whether there is another page, one at which the sort by the
        # second column ends, and the next one of another partition.
        assert min(pages) <= found + 3
        assert not any(
            step.get("Index Name", "").endswith("_pkey") for read in of_table for step in read
        )


@pytest.mark.usefixtures("many_sessions")
def test_old_sessions_of_a_user_are_found_in_the_admin_without_those_of_others(admin_client, user):
    load(
        """
        INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
        SELECT %(user)s, 'S', 'm', true, now() + n * interval '1 second', now()
        FROM generate_series(1, %(rows)s) AS n
        """,
        User.objects.create_user("eve@example.com"),
    )
    url = reverse("admin:chat_chatsession_changelist")

    for filters in ({}, {"is_active__exact": 1}):
        with plans_of("SELECT") as plans:
            shown = admin_client.get(url, {"q": user.email, **filters})

        assert len(shown.context["cl"].result_list) == 50
        read = set().union(*map(indexes, plans))
        assert "chat_sessions_pkey" not in read
    assert "idx_chat_sessions_active" in read
