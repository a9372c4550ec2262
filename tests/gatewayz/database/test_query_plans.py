"""Every documented index serves a query of the service, over enough rows for it to matter."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.access import key_lookup
from accounts.models import ActivityEvent, ApiKey, User
from accounts.principals.principal import Principal
from chat.models import ChatMessage, ChatSession
from gatewayz.database.indexes import DOCUMENTED_INDEXES
from tests.conftest import ApiClient, truncate

LOAD = """
INSERT INTO users (id, email, username, privy_user_id, legacy_key_digest, password, is_active,
                   is_staff, is_superuser, created_at, updated_at)
SELECT n, 'user' || n || '@example.com', 'user' || n, 'did:privy:' || n, md5('legacy' || n), '',
       n % 10 = 0, false, false, now(), now()
FROM generate_series(1, 20000) AS n;

INSERT INTO api_keys_new (user_id, key_name, key_digest, key_prefix, last_four, environment_tag,
                          is_active, is_primary, requests_used, created_at, updated_at)
SELECT CASE WHEN n % 10 = 0 THEN 7 ELSE 1 + n % 2000 END, 'key' || n, md5('key' || n),
       'gw_live_ab', 'wxyz',
       CASE WHEN n / 2000 % 10 = 0 THEN 'test' ELSE 'live' END,
       n / 2000 % 5 = 0, n < 2000 AND n % 10 <> 0, 0, now() - n * interval '1 second', now()
FROM generate_series(0, 59999) AS n;

INSERT INTO chat_sessions (id, user_id, title, model, is_active, created_at, updated_at)
SELECT n, 1 + n % 50, 'S', 'm', n / 50 % 2 = 0, now() - n * interval '1 minute',
       now() - n * interval '1 second'
FROM generate_series(1, 60000) AS n;

INSERT INTO chat_messages (session_id, user_id, position, role, content, model, tokens, created_at)
SELECT 1 + n % 100, 1 + (1 + n % 100) % 50, n, 'user', 'text', '', 0,
       now() - n * interval '1 second'
FROM generate_series(1, 60000) AS n;

INSERT INTO activity_log (event_id, user_id, "timestamp", model, provider, tokens, cost, speed,
                          finish_reason, app, metadata)
SELECT gen_random_uuid(), 1 + n % 500, now() - interval '30 days' - n * interval '1 second', '',
       '', 0, 0, 0, '', '', '{}'
FROM generate_series(1, 50000) AS n;
"""

FILLED = ("users", "api_keys_new", "chat_sessions", "chat_messages", "activity_log")

OWNER = Principal(
    user_id=7,
    key_id=7,
    key_is_active=True,
    user_is_active=True,
    is_staff=False,
    environment_tag="live",
    expires_at=None,
)


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    tables = ", ".join(FILLED)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Vacuum does not mark a row as visible before its commit, or one near it, is on disk.
        cursor.execute("SET synchronous_commit = on")
        # Loading in bulk may take longer than a request may.
        cursor.execute("SET statement_timeout = 0")
        truncate(tables)
        cursor.execute(LOAD)
        # The visibility map, which only a vacuum fills, is what makes index-only scans cheap.
        cursor.execute(f"VACUUM ANALYZE {tables}")
        cursor.execute("RESET synchronous_commit")
        cursor.execute("RESET statement_timeout")
        yield
        truncate(tables)


class CountOf:
    """What `queryset.count()` runs."""

    def __init__(self, queryset):
        self.queryset = queryset

    def explain(self):
        with CaptureQueriesContext(connection) as captured:
            self.queryset.count()
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + captured[0]["sql"])
            return "\n".join(line for (line,) in cursor.fetchall())


def searched_users():
    model_admin = admin.site.get_model_admin(User)
    found, _ = model_admin.get_search_results(None, User.objects.all(), "user7")
    return found


QUERIES = {
    "idx_api_keys_new_api_key": lambda: ApiKey.objects.with_digest(["x"]),
    "idx_api_keys_new_previous": lambda: ApiKey.objects.with_digest(["x", "y"]),
    "idx_api_keys_new_user_id": lambda: CountOf(ApiKey.objects.owned_by(OWNER)),
    "idx_api_keys_new_active": lambda: (
        ApiKey.objects.owned_by(OWNER).active().values_list("key_digest")
    ),
    "idx_api_keys_new_primary": lambda: ApiKey.objects.owned_by(OWNER).primary(),
    "idx_api_keys_new_environment": lambda: ApiKey.objects.owned_by(OWNER).in_environment("test"),
    "idx_api_keys_new_created_at": lambda: ApiKey.objects.owned_by(OWNER).newest_first()[:5],
    "idx_users_id": lambda: ApiKey.objects.with_digest(["x"]).values_list(
        *key_lookup.LOADED_FIELDS
    ),
    "idx_users_api_key": lambda: User.objects.with_legacy_key(["x"]),
    "idx_users_email": lambda: User.objects.with_email("User7@Example.com"),
    "idx_users_username": searched_users,
    "idx_users_privy_id": lambda: User.objects.with_privy_id("did:privy:7"),
    "idx_users_active": lambda: User.objects.active()[:50],
    "idx_chat_sessions_user_id": lambda: (
        ChatSession.objects.owned_by(OWNER).active().recent()[:50]
    ),
    "idx_chat_sessions_active": lambda: CountOf(ChatSession.objects.owned_by(OWNER).active()),
    "idx_chat_messages_session_id": lambda: ChatMessage.objects.filter(session_id=7).in_order()[
        :200
    ],
    # That of a partition.
    "activity_log_history_user_id_timestamp_idx": lambda: ActivityEvent.objects.owned_by(
        OWNER
    ).newest_first()[:50],
}


@pytest.mark.django_db
@pytest.mark.parametrize("index", QUERIES)
def test_a_query_uses_the_index(index):
    plan = QUERIES[index]().explain()

    assert f"using {index}" in plan or f"on {index}" in plan, plan


@pytest.mark.django_db
def test_the_user_of_a_key_is_loaded_by_an_index_only_scan():
    plan = QUERIES["idx_users_id"]().explain()

    assert "Index Only Scan using idx_users_id" in plan, plan


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("idx_api_keys_new_created_at", {"limit": 50}),
        ("idx_api_keys_new_environment", {"limit": 1, "environment_tag": "test"}),
    ],
)
def test_the_list_of_keys_uses_its_indexes(index, query):
    key = ApiKey.objects.filter(user_id=OWNER.user_id).newest_first().first()
    secret = keys.rotate_key(key)
    ApiKey.objects.filter(pk=key.pk).update(is_active=True, environment_tag="live")
    User.objects.filter(pk=OWNER.user_id).update(is_active=True)

    with CaptureQueriesContext(connection) as captured:
        response = ApiClient(secret).get("/v1/user/api-keys", query)

    assert response.status_code == 200
    plans = []
    with connection.cursor() as cursor:
        for statement in captured:
            cursor.execute("EXPLAIN " + statement["sql"])
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert any(f"using {index}" in plan or f"on {index}" in plan for plan in plans), plans
    # The look-up of the key, the page, the count.
    assert len(plans) == 3
    # Others are empty, and may be known to be.
    assert not any(f"Seq Scan on {table}" in plan for plan in plans for table in FILLED), plans


@pytest.mark.django_db
def test_a_page_after_a_cursor_seeks_in_the_index():
    cursor = ChatSession.objects.owned_by(OWNER).active().recent()[500]

    page = ChatSession.objects.owned_by(OWNER).active().recent()
    plan = page.older_than(cursor.updated_at, cursor.pk)[:50].explain()

    assert "Index Cond" in plan, plan
    assert "updated_at <=" in plan.split("Index Cond")[1].splitlines()[0], plan


def test_every_documented_index_is_tested():
    assert {name for names in DOCUMENTED_INDEXES.values() for name in names} <= QUERIES.keys()
