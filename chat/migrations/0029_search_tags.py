"""Put sessions on the list of search when their tags change, and those that have some now.

Going back, the release before finds what it finds without tags.
"""

from django.db import migrations

_TRIGGER = """
DROP TRIGGER chat_search_session_changed ON chat_sessions;
CREATE TRIGGER chat_search_session_changed
AFTER UPDATE OF {columns} ON chat_sessions
FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION chat_search_session_changed();
"""

_LIST_TAGGED = """
INSERT INTO chat_search_pending (user_id, session_id)
SELECT user_id, id FROM chat_sessions WHERE tags <> '{}' AND is_active;
"""


def _trigger(*columns: str) -> str:
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return _TRIGGER.format(columns=", ".join(columns), old=old, new=new)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0028_imports")]

    operations = [
        migrations.RunSQL(
            _trigger("user_id", "title", "tags", "is_active"),
            _trigger("user_id", "title", "is_active"),
        ),
        migrations.RunSQL(_LIST_TAGGED, migrations.RunSQL.noop),
    ]
