"""The indexes of what clients call their messages and sessions, and of what they sort chats by.

All but a few rows of an existing database are in none of them. A build that is interrupted leaves
an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _unique(name: str, table: str, columns: str, condition: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}) WHERE {condition}",
        f"DROP INDEX CONCURRENTLY {name}",
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0023_message_position_index")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                _unique(
                    "idx_chat_messages_client_id",
                    "chat_messages",
                    "session_id, client_id",
                    "client_id IS NOT NULL",
                ),
                _unique(
                    "idx_chat_sessions_external_id",
                    "chat_sessions",
                    "user_id, external_id",
                    "external_id IS NOT NULL AND is_active",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    "chatmessage",
                    models.UniqueConstraint(
                        fields=["session", "client_id"],
                        condition=models.Q(client_id__isnull=False),
                        name="idx_chat_messages_client_id",
                    ),
                ),
                migrations.AddConstraint(
                    "chatsession",
                    models.UniqueConstraint(
                        fields=["user", "external_id"],
                        condition=models.Q(external_id__isnull=False, is_active=True),
                        name="idx_chat_sessions_external_id",
                    ),
                ),
            ],
        ),
        *(
            AddIndexConcurrently(
                "chatsession",
                models.Index(fields=fields, name=name, condition=condition),
            )
            for name, fields, condition in (
                (
                    "idx_chat_sessions_end_user",
                    ["user", "end_user_id", "-updated_at"],
                    models.Q(end_user_id__isnull=False),
                ),
                (
                    "idx_chat_sessions_folder",
                    ["user", "folder", "-updated_at"],
                    models.Q(folder__isnull=False),
                ),
                (
                    "idx_chat_sessions_tagged",
                    ["user", "-updated_at"],
                    ~models.Q(tags=[]),
                ),
                (
                    "idx_chat_sessions_expires",
                    ["expires_at"],
                    models.Q(expires_at__isnull=False),
                ),
            )
        ),
    ]
