"""Plans for the old service's sessions, messages, feedback and share links.

Triggers on the new tables index the text for the search.
"""

from django.conf import settings

from adoption.account_tables import NO_USER
from adoption.table_plan import SCHEMA, TablePlan, is_there, taken_before

_NO_SESSION = f"NOT {is_there('FROM chat_sessions AS session WHERE session.id = page.session_id')}"

# Only active sessions of a user have different ones.
_ACTIVE_EXTERNAL_ID = (
    "CASE WHEN COALESCE(page.is_active, true) THEN left(NULLIF(page.conversation_id, ''), 255) END"
)

SESSIONS = TablePlan(
    table="chat_sessions",
    required=frozenset({"id", "user_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "title": "text",
        "model": "text",
        "is_active": "boolean",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
        "conversation_id": "text",
        "rolling_summary": "text",
    },
    skipped={"its user is missing": NO_USER},
    derived={
        "external_id_is_taken": taken_before(
            _ACTIVE_EXTERNAL_ID,
            per="page.user_id",
            where="FROM chat_sessions AS known WHERE known.user_id = page.user_id "
            f"AND known.is_active AND known.external_id = {_ACTIVE_EXTERNAL_ID}",
        ),
        "began_at": "COALESCE(page.created_at, page.updated_at, now())",
    },
    columns={
        "id": "id",
        "user_id": "user_id",
        "title": "left(COALESCE(NULLIF(title, ''), 'Chat ' || "
        "to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')), 255)",
        "model": "left(COALESCE(NULLIF(model, ''), %(default_model)s::text), 255)",
        "is_active": "COALESCE(is_active, true)",
        "created_at": "began_at",
        "updated_at": "COALESCE(updated_at, began_at)",
        "external_id": "CASE WHEN NOT external_id_is_taken "
        "THEN left(NULLIF(conversation_id, ''), 255) END",
        "metadata": "CASE WHEN btrim(rolling_summary) <> '' "
        "THEN jsonb_build_object('rolling_summary', rolling_summary) END",
    },
    changes={
        "title cut to 255 characters": "length(title) > 255",
        "conversation id dropped: another session of the user has it": "external_id_is_taken",
    },
    parameters={"default_model": settings.DEFAULT_CHAT_MODEL},
)

MESSAGES = TablePlan(
    table="chat_messages",
    required=frozenset({"id", "session_id", "role", "content"}),
    old_columns={
        "id": "bigint",
        "session_id": "bigint",
        "role": "text",
        "content": "text",
        "model": "text",
        "tokens": "bigint",
        "reasoning": "text",
        "metadata": "jsonb",
        "created_at": "timestamptz",
        "sequence_number": "bigint",
    },
    skipped={
        "its session is missing": _NO_SESSION,
    },
    derived={
        "new_role": """CASE lower(page.role)
            WHEN 'user' THEN 'user' WHEN 'human' THEN 'user'
            WHEN 'assistant' THEN 'assistant' WHEN 'ai' THEN 'assistant'
            WHEN 'bot' THEN 'assistant'
            WHEN 'system' THEN 'system' WHEN 'developer' THEN 'developer'
            WHEN 'tool' THEN 'tool' WHEN 'function' THEN 'function'
        END""",
        "earlier_id": "lag(page.id) OVER "
        "(PARTITION BY page.session_id, skipped_because IS NULL ORDER BY page.id)",
    },
    columns={
        "id": "id",
        "session_id": "session_id",
        "user_id": "(SELECT session.user_id FROM chat_sessions AS session "
        "WHERE session.id = derived.session_id)",
        # As if ids were in order. MESSAGES_IN_ORDER mends sessions where they are not.
        "position": "id",
        "parent_id": "COALESCE(earlier_id, (SELECT known.id FROM chat_messages AS known "
        "WHERE known.session_id = derived.session_id AND known.position < derived.id "
        "ORDER BY known.position DESC LIMIT 1))",
        "role": "COALESCE(new_role, 'user')",
        "content": "COALESCE(content, '')",
        "model": "left(COALESCE(model, ''), 255)",
        "tokens": "LEAST(GREATEST(tokens, 0), 2147483647)",
        "reasoning": "reasoning",
        "metadata": "metadata",
        # A message without a time gets that of its session; ids keep the order.
        "created_at": "COALESCE(created_at, (SELECT session.created_at "
        "FROM chat_sessions AS session WHERE session.id = derived.session_id))",
    },
    changes={"role set to user": "new_role IS NULL"},
)

# The order that the old service showed. Places are the ids of a session's messages put into that
# order, and so before those of all later messages.
_PLACES = f"""
SELECT message.id, message.session_id,
       row_number() OVER shown AS nth, lag(message.id) OVER shown AS parent_id
FROM copied
JOIN chat_messages AS message ON message.session_id = copied.id
-- An old table without the column: its name is then that of `without`.
CROSS JOIN (SELECT NULL::bigint AS sequence_number) AS without
CROSS JOIN LATERAL (
    SELECT sequence_number AS number FROM {SCHEMA}.chat_messages AS old WHERE old.id = message.id
) AS old
WINDOW shown AS (
    PARTITION BY message.session_id
    ORDER BY old.number NULLS FIRST, message.created_at, message.id
)
"""

_PLACED = """
UPDATE chat_messages AS message SET position = places.id, parent_id = shown.parent_id
FROM shown JOIN (
    SELECT id, session_id, row_number() OVER (PARTITION BY session_id ORDER BY id) AS nth
    FROM shown
) AS places USING (session_id, nth)
WHERE message.id = shown.id
    AND (message.position, message.parent_id) IS DISTINCT FROM (places.id, shown.parent_id)
"""

# Messages added during the copy follow the last old message.
_JOINED = f"""
UPDATE chat_messages AS message SET parent_id = last.id
FROM (SELECT DISTINCT ON (session_id) session_id, id FROM shown ORDER BY session_id, nth DESC)
    AS last
WHERE message.id = (
    SELECT added.id FROM chat_messages AS added
    WHERE added.session_id = last.session_id
        AND added.position > (SELECT max(id) FROM {SCHEMA}.chat_messages)
    ORDER BY added.position LIMIT 1
) AND message.parent_id IS DISTINCT FROM last.id
"""

MESSAGES_IN_ORDER = TablePlan(
    name="messages in order, by session",
    table="chat_sessions",
    reads=frozenset({"chat_messages"}),
    required=frozenset({"id"}),
    old_columns={"id": "bigint"},
    skipped={
        "it was not adopted": (
            f"NOT {is_there('FROM chat_sessions AS session WHERE session.id = page.id')}"
        ),
    },
    columns={},
    merged="true",
    extra_steps={"shown": _PLACES, "placed": _PLACED, "joined": _JOINED},
)

_THUMBS = "('thumbs_up', 'thumbs_down')"

# Of an old table without one of the columns, the name is that of `without`.
_LATER_THUMB = f"""
FROM (
    SELECT NULL::bigint AS session_id, NULL::bigint AS message_id,
        NULL::timestamptz AS created_at, NULL::timestamptz AS updated_at
) AS without
CROSS JOIN LATERAL (
    SELECT session_id, (COALESCE(GREATEST(created_at, updated_at), '-infinity'), id)
    FROM {SCHEMA}.message_feedback AS old
    WHERE message_id = page.message_id AND user_id = page.user_id
        AND feedback_type::text IN {_THUMBS}
) AS thumb (session, given)
WHERE thumb.session IS NOT DISTINCT FROM page.session_id
    AND thumb.given > (COALESCE(GREATEST(page.created_at, page.updated_at), '-infinity'), page.id)
"""

# Given here while the old feedback was not adopted yet.
_NEW_THUMB = f"""
FROM message_feedback AS known
WHERE known.session_id = page.session_id AND known.message_id = page.message_id
    AND known.user_id = page.user_id AND known.feedback_type IN {_THUMBS}
"""

# Or else each thumb would be looked for in the whole old table.
_INDEX_OF_THUMBS = f"""
DO $$ BEGIN
    CREATE INDEX ON {SCHEMA}.message_feedback (message_id);
EXCEPTION WHEN undefined_column THEN
    NULL;
END $$
"""

FEEDBACK = TablePlan(
    table="message_feedback",
    required=frozenset({"id", "user_id", "feedback_type"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "session_id": "bigint",
        "message_id": "bigint",
        "feedback_type": "text",
        "rating": "bigint",
        "comment": "text",
        "model": "text",
        "metadata": "jsonb",
        "created_at": "timestamptz",
        "updated_at": "timestamptz",
    },
    skipped={
        "its user is missing": NO_USER,
        "its session is missing": f"page.session_id IS NOT NULL AND {_NO_SESSION}",
        "its type is unknown": "page.feedback_type IS NULL OR page.feedback_type NOT IN "
        "('thumbs_up', 'thumbs_down', 'regenerate')",
    },
    skipped_on_copy={
        "a later thumb of its user on its message stays": f"page.feedback_type IN {_THUMBS} "
        f"AND ({is_there(_LATER_THUMB)} OR {is_there(_NEW_THUMB)})",
    },
    prepare=(_INDEX_OF_THUMBS,),
    columns={
        "id": "id",
        "user_id": "user_id",
        "session_id": "session_id",
        "message_id": "(SELECT message.id FROM chat_messages AS message "
        "WHERE message.id = derived.message_id AND message.session_id = derived.session_id)",
        "feedback_type": "feedback_type",
        "rating": "CASE WHEN rating BETWEEN 1 AND 5 THEN rating END",
        "comment": "comment",
        "model": "left(COALESCE(model, ''), 255)",
        "metadata": "metadata",
        "created_at": "COALESCE(created_at, updated_at, now())",
        "updated_at": "COALESCE(updated_at, created_at, now())",
    },
)

_TOKEN = "COALESCE(page.token, page.share_token)"  # noqa: S105 - a column

SHARES = TablePlan(
    table="shared_chats",
    required=frozenset({"id", "session_id"}),
    old_columns={
        "id": "bigint",
        "user_id": "bigint",
        "created_by_user_id": "bigint",
        "session_id": "bigint",
        "token": "text",
        "share_token": "text",
        "is_active": "boolean",
        "expires_at": "timestamptz",
        "view_count": "bigint",
        "last_viewed_at": "timestamptz",
        "created_at": "timestamptz",
    },
    skipped={
        "it has no token": f"{_TOKEN} IS NULL OR length({_TOKEN}) NOT BETWEEN 16 AND 64",
        "its session is missing": _NO_SESSION,
    },
    derived={
        "token_is_taken": taken_before(
            _TOKEN, where=f"FROM shared_chats AS known WHERE known.token = {_TOKEN}"
        ),
    },
    columns={
        "id": "id",
        # The owner of the session: nobody else can share it.
        "user_id": "(SELECT session.user_id FROM chat_sessions AS session "
        "WHERE session.id = derived.session_id)",
        "session_id": "session_id",
        "token": "COALESCE(token, share_token)",
        "is_active": "COALESCE(is_active, true)",
        "expires_at": "expires_at",
        "view_count": "GREATEST(view_count, 0)",
        "last_viewed_at": "last_viewed_at",
        "created_at": "COALESCE(created_at, now())",
    },
)

# In this order, a row comes after those that it refers to.
CHAT_TABLES = (SESSIONS, MESSAGES, MESSAGES_IN_ORDER, FEEDBACK, SHARES)
