"""What a search reads, among many users who all write the same words."""

import pytest
from django.db import connection

from accounts.principals.principal import Principal
from chat.search import query as search
from tests.conftest import truncate

LOAD = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, 'user' || n || '@example.com', 'user' || n, '', true, false, false, now(), now()
FROM generate_series(1, 200) AS n;

INSERT INTO chat_sessions (id, user_id, title, model, is_active, created_at, updated_at)
SELECT n, 1 + n % 200, 'Trip ' || n, 'm', true, now(), now()
FROM generate_series(1, 10000) AS n;

INSERT INTO chat_messages (session_id, role, content, model, tokens, created_at)
SELECT 1 + n % 10000, 'user', 'hello world number' || n, '', 0, now()
FROM generate_series(1, 20000) AS n;
"""


TABLES = "users, chat_sessions, chat_messages"


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        truncate(TABLES)
        cursor.execute(LOAD)
        # It also moves what is pending into the indexes.
        cursor.execute("VACUUM ANALYZE chat_sessions, chat_messages")
        yield
        truncate(TABLES)


def nodes_of(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["hello", "hel", "-absent", '"hello world"', "trip or hello"])
def test_reads_nothing_of_other_users_whatever_is_asked(query):
    owner = Principal(7, 1, True, True, False, "live", None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {search._SEARCH}",
            search.search_parameters(owner, query, limit=10),
        )
        ((plan,),) = cursor.fetchone()

    nodes = list(nodes_of(plan["Plan"]))

    indexes = {node.get("Index Name") for node in nodes}
    assert {"idx_chat_messages_search", "idx_chat_sessions_search"} <= indexes
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    # This user has 50 sessions and 100 messages.
    rows_read = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    assert max(rows_read) <= 150
