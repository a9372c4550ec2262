"""Splitting all chats into words again, under another text search configuration."""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

BATCH_ROWS = 2_000

_CONFIGURE = """
CREATE OR REPLACE FUNCTION chat_search_configuration() RETURNS regconfig
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {configuration}::regconfig $$
"""

# The triggers on `search` set what it is really set to.
_INDEX = {
    table: f"""
    WITH page AS (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s), indexed AS (
        UPDATE {table} AS row SET search = NULL FROM page WHERE row.id = page.id
    )
    SELECT count(*), max(id) FROM page
    """  # noqa: S608 - the tables stand below
    for table in ("chat_sessions", "chat_messages")
}


def index_chats() -> Iterator[int]:
    """Split every title and message into words by SEARCH_CONFIGURATION, BATCH_ROWS at a time.

    Chats can be read and written meanwhile; what is not done yet is found by its old words.
    Yields how many rows were done, after each batch. Raises django.db.Error; then it may be run
    again.
    """
    quoted = connection.schema_editor().quote_value(settings.SEARCH_CONFIGURATION)
    with connection.cursor() as cursor:
        cursor.execute(_CONFIGURE.format(configuration=quoted))
        for statement in _INDEX.values():
            last = 0
            while last is not None:
                cursor.execute(statement, [last, BATCH_ROWS])
                count, last = cursor.fetchone()
                yield count
