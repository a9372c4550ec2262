"""The index of a session's messages by their place, under the name that the one by time has.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.db import migrations, models


def _index(columns: str, name: str) -> str:
    return f"CREATE INDEX CONCURRENTLY {name} ON chat_messages ({columns})"


DROP = "DROP INDEX CONCURRENTLY IF EXISTS idx_chat_messages_session_id"
RENAME = "ALTER INDEX idx_chat_messages_session_new RENAME TO idx_chat_messages_session_id"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0022_fill_message_places")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    _index("session_id, position", "idx_chat_messages_session_new"),
                    RENAME,
                ),
                migrations.RunSQL(DROP, DROP),
                migrations.RunSQL(
                    RENAME,
                    _index("session_id, created_at", "idx_chat_messages_session_new"),
                ),
            ],
            state_operations=[
                migrations.RemoveIndex("chatmessage", "idx_chat_messages_session_id"),
                migrations.AddIndex(
                    "chatmessage",
                    models.Index(
                        fields=["session", "position"], name="idx_chat_messages_session_id"
                    ),
                ),
            ],
        ),
    ]
