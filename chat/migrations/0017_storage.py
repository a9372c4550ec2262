"""What a message takes, and taking off what users store when it is deleted, by whomever."""

from django.db import migrations

BYTES = """
CREATE FUNCTION chat_message_bytes(content text, parts jsonb, reasoning text, metadata jsonb)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 100::bigint + octet_length(content) + COALESCE(octet_length(parts::text), 0)
        + COALESCE(octet_length(reasoning), 0) + COALESCE(octet_length(metadata::text), 0)
$$
"""

# Locked in the order in which requests lock them, so that neither waits for the other.
TRIGGERS = """
LOCK TABLE chat_sessions, chat_messages IN SHARE ROW EXCLUSIVE MODE;

CREATE FUNCTION chat_messages_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE user_storage AS storage SET bytes = GREATEST(0, storage.bytes - gone.bytes)
    FROM (
        SELECT session.user_id, sum(chat_message_bytes(
            message.content, message.content_parts, message.reasoning, message.metadata
        )) AS bytes
        FROM deleted AS message JOIN chat_sessions AS session ON session.id = message.session_id
        GROUP BY session.user_id
    ) AS gone
    WHERE storage.user_id = gone.user_id;
    RETURN NULL;
END $$;

CREATE FUNCTION chat_sessions_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE user_storage AS storage SET bytes = GREATEST(0, storage.bytes - gone.bytes)
    FROM (SELECT user_id, 500 * count(*) AS bytes FROM deleted GROUP BY user_id) AS gone
    WHERE storage.user_id = gone.user_id;
    RETURN NULL;
END $$;

CREATE TRIGGER chat_messages_deleted AFTER DELETE ON chat_messages
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION chat_messages_deleted();

CREATE TRIGGER chat_sessions_deleted AFTER DELETE ON chat_sessions
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION chat_sessions_deleted();
"""

NO_TRIGGERS = """
LOCK TABLE chat_sessions, chat_messages IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER chat_messages_deleted ON chat_messages;
DROP TRIGGER chat_sessions_deleted ON chat_sessions;
DROP FUNCTION chat_messages_deleted();
DROP FUNCTION chat_sessions_deleted();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0016_search_path_of_triggers"), ("accounts", "0031_storage")]

    operations = [
        migrations.RunSQL(BYTES, "DROP FUNCTION chat_message_bytes(text, jsonb, text, jsonb)"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
