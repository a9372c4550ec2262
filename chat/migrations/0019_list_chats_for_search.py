"""Put the sessions there are on the list of what search has not indexed, a batch per transaction.

It may be run again: a session that is on the list twice is indexed once.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH_SESSIONS = 10_000

LIST = """
WITH page AS (
    SELECT id, user_id, is_active FROM chat_sessions WHERE id > %s ORDER BY id LIMIT %s
), listed AS (
    INSERT INTO chat_search_pending (user_id, session_id)
    SELECT user_id, id FROM page WHERE is_active ORDER BY id
)
SELECT max(id) FROM page
"""


def list_all(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    last = 0
    while last is not None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(LIST, [last, BATCH_SESSIONS])
            (last,) = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0018_search_index")]

    operations = [migrations.RunPython(list_all, migrations.RunPython.noop)]
