"""The words of titles and messages, kept by the database itself.

No generated column: adding one rewrites the table under an exclusive lock, and it could not see
who owns a message, which is in another table. An empty column is added at once, triggers fill it
for what is written from now on, whoever writes it, and the rows there are follow in batches.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Used until 0018_search_index.
CONFIGURATION = """
CREATE FUNCTION chat_search_configuration() RETURNS regconfig
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {configuration}::regconfig $$
"""

# Each word is kept as `@<owner>:<word>`, so that everybody has an own vocabulary in the index,
# and `@<owner>` stands beside them. Bounded, because a vector may have 1 MB at most.
VECTOR = r"""
CREATE FUNCTION chat_search_vector(owner bigint, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (
        '''@' || COALESCE(owner, 0) || '''' || COALESCE(string_agg(
            ' ''@' || owner || ':' || replace(replace(lexeme, '\', '\\'), '''', '''''')
            || ''':' || array_to_string(positions, ','),
            ''
        ), '')
    )::tsvector
    FROM (
        SELECT lexeme, positions FROM unnest(to_tsvector(chat_search_configuration(), left(words, 80000)))
        WHERE octet_length(lexeme) <= 2000
        LIMIT 20000
    ) AS word
$$
"""

TRIGGERS = """
ALTER TABLE chat_sessions ADD COLUMN search tsvector;
ALTER TABLE chat_messages ADD COLUMN search tsvector;

CREATE FUNCTION chat_session_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := chat_search_vector(NEW.user_id, NEW.title);
    RETURN NEW;
END $$;

CREATE FUNCTION chat_message_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := chat_search_vector(
        (SELECT user_id FROM chat_sessions WHERE id = NEW.session_id), NEW.content
    );
    RETURN NEW;
END $$;

CREATE TRIGGER chat_session_search
BEFORE INSERT OR UPDATE OF user_id, title, search ON chat_sessions
FOR EACH ROW EXECUTE FUNCTION chat_session_search();

CREATE TRIGGER chat_message_search
BEFORE INSERT OR UPDATE OF session_id, content, search ON chat_messages
FOR EACH ROW EXECUTE FUNCTION chat_message_search();
"""

NO_TRIGGERS = """
DROP TRIGGER chat_message_search ON chat_messages;
DROP TRIGGER chat_session_search ON chat_sessions;
DROP FUNCTION chat_message_search();
DROP FUNCTION chat_session_search();
ALTER TABLE chat_messages DROP COLUMN search;
ALTER TABLE chat_sessions DROP COLUMN search;
"""


def choose_configuration(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    configuration = schema_editor.quote_value("simple")
    schema_editor.execute(CONFIGURATION.format(configuration=configuration))


def forget_configuration(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP FUNCTION chat_search_configuration()")


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_idempotency_keys")]

    operations = [
        migrations.RunPython(choose_configuration, forget_configuration),
        migrations.RunSQL(VECTOR, "DROP FUNCTION chat_search_vector(bigint, text)"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
