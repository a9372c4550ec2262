"""The index of the words of titles.

A build that is interrupted leaves an INVALID index behind: drop it and migrate again.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0004_search_rows")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY idx_chat_sessions_search ON chat_sessions USING gin (search)",
            "DROP INDEX CONCURRENTLY idx_chat_sessions_search",
        ),
    ]
