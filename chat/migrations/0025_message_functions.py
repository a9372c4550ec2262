"""Adds and changes messages in one statement each, on any branch, without races.

These are functions because each statement in them sees everything that was committed before it,
even while the function waited for the lock of the session; and because PostgreSQL keeps their
plans.
"""

from django.db import migrations

BYTES = """
CREATE FUNCTION chat_message_bytes(
    content text, parts jsonb, reasoning text, metadata jsonb, extra json
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 100::bigint + octet_length(content) + COALESCE(octet_length(parts::text), 0)
        + COALESCE(octet_length(reasoning), 0) + COALESCE(octet_length(metadata::text), 0)
        + COALESCE(octet_length(extra::text), 0)
$$
"""

DELETED = """
CREATE OR REPLACE FUNCTION chat_messages_deleted() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE user_storage AS storage SET bytes = GREATEST(0, storage.bytes - gone.bytes)
    FROM (
        SELECT session.user_id, sum(chat_message_bytes(
            message.content, message.content_parts, message.reasoning, message.metadata{extra}
        )) AS bytes
        FROM deleted AS message JOIN chat_sessions AS session ON session.id = message.session_id
        GROUP BY session.user_id
    ) AS gone
    WHERE storage.user_id = gone.user_id;
    RETURN NULL;
END $$
"""

# Its caller holds the lock of the session. Only messages after the fork change.
SWITCH = """
CREATE FUNCTION chat_switch_branch(the_session bigint, leaf bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    branch bigint[];
    fork bigint;
BEGIN
    WITH RECURSIVE path AS (
        SELECT id, parent_id, is_current, position FROM chat_messages
        WHERE id = leaf AND session_id = the_session
        UNION ALL
        SELECT above.id, above.parent_id, above.is_current, above.position
        FROM path JOIN chat_messages AS above
            ON above.id = path.parent_id AND above.session_id = the_session
        WHERE NOT path.is_current
    )
    SELECT
        array_agg(id) FILTER (WHERE NOT is_current),
        COALESCE(max(position) FILTER (WHERE is_current), 0)
    INTO branch, fork FROM path;
    UPDATE chat_messages SET is_current = FALSE
    WHERE session_id = the_session AND position > fork AND is_current;
    UPDATE chat_messages SET is_current = TRUE
    WHERE id = ANY(branch) AND session_id = the_session;
END $$
"""

# NULL when the change is allowed; otherwise the reason why not: see `chat.messages.write`.
RULES = """
CREATE FUNCTION chat_change_problem(
    known chat_messages, new_status text, new_revision integer
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN new_revision < known.revision THEN 'revision'
        WHEN new_status = 'in_progress' AND known.status <> 'in_progress' THEN 'complete'
    END
$$
"""

# `follows[i]`: the i-th message follows what was said last. Otherwise it follows the message of
# this call at `parent_places[i]`, or the one with the id `parent_ids[i]`, or none.
APPEND = """
CREATE FUNCTION chat_append(
    the_session bigint, the_user bigint, session_model text,
    roles text[], contents text[], models text[], token_counts integer[], reasonings text[],
    extras text[], times timestamptz[], client_ids text[], statuses text[], revisions integer[],
    follows boolean[], parent_places integer[], parent_ids bigint[]
) RETURNS TABLE (
    problem text, model_now text, message_id bigint, message_parent bigint, message_place bigint,
    created timestamptz, updated timestamptz, message_status text, message_revision integer,
    is_edited boolean, is_new boolean, added_bytes bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_at timestamptz;
    leaf bigint;
    known chat_messages;
    saved chat_messages;
    saved_ids bigint[] := '{}';
    new_id bigint;
BEGIN
    -- Nothing is written when there is a problem.
    IF NOT TRUE = ALL (follows) OR array_remove(client_ids, NULL) <> '{}' THEN
        PERFORM FROM chat_sessions
        WHERE id = the_session AND user_id = the_user AND is_active FOR NO KEY UPDATE;
        SELECT chat_change_problem(message, given.status, given.revision) INTO problem
        FROM unnest(client_ids, statuses, revisions) AS given (client_id, status, revision)
        JOIN chat_messages AS message
            ON message.session_id = the_session AND message.client_id = given.client_id
        WHERE chat_change_problem(message, given.status, given.revision) IS NOT NULL;
        IF EXISTS (
            SELECT FROM unnest(parent_ids, parent_places) AS given (id, place)
            WHERE given.id IS NOT NULL AND given.place IS NULL AND NOT EXISTS (
                SELECT FROM chat_messages AS parent
                WHERE parent.id = given.id AND parent.session_id = the_session
            )
        ) THEN
            problem := 'parent';
        END IF;
        IF problem IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;

    UPDATE chat_sessions
    SET updated_at = GREATEST(updated_at, clock_timestamp()), version = version + 1,
        model = COALESCE(session_model, model)
    WHERE id = the_session AND user_id = the_user AND is_active
    RETURNING chat_sessions.updated_at, chat_sessions.model INTO now_at, model_now;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT id INTO leaf FROM chat_messages
    WHERE session_id = the_session AND is_current ORDER BY position DESC LIMIT 1;

    FOR i IN 1 .. cardinality(roles) LOOP
        known := NULL;
        IF client_ids[i] IS NOT NULL THEN
            SELECT * INTO known FROM chat_messages
            WHERE session_id = the_session AND client_id = client_ids[i];
        END IF;
        IF known.id IS NOT NULL THEN
            UPDATE chat_messages SET
                role = roles[i], content = contents[i], content_parts = NULL, model = models[i],
                tokens = token_counts[i], reasoning = reasonings[i], metadata = NULL,
                extra = extras[i]::json, status = COALESCE(statuses[i], 'completed'),
                revision = COALESCE(revisions[i], known.revision + 1),
                edited = known.edited OR (known.status <> 'in_progress' AND (
                    known.role, known.content, known.reasoning, known.extra::text
                ) IS DISTINCT FROM (roles[i], contents[i], reasonings[i], extras[i])),
                updated_at = now_at
            WHERE id = known.id
            RETURNING * INTO saved;
        ELSE
            IF NOT follows[i] THEN
                IF parent_places[i] IS NOT NULL THEN
                    parent_ids[i] := saved_ids[parent_places[i]];
                END IF;
                IF parent_ids[i] IS DISTINCT FROM leaf THEN
                    PERFORM chat_switch_branch(the_session, parent_ids[i]);
                    leaf := parent_ids[i];
                END IF;
            END IF;
            -- Under the lock of the session, so that later ones are greater.
            new_id := nextval('chat_messages_id_seq');
            INSERT INTO chat_messages (
                id, session_id, user_id, position, parent_id, client_id, role, content, model,
                tokens, reasoning, extra, created_at, status, revision
            ) VALUES (
                new_id, the_session, the_user, new_id, leaf, client_ids[i], roles[i],
                contents[i], models[i], token_counts[i], reasonings[i], extras[i]::json,
                COALESCE(times[i], now_at), COALESCE(statuses[i], 'completed'),
                COALESCE(revisions[i], 0)
            ) RETURNING * INTO saved;
            leaf := new_id;
        END IF;
        saved_ids := saved_ids || saved.id;
        message_id := saved.id;
        message_parent := saved.parent_id;
        message_place := saved.position;
        created := saved.created_at;
        updated := saved.updated_at;
        message_status := saved.status;
        message_revision := saved.revision;
        is_edited := saved.edited;
        is_new := known.id IS NULL;
        added_bytes := chat_message_bytes(
            saved.content, saved.content_parts, saved.reasoning, saved.metadata, saved.extra
        );
        IF NOT is_new THEN
            added_bytes := added_bytes - chat_message_bytes(
                known.content, known.content_parts, known.reasoning, known.metadata, known.extra
            );
        END IF;
        RETURN NEXT;
    END LOOP;
END $$
"""

# A parameter that is NULL changes nothing. `set_extra` replaces those names in `extra`, `unset_extra` removes
# some.
CHANGE = """
CREATE FUNCTION chat_change_message(
    the_session bigint, the_user bigint, the_message bigint, new_content text,
    sets_reasoning boolean, new_reasoning text, new_tokens integer, new_model text,
    new_status text, new_revision integer, set_extra text, unset_extra text[]
) RETURNS TABLE (message chat_messages, problem text, added_bytes bigint, ends boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    now_at timestamptz;
    known chat_messages;
    new_extra json;
BEGIN
    PERFORM FROM chat_sessions
    WHERE id = the_session AND user_id = the_user AND is_active FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO known FROM chat_messages WHERE id = the_message AND session_id = the_session;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    problem := chat_change_problem(known, new_status, new_revision);
    IF problem IS NOT NULL THEN
        message := known;
        RETURN NEXT;
        RETURN;
    END IF;
    UPDATE chat_sessions
    SET updated_at = GREATEST(updated_at, clock_timestamp()), version = version + 1
    WHERE id = the_session
    RETURNING chat_sessions.updated_at INTO now_at;
    new_extra := known.extra;
    IF set_extra IS NOT NULL OR unset_extra <> '{}' THEN
        SELECT json_object_agg(key, value ORDER BY place) INTO new_extra
        FROM (
            SELECT key, value, place FROM json_each(known.extra) WITH ORDINALITY
                AS kept (key, value, place)
            WHERE key <> ALL(unset_extra)
                AND key NOT IN (SELECT json_object_keys(COALESCE(set_extra, '{}')::json))
            UNION ALL
            SELECT key, value, 1000000 + place FROM json_each(set_extra::json) WITH ORDINALITY
                AS given (key, value, place)
        ) AS fields;
    END IF;
    UPDATE chat_messages SET
        content = COALESCE(new_content, content),
        content_parts = CASE WHEN new_content IS NULL THEN content_parts END,
        reasoning = CASE WHEN sets_reasoning THEN new_reasoning ELSE reasoning END,
        metadata = CASE WHEN (set_extra::json -> 'metadata') IS NULL THEN metadata END,
        tokens = COALESCE(new_tokens, tokens),
        model = COALESCE(new_model, model),
        status = COALESCE(new_status, status),
        revision = COALESCE(new_revision, known.revision + 1),
        edited = known.edited OR (
            known.status <> 'in_progress' AND (
                new_content IS NOT NULL OR sets_reasoning OR set_extra IS NOT NULL
            )
        ),
        extra = new_extra,
        updated_at = now_at
    WHERE id = the_message
    RETURNING * INTO message;
    added_bytes := chat_message_bytes(
        message.content, message.content_parts, message.reasoning, message.metadata, message.extra
    ) - chat_message_bytes(
        known.content, known.content_parts, known.reasoning, known.metadata, known.extra
    );
    ends := known.status = 'in_progress' AND message.status <> 'in_progress';
    RETURN NEXT;
END $$
"""

# A growing message is not indexed again with each piece. It is found once it is complete.
LISTED = """
CREATE OR REPLACE FUNCTION chat_search_messages_added() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id, message_id)
    SELECT session.user_id, message.session_id, message.id
    FROM added AS message JOIN chat_sessions AS session ON session.id = message.session_id
    WHERE message.status <> 'in_progress';
    RETURN NULL;
END $$;

DROP TRIGGER chat_search_message_changed ON chat_messages;
CREATE TRIGGER chat_search_message_changed
AFTER UPDATE OF session_id, role, content, content_parts, reasoning, extra, status ON chat_messages
FOR EACH ROW WHEN (NEW.status <> 'in_progress' AND (
    OLD.status = 'in_progress'
    OR (OLD.session_id, OLD.role, OLD.content, OLD.content_parts, OLD.reasoning, OLD.extra::text)
    IS DISTINCT FROM
    (NEW.session_id, NEW.role, NEW.content, NEW.content_parts, NEW.reasoning, NEW.extra::text)
)) EXECUTE FUNCTION chat_search_message_changed();
"""

LISTED_AT_ALL_TIMES = """
CREATE OR REPLACE FUNCTION chat_search_messages_added() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id, message_id)
    SELECT session.user_id, message.session_id, message.id
    FROM added AS message JOIN chat_sessions AS session ON session.id = message.session_id;
    RETURN NULL;
END $$;

DROP TRIGGER chat_search_message_changed ON chat_messages;
CREATE TRIGGER chat_search_message_changed
AFTER UPDATE OF session_id, role, content, content_parts, reasoning ON chat_messages
FOR EACH ROW WHEN (
    (OLD.session_id, OLD.role, OLD.content, OLD.content_parts, OLD.reasoning)
    IS DISTINCT FROM
    (NEW.session_id, NEW.role, NEW.content, NEW.content_parts, NEW.reasoning)
) EXECUTE FUNCTION chat_search_message_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0024_client_ids")]

    operations = [
        migrations.RunSQL(
            BYTES, "DROP FUNCTION chat_message_bytes(text, jsonb, text, jsonb, json)"
        ),
        migrations.RunSQL(DELETED.format(extra=", message.extra"), DELETED.format(extra="")),
        migrations.RunSQL(SWITCH, "DROP FUNCTION chat_switch_branch(bigint, bigint)"),
        migrations.RunSQL(RULES, "DROP FUNCTION chat_change_problem"),
        migrations.RunSQL(APPEND, "DROP FUNCTION chat_append"),
        migrations.RunSQL(CHANGE, "DROP FUNCTION chat_change_message"),
        migrations.RunSQL(LISTED, LISTED_AT_ALL_TIMES),
    ]
