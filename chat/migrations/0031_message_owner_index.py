"""The index of a user's messages with their tokens, from which statistics are read.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0030_owner_of_messages")]

    operations = [
        AddIndexConcurrently(
            "chatmessage",
            models.Index(
                fields=["user"],
                include=["tokens"],
                name="idx_chat_messages_owner",
                condition=models.Q(tokens__gte=0),
            ),
        ),
    ]
