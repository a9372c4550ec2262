"""The index that statistics are read from, with the session of each message.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0033_help_texts")]

    operations = [
        AddIndexConcurrently(
            "chatmessage",
            models.Index(
                fields=["user", "session", "tokens"],
                name="idx_chat_messages_totals",
                condition=models.Q(tokens__gte=0),
            ),
        ),
    ]
