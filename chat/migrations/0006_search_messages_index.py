"""The index of the words of messages.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0005_search_sessions_index")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY idx_chat_messages_search ON chat_messages USING gin (search)",
            "DROP INDEX CONCURRENTLY idx_chat_messages_search",
        ),
    ]
