"""Fill in the words of the rows there are, a batch per transaction; it may be run again."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH_ROWS = 2_000

# The trigger on `search` sets what it is really set to.
FILL = """
WITH page AS (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s), filled AS (
    UPDATE {table} AS row SET search = NULL FROM page
    WHERE row.id = page.id AND row.search IS NULL
)
SELECT max(id) FROM page
"""


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in ("chat_sessions", "chat_messages"):
        last = 0
        while last is not None:
            with schema_editor.connection.cursor() as cursor:
                cursor.execute(FILL.format(table=table), [last, BATCH_ROWS])
                (last,) = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0003_search")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
