"""Sessions and messages in OpenAPI: a description for each view, which stands above it."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from chat.serializers import (
    ChatInput,
    ExportInput,
    ForkInput,
    MatchSerializer,
    MessageBatchInput,
    MessageInput,
    MessagePageInput,
    MessageSerializer,
    SearchInput,
    SessionBatchInput,
    SessionChange,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from gatewayz.openapi import count_beside, describe, described, streamed

_TIME = "2026-03-01T12:00:00.123456Z"
_SESSION = {
    "id": 17,
    "user_id": 4,
    "title": "Holidays",
    "model": "openai/gpt-4o",
    "is_active": True,
    "is_pinned": False,
    "is_archived": False,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_NEW_MESSAGE = {"role": "user", "content": "Where is it warm in March?"}
_MESSAGE = {
    "id": 99,
    "session_id": 17,
    **_NEW_MESSAGE,
    "model": "",
    "tokens": 0,
    "reasoning": None,
    "metadata": None,
    "created_at": _TIME,
}
_STATISTICS = {
    "total_sessions": 12,
    "active_sessions": 10,
    "total_messages": 84,
    "total_tokens": 9120,
    "average_messages_per_session": 7.0,
}


class SessionDetail(SessionSerializer):
    messages = MessageSerializer(many=True)
    has_more_messages = serializers.BooleanField()

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "messages", "has_more_messages"]


class SavedMessage(serializers.Serializer):
    success = serializers.BooleanField()
    message_id = serializers.IntegerField()
    data = MessageSerializer()  # type: ignore[assignment]


class SavedMessages(serializers.Serializer):
    saved = SavedMessage(many=True)
    failed = serializers.ListField(child=serializers.JSONField())
    total = serializers.IntegerField()
    success_count = serializers.IntegerField()
    failure_count = serializers.IntegerField()


class Statistics(serializers.Serializer):
    total_sessions = serializers.IntegerField()
    active_sessions = serializers.IntegerField()
    total_messages = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    average_messages_per_session = serializers.FloatField()


def _page() -> dict[str, serializers.Field]:
    return {**count_beside(), "next_cursor": serializers.CharField(allow_null=True)}


sessions = describe(
    post=described(
        "Begin a session",
        name="createSession",
        request=SessionInput,
        request_example={"title": "Holidays", "model": "openai/gpt-4o"},
        answer=SessionSerializer(),
        example=_SESSION,
        status=201,
        problems=(400, 401),
        idempotent=True,
    ),
    get=described(
        "List sessions, last touched first",
        name="listSessions",
        query=SessionPageInput,
        answer=SessionSerializer(many=True),
        example=[_SESSION],
        beside=_page(),
        example_beside={"count": 1, "next_cursor": None},
        problems=(400, 401),
    ),
    delete=described(
        # OpenAPI has no bodies of DELETE.
        'Delete up to 500 sessions; the body names them: `{"ids": [17, 18]}`',
        name="deleteSessions",
        answer=inline_serializer("DeletedCount", {"deleted_count": serializers.IntegerField()}),
        example={"deleted_count": 2},
        problems=(400, 401),
    ),
)
session_batch = describe(
    post=described(
        "Begin several sessions",
        name="createSessions",
        request=SessionBatchInput,
        request_example={"sessions": [{"title": "Holidays"}, {}]},
        answer=SessionSerializer(many=True),
        example=[_SESSION],
        beside=count_beside(),
        example_beside={"count": 1},
        status=201,
        problems=(400, 401),
        idempotent=True,
    )
)
session = describe(
    get=described(
        "Read a session and a page of its messages, oldest first",
        name="readSession",
        query=MessagePageInput,
        answer=SessionDetail(),
        example={**_SESSION, "messages": [_MESSAGE], "has_more_messages": False},
    ),
    **{
        method: described(
            "Rename, pin or archive a session; absent or null: unchanged",
            name=f"{verb}Session",
            request=SessionChange,
            request_example={"title": "Holidays in March"},
            answer=SessionSerializer(),
            example=_SESSION,
        )
        for method, verb in (("put", "update"), ("patch", "patch"))
    },
    delete=described("Delete a session", name="deleteSession", problems=(401, 404)),
)
session_restore = describe(
    post=described(
        "Restore a deleted session",
        name="restoreSession",
        answer=SessionSerializer(),
        example=_SESSION,
        idempotent=True,
    )
)
session_fork = describe(
    post=described(
        "Copy a session up to a message",
        name="forkSession",
        request=ForkInput,
        request_example={"message_id": 99},
        answer=SessionSerializer(),
        example=_SESSION,
        status=201,
        idempotent=True,
    )
)
messages = describe(
    post=described(
        "Append a message",
        name="appendMessage",
        request=MessageInput,
        request_example=_NEW_MESSAGE,
        answer=MessageSerializer(),
        example=_MESSAGE,
        status=201,
        idempotent=True,
    )
)
message_batch = describe(
    post=described(
        "Append up to 500 messages, or none",
        name="appendMessages",
        request=MessageBatchInput,
        request_example={"messages": [_NEW_MESSAGE]},
        answer=SavedMessages(),
        example={
            "saved": [{"success": True, "message_id": 99, "data": _MESSAGE}],
            "failed": [],
            "total": 1,
            "success_count": 1,
            "failure_count": 0,
        },
        status=201,
        idempotent=True,
    )
)
search = describe(
    post=described(
        "Search titles and messages",
        name="searchChats",
        request=SearchInput,
        request_example={"query": '"warm in March" -snow holi', "limit": 10},
        answer=MatchSerializer(many=True),
        example=[
            {**_SESSION, "message_id": 99, "rank": 0.2, "snippet": "Where is it <mark>warm</mark>"}
        ],
        beside=count_beside(),
        example_beside={"count": 1},
        problems=(400, 401),
        idempotent=True,
    )
)
stats = describe(
    get=described(
        "Count sessions, messages and tokens",
        name="chatStats",
        answer=Statistics(),
        example=_STATISTICS,
        beside={"stats": Statistics()},
        example_beside={"stats": _STATISTICS},
        problems=(401,),
    )
)
export = describe(
    get=streamed(
        "Export a session",
        name="exportSession",
        query=ExportInput,
        media_types=("application/json", "text/markdown"),
    )
)
export_all = describe(
    get=streamed(
        "Export everything, a JSON object per line",
        name="exportAll",
        media_types=("application/x-ndjson",),
        problems=(401,),
    )
)
chat_import = describe(
    post=described(
        "Import an exported session, or OpenAI messages",
        name="importChat",
        request=ChatInput,
        request_example={"title": "Holidays", "messages": [_NEW_MESSAGE]},
        answer=SessionSerializer(),
        example=_SESSION,
        status=201,
        problems=(400, 401),
        idempotent=True,
    )
)
