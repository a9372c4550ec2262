"""An index of chats that the service prepares itself, and a list of what it has not indexed yet.

Triggers put every message and session that is written, by any program, on the list; the worker
indexes what is on it. The functions that kept the words of a row stay, for a step back; the
release before still finds what it indexed.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# Deleting a session or user deletes what the index has of it at the same moment.
CASCADES = """
-- In the order of the requests, and with the strongest lock first, so that none is in a deadlock.
LOCK TABLE users, chat_sessions, chat_messages IN ACCESS EXCLUSIVE MODE;
ALTER TABLE chat_search_documents ADD CONSTRAINT chat_search_documents_session
FOREIGN KEY (session_id) REFERENCES chat_sessions (id) ON DELETE CASCADE;
ALTER TABLE chat_search_owners ADD CONSTRAINT chat_search_owners_user
FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE chat_search_words ADD CONSTRAINT chat_search_words_user
FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
-- Packed before it gets here.
ALTER TABLE chat_search_documents ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE chat_search_documents ALTER COLUMN keys SET STORAGE EXTERNAL;
"""

TRIGGERS = """
CREATE FUNCTION chat_search_messages_added() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id, message_id)
    SELECT session.user_id, message.session_id, message.id
    FROM added AS message JOIN chat_sessions AS session ON session.id = message.session_id;
    RETURN NULL;
END $$;

CREATE FUNCTION chat_search_message_changed() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id, message_id)
    SELECT user_id, id, NEW.id FROM chat_sessions WHERE id = NEW.session_id;
    RETURN NULL;
END $$;

-- A session that is in the trash is not in the index.
CREATE FUNCTION chat_search_messages_deleted() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id)
    SELECT session.user_id, session.id FROM chat_sessions AS session
    WHERE session.is_active AND session.id IN (SELECT session_id FROM deleted);
    RETURN NULL;
END $$;

CREATE FUNCTION chat_search_sessions_added() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id) SELECT user_id, id FROM added;
    RETURN NULL;
END $$;

CREATE FUNCTION chat_search_session_changed() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id) VALUES (NEW.user_id, NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER chat_search_messages_added AFTER INSERT ON chat_messages
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chat_search_messages_added();

CREATE TRIGGER chat_search_message_changed
AFTER UPDATE OF session_id, role, content, content_parts, reasoning ON chat_messages
FOR EACH ROW WHEN (
    (OLD.session_id, OLD.role, OLD.content, OLD.content_parts, OLD.reasoning)
    IS DISTINCT FROM
    (NEW.session_id, NEW.role, NEW.content, NEW.content_parts, NEW.reasoning)
) EXECUTE FUNCTION chat_search_message_changed();

CREATE TRIGGER chat_search_messages_deleted AFTER DELETE ON chat_messages
REFERENCING OLD TABLE AS deleted
FOR EACH STATEMENT EXECUTE FUNCTION chat_search_messages_deleted();

CREATE TRIGGER chat_search_sessions_added AFTER INSERT ON chat_sessions
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chat_search_sessions_added();

CREATE TRIGGER chat_search_session_changed AFTER UPDATE OF user_id, title, is_active ON chat_sessions
FOR EACH ROW WHEN (
    (OLD.user_id, OLD.title, OLD.is_active) IS DISTINCT FROM (NEW.user_id, NEW.title, NEW.is_active)
) EXECUTE FUNCTION chat_search_session_changed();

DROP TRIGGER chat_message_search ON chat_messages;
DROP TRIGGER chat_session_search ON chat_sessions;
"""

NO_TRIGGERS = """
LOCK TABLE users, chat_sessions, chat_messages IN ACCESS EXCLUSIVE MODE;
CREATE TRIGGER chat_session_search
BEFORE INSERT OR UPDATE OF user_id, title, search ON chat_sessions
FOR EACH ROW EXECUTE FUNCTION chat_session_search();

CREATE TRIGGER chat_message_search
BEFORE INSERT OR UPDATE OF session_id, content, search ON chat_messages
FOR EACH ROW EXECUTE FUNCTION chat_message_search();

DROP TRIGGER chat_search_session_changed ON chat_sessions;
DROP TRIGGER chat_search_sessions_added ON chat_sessions;
DROP TRIGGER chat_search_messages_deleted ON chat_messages;
DROP TRIGGER chat_search_message_changed ON chat_messages;
DROP TRIGGER chat_search_messages_added ON chat_messages;
DROP FUNCTION chat_search_session_changed();
DROP FUNCTION chat_search_sessions_added();
DROP FUNCTION chat_search_messages_deleted();
DROP FUNCTION chat_search_message_changed();
DROP FUNCTION chat_search_messages_added();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0017_storage"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchOwner",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("salt", models.BinaryField()),
                ("next_number", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "chat_search_owners",
            },
        ),
        migrations.CreateModel(
            name="SearchWords",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id",
                        "part",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("user_id", models.BigIntegerField()),
                ("part", models.IntegerField()),
                ("words", models.TextField()),
            ],
            options={
                "db_table": "chat_search_words",
            },
        ),
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "session_id",
                        "part",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("session_id", models.BigIntegerField()),
                ("part", models.IntegerField()),
                ("user_id", models.BigIntegerField()),
                (
                    "number",
                    models.BigIntegerField(
                        help_text="The higher, the later its user wrote in it."
                    ),
                ),
                ("version", models.SmallIntegerField(help_text="Of the preparation of its text.")),
                ("first_message_id", models.BigIntegerField()),
                ("characters", models.IntegerField(help_text="Of `body`, unpacked.")),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=None
                    ),
                ),
                ("body", models.BinaryField()),
            ],
            options={
                "db_table": "chat_search_documents",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["keys"], name="idx_chat_search_documents_keys"
                    ),
                    models.Index(fields=["version"], name="idx_chat_search_documents_old"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchPending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_id", models.BigIntegerField()),
                ("session_id", models.BigIntegerField()),
                ("message_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "chat_search_pending",
                "indexes": [
                    models.Index(fields=["user_id", "id"], name="idx_chat_search_pending_user")
                ],
            },
        ),
        migrations.RunSQL(CASCADES, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
