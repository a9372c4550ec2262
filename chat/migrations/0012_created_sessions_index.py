"""Adds the index with which the sessions of a day are counted.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0011_daily_counts")]

    operations = [
        AddIndexConcurrently(
            "chatsession",
            BrinIndex(fields=["created_at"], name="idx_chat_sessions_created", autosummarize=True),
        ),
    ]
