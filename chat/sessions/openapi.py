"""OpenAPI descriptions of sessions, applied to the views as decorators."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from chat.messages.openapi import MESSAGE_EXAMPLE, TIME_EXAMPLE
from chat.messages.serializers import MessagePageInput, MessageSerializer
from chat.sessions.serializers import (
    ForkInput,
    SessionBatchInput,
    SessionChange,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from gatewayz.api.openapi import count_beside, describe, described

SESSION_EXAMPLE = {
    "id": 17,
    "user_id": 4,
    "title": "Holidays",
    "model": "openai/gpt-4o",
    "is_active": True,
    "is_pinned": False,
    "is_archived": False,
    "created_at": TIME_EXAMPLE,
    "updated_at": TIME_EXAMPLE,
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
        "Create a session",
        name="createSession",
        request=SessionInput,
        request_example={"title": "Holidays", "model": "openai/gpt-4o"},
        answer=SessionSerializer(),
        example=SESSION_EXAMPLE,
        status=201,
        problems=(400, 401),
        idempotent=True,
    ),
    get=described(
        "List sessions, most recently touched first",
        name="listSessions",
        query=SessionPageInput,
        answer=SessionSerializer(many=True),
        example=[SESSION_EXAMPLE],
        beside=_page(),
        example_beside={"count": 1, "next_cursor": None},
        problems=(400, 401),
    ),
    delete=described(
        # OpenAPI does not define request bodies for DELETE.
        'Delete up to 500 sessions; the body names them: `{"ids": [17, 18]}`',
        name="deleteSessions",
        answer=inline_serializer("DeletedCount", {"deleted_count": serializers.IntegerField()}),
        example={"deleted_count": 2},
        problems=(400, 401),
    ),
)
session_batch = describe(
    post=described(
        "Create several sessions",
        name="createSessions",
        request=SessionBatchInput,
        request_example={"sessions": [{"title": "Holidays"}, {}]},
        answer=SessionSerializer(many=True),
        example=[SESSION_EXAMPLE],
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
        example={**SESSION_EXAMPLE, "messages": [MESSAGE_EXAMPLE], "has_more_messages": False},
    ),
    **{
        method: described(
            "Rename, pin or archive a session; absent or null fields stay unchanged",
            name=f"{verb}Session",
            request=SessionChange,
            request_example={"title": "Holidays in March"},
            answer=SessionSerializer(),
            example=SESSION_EXAMPLE,
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
        example=SESSION_EXAMPLE,
        idempotent=True,
    )
)
session_fork = describe(
    post=described(
        "Copy a session, up to a message",
        name="forkSession",
        request=ForkInput,
        request_example={"message_id": 99},
        answer=SessionSerializer(),
        example=SESSION_EXAMPLE,
        status=201,
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
