"""The indexes of pinned and archived sessions, of the trash, and of what is being purged.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


def _index(name: str, fields: list[str], **condition: bool) -> AddIndexConcurrently:
    index = models.Index(fields=fields, name=name, condition=models.Q(**condition))
    return AddIndexConcurrently("chatsession", index)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0026_shares_with_instructions")]

    operations = [
        _index(
            "idx_chat_sessions_pinned", ["user", "-updated_at"], is_active=True, is_pinned=True
        ),
        _index(
            "idx_chat_sessions_archived", ["user", "-updated_at"], is_active=True, is_archived=True
        ),
        _index("idx_chat_sessions_trash", ["updated_at", "id"], is_active=False),
        _index("idx_chat_sessions_purged", ["id"], is_purged=True),
        # The one of the trash serves what this one did.
        RemoveIndexConcurrently("chatsession", "idx_chat_sessions_deleted"),
    ]
