"""Tell PostgreSQL that a session's messages are all of one user.

Statements name both. Without this, it expects far fewer messages than a session has, and reads and
sorts all of them for a page of one.
"""

from django.db import migrations

_KNOW = """
SET LOCAL statement_timeout = 0;
CREATE STATISTICS IF NOT EXISTS chat_messages_owner (dependencies)
ON session_id, user_id FROM chat_messages;
ANALYZE chat_messages (session_id, user_id);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0029_search_tags")]

    operations = [
        migrations.RunSQL(_KNOW, "DROP STATISTICS IF EXISTS chat_messages_owner;"),
    ]
