"""Give the messages there are a place, a parent and their owner, some sessions per transaction.

A session keeps the order that it was shown in: by time, then by id. The places are the ids of its
messages put into that order, and so before those of all later messages. It may be run again.
"""

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH_SESSIONS = 500

FILL = """
WITH page AS (
    SELECT id, user_id FROM chat_sessions WHERE id > %s ORDER BY id LIMIT %s
), unplaced AS MATERIALIZED (
    SELECT
        message.id, message.session_id, page.user_id,
        row_number() OVER in_time AS nth, lag(message.id) OVER in_time AS parent_id
    FROM page JOIN chat_messages AS message ON message.session_id = page.id
    WHERE message.position IS NULL
    WINDOW in_time AS (PARTITION BY message.session_id ORDER BY message.created_at, message.id)
), places AS MATERIALIZED (
    SELECT id, session_id, row_number() OVER (PARTITION BY session_id ORDER BY id) AS nth
    FROM unplaced
), placed AS (
    UPDATE chat_messages AS message
    SET position = places.id, parent_id = unplaced.parent_id, user_id = unplaced.user_id
    FROM unplaced JOIN places USING (session_id, nth)
    WHERE message.id = unplaced.id
), joined AS (
    -- What was added since the column is there follows what was there before.
    UPDATE chat_messages AS message SET parent_id = earlier.id
    FROM (SELECT DISTINCT ON (session_id) session_id, id FROM unplaced ORDER BY session_id, nth DESC)
        AS earlier
    WHERE message.id = (
        SELECT first.id FROM chat_messages AS first
        WHERE first.session_id = earlier.session_id AND first.position IS NOT NULL
            AND first.parent_id IS NULL
        ORDER BY first.position LIMIT 1
    )
)
SELECT max(id) FROM page
"""


def validate(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "ALTER TABLE chat_messages VALIDATE CONSTRAINT chat_messages_revision_check"
        )


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    last = 0
    while last is not None:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            # One session may be a long one.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(FILL, [last, BATCH_SESSIONS])
            (last,) = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0021_message_columns")]

    operations = [
        migrations.RunPython(validate, migrations.RunPython.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
