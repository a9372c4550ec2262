"""The index that finds deleted sessions by their age.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0008_pins_and_archive")]

    operations = [
        AddIndexConcurrently(
            "chatsession",
            models.Index(
                fields=["updated_at"],
                name="idx_chat_sessions_deleted",
                condition=models.Q(is_active=False),
            ),
        ),
    ]
