"""Which tables Citus distributes by their owner.

Every other table stays on the coordinator. See `gatewayz.database.distribution`.
"""

from chat.models import (
    ChatMessage,
    ChatSession,
    Feedback,
    IdempotencyKey,
    SearchDocument,
    SearchOwner,
    SearchPending,
    SearchWords,
    Share,
)
from chat.storage import FREED, SETTLE_STORAGE
from gatewayz.database.distribution import (
    ClusterTable,
    Layout,
    Reference,
    UniqueIndex,
    reference_of,
)

# On an owner's server, a trigger may not join its transition rows with a table.
_ON_SHARDS = {
    "chat_search_messages_added": """
DECLARE
    one record;
BEGIN
    FOR one IN SELECT user_id, session_id, id FROM added WHERE status <> 'in_progress' LOOP
        INSERT INTO chat_search_pending (user_id, session_id, message_id)
        VALUES (one.user_id, one.session_id, one.id);
    END LOOP;
    RETURN NULL;
END
""",
    "chat_search_message_changed": """
BEGIN
    INSERT INTO chat_search_pending (user_id, session_id, message_id)
    VALUES (NEW.user_id, NEW.session_id, NEW.id);
    RETURN NULL;
END
""",
    "chat_search_messages_deleted": """
DECLARE
    one record;
BEGIN
    FOR one IN SELECT DISTINCT user_id, session_id FROM deleted LOOP
        PERFORM FROM chat_sessions
        WHERE user_id = one.user_id AND id = one.session_id AND is_active;
        IF FOUND THEN
            INSERT INTO chat_search_pending (user_id, session_id, message_id)
            VALUES (one.user_id, one.session_id, NULL);
        END IF;
    END LOOP;
    RETURN NULL;
END
""",
    "chat_search_sessions_added": """
DECLARE
    one record;
BEGIN
    FOR one IN SELECT user_id, id FROM added LOOP
        INSERT INTO chat_search_pending (user_id, session_id, message_id)
        VALUES (one.user_id, one.id, NULL);
    END LOOP;
    RETURN NULL;
END
""",
    "chat_message_placed": """
BEGIN
    NEW.position := NEW.id;
    IF NEW.parent_id IS NULL AND NEW.is_current THEN
        NEW.parent_id := (
            SELECT id FROM chat_messages
            WHERE user_id = NEW.user_id AND session_id = NEW.session_id AND is_current
                AND position IS NOT NULL
            ORDER BY position DESC LIMIT 1
        );
    END IF;
    RETURN NEW;
END
""",
    # The storage of users is on the coordinator: see `chat.storage.settle_storage`.
    "chat_messages_deleted": """
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT user_id, sum(chat_message_bytes(
            content, content_parts, reasoning, metadata, extra
        )) AS bytes FROM deleted GROUP BY user_id
    LOOP
        INSERT INTO chat_storage_freed (user_id, bytes) VALUES (one.user_id, one.bytes);
    END LOOP;
    RETURN NULL;
END
""",
    "chat_sessions_deleted": """
DECLARE
    one record;
BEGIN
    FOR one IN SELECT user_id, 500 * count(*) AS bytes FROM deleted GROUP BY user_id LOOP
        INSERT INTO chat_storage_freed (user_id, bytes) VALUES (one.user_id, one.bytes);
    END LOOP;
    RETURN NULL;
END
""",
}


# The search index of a user is deleted with the user.
_CASCADES = ("chat_search_owners", "chat_search_words")

_REWRITTEN: dict[str, dict[str, str]] = {
    # Citus 13.2 crashes when a column becomes an element of an array.
    "chat_append": {
        f"{column} = {values}[i]": f"{column} = COALESCE({values}[i])"
        for column, values in {
            "content": "contents",
            "reasoning": "reasonings",
            "tokens": "token_counts",
        }.items()
    },
    "chat_change_message": {},
}


def layout() -> Layout:
    """How each table is distributed."""
    return Layout(
        distributed={
            ChatSession: ("id",),
            ChatMessage: ("id",),
            Feedback: ("id",),
            # The owner is in their keys.
            IdempotencyKey: (),
            SearchOwner: (),
            SearchWords: (),
            SearchDocument: ("session_id", "part"),
            SearchPending: ("id",),
        },
        references=_references(),
        unique_indexes=(
            UniqueIndex(
                "chat_messages",
                "idx_chat_messages_client_id",
                "session_id, client_id",
                "client_id IS NOT NULL",
            ),
        ),
        on_shards=_ON_SHARDS,
        rewritten=_REWRITTEN,
        cascades=(*_CASCADES, FREED),
        cluster_tables=(
            ClusterTable(
                FREED,
                "user_id bigint NOT NULL, bytes bigint NOT NULL",
                SETTLE_STORAGE.format(where=""),
            ),
        ),
    )


def _references() -> list[Reference]:
    """The foreign keys to distributed tables, and from them to `users`."""
    return [
        reference_of(ChatMessage, "session"),
        reference_of(Feedback, "session"),
        Reference(
            "chat_search_documents",
            "chat_search_documents_session",
            "session_id",
            "chat_sessions",
            "ON DELETE CASCADE",
        ),
        # Links are found by their token, without an owner.
        reference_of(Share, "session", is_kept=False),
        # Users stay on the coordinator.
        *(
            reference_of(model, "user", is_kept=False)
            for model in (ChatSession, Feedback, IdempotencyKey)
        ),
        *(
            Reference(table, f"{table}_user", "user_id", "users", "ON DELETE CASCADE", False)
            for table in _CASCADES
        ),
    ]
