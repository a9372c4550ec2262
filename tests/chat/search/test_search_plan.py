"""The plans of a search, among many users who all write the same words."""

import pytest
from django.db import connection

from accounts.principals.principal import Principal
from chat.search.index import index_listed
from chat.search.query import search_chats
from gatewayz.database.base import DatabaseWrapper
from tests.conftest import truncate
from tests.plans import plans_of, steps

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


@pytest.fixture
def nodes_of_search(monkeypatch):
    """Returns what the plans of the statements of a search do, as a web process asks for them."""
    fetch = DatabaseWrapper.fetch_autocommit

    def fetch_as_pooled(database, sql, params, *, avoid_seq_scan=False, **options):
        seq_scans = "off" if avoid_seq_scan else "on"
        fetch(database, "SELECT set_config('enable_seqscan', %s, true)", [seq_scans])
        return fetch(database, sql, params, **options)

    def search(query):
        monkeypatch.setattr(DatabaseWrapper, "fetch_autocommit", fetch_as_pooled)
        with plans_of() as plans:
            search_chats(Principal.without_key(7), query, limit=10)
        return [node for plan in plans for node in steps(plan)]

    return search


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    # `umbe` is in more words than a search looks up.
    ["hello", "hel", "ell", "umbe", "-absent", '"hello world"', "trip or hello", "role:user"],
)
def test_no_query_reads_rows_of_other_users(nodes_of_search, query):
    nodes = nodes_of_search(query)

    assert not [
        node
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "chat_search_pending"
    ]
    rows_read = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    assert max(rows_read) <= MESSAGES_OF_USER + SESSIONS_OF_USER


@pytest.mark.django_db
def test_looks_words_up_in_the_index(nodes_of_search):
    indexes = {node.get("Index Name") for node in nodes_of_search("hello trip")}

    assert "idx_chat_search_documents_keys" in indexes
