"""Drop the words that rows carried themselves, where no older process can be looking for them.

In a database with sessions they stay until the next release, so that the processes of the release
before find what it indexed while they are replaced. A step back makes them anew; rows written
meanwhile are indexed by the older release's `manage.py index_chats`.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("chat_sessions", "chat_messages")


def drop_of_empty(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if apps.get_model("chat", "ChatSession").objects.exists():
        return
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS search")


def make_again(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        schema_editor.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS search tsvector")
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_{table}_search"
            f" ON {table} USING gin (search)"
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0019_list_chats_for_search")]

    operations = [migrations.RunPython(drop_of_empty, make_again)]
