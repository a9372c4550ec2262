"""What a search reads, among many users who all write the same words."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.principals.principal import Principal
from chat.search.index import index_listed
from chat.search.query import search_chats
from tests.conftest import truncate
from tests.plans import steps

LOAD = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, 'user' || n || '@example.com', 'user' || n, '', true, false, false, now(), now()
FROM generate_series(1, 3000) AS n;

INSERT INTO chat_sessions (id, user_id, title, model, is_active, created_at, updated_at)
SELECT n, 1 + n % 100, 'Trip ' || n, 'm', true, now(), now()
FROM generate_series(1, 3000) AS n;

INSERT INTO chat_messages (session_id, user_id, position, role, content, model, tokens, created_at)
SELECT 1 + n % 3000, 1 + (1 + n % 3000) % 100, n, 'user', 'hello world number' || n, '', 0, now()
FROM generate_series(1, 6000) AS n;
"""

SESSIONS_OF_USER, MESSAGES_OF_USER = 30, 60

TABLES = (
    "users, chat_sessions, chat_messages, chat_search_documents, chat_search_owners,"
    " chat_search_words, chat_search_pending"
)


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        truncate(TABLES)
        cursor.execute(LOAD)
        for _ in index_listed():
            pass
        # Enough rows that it is not read whole, however small they are.
        cursor.execute(
            "INSERT INTO chat_search_owners (user_id, salt, next_number)"
            " SELECT id, '', 0 FROM users ON CONFLICT DO NOTHING"
        )
        cursor.execute(f"VACUUM ANALYZE {TABLES}")
        yield
        truncate(TABLES)


def nodes_of_search(query):
    """What the plans of the statements of a search do, run once more."""
    owner = Principal(7, 1, True, True, False, "live", None)
    with CaptureQueriesContext(connection) as captured:
        search_chats(owner, query, limit=10)
    with connection.cursor() as cursor:
        for statement in captured:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement["sql"].replace("%", "%%"))
            ((plan,),) = cursor.fetchone()
            yield from steps(plan["Plan"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["hello", "hel", "ell", "-absent", '"hello world"', "trip or hello", "role:user"]
)
def test_no_query_reads_rows_of_other_users(query):
    nodes = list(nodes_of_search(query))

    assert not [
        node
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "chat_search_pending"
    ]
    rows_read = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    assert max(rows_read) <= MESSAGES_OF_USER + SESSIONS_OF_USER


@pytest.mark.django_db
def test_looks_words_up_in_the_index():
    indexes = {node.get("Index Name") for node in nodes_of_search("hello trip")}

    assert "idx_chat_search_documents_keys" in indexes
