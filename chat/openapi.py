"""The chat API in OpenAPI: a description for each view, which stands above it."""

from typing import Any

from drf_spectacular.utils import extend_schema_view, inline_serializer
from rest_framework import serializers

from chat.feedback_serializers import (
    FeedbackChange,
    FeedbackInput,
    FeedbackPageInput,
    FeedbackSerializer,
    FeedbackStatsInput,
)
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
from chat.share_serializers import (
    SharedMessageSerializer,
    SharedSessionSerializer,
    ShareInput,
    SharePageInput,
    ShareSerializer,
)
from gatewayz.openapi import Described, described, streamed

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
_NEW_FEEDBACK = {"session_id": 17, "message_id": 99, "feedback_type": "thumbs_up", "rating": 5}
_FEEDBACK = {
    "id": 3,
    "user_id": 4,
    **_NEW_FEEDBACK,
    "comment": None,
    "model": "openai/gpt-4o",
    "metadata": None,
    "created_at": _TIME,
    "updated_at": _TIME,
}
_SHARE = {
    "id": 8,
    "session_id": 17,
    "token": "kq3…",
    "share_token": "kq3…",
    "share_url": "https://chat.example/v1/chat/share/kq3…",
    "is_active": True,
    "view_count": 0,
    "last_viewed_at": None,
    "expires_at": None,
    "created_at": _TIME,
}
_STATISTICS = {
    "total_sessions": 12,
    "active_sessions": 10,
    "total_messages": 84,
    "total_tokens": 9120,
    "average_messages_per_session": 7.0,
}
_FEEDBACK_FIGURES = {
    "total_feedback": 4,
    "thumbs_up": 2,
    "thumbs_down": 1,
    "regenerate": 1,
    "thumbs_up_rate": 50.0,
    "thumbs_down_rate": 25.0,
    "regenerate_rate": 25.0,
    "average_rating": 4.5,
}


class SessionDetail(SessionSerializer):
    messages = MessageSerializer(many=True)
    has_more_messages = serializers.BooleanField()

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "messages", "has_more_messages"]


class SharedSession(SharedSessionSerializer):
    messages = SharedMessageSerializer(many=True)
    has_more_messages = serializers.BooleanField()
    view_count = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)

    class Meta(SharedSessionSerializer.Meta):
        fields = [
            *SharedSessionSerializer.Meta.fields,
            "messages",
            "has_more_messages",
            "view_count",
            "expires_at",
        ]


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


class FeedbackFigures(serializers.Serializer):
    total_feedback = serializers.IntegerField()
    thumbs_up = serializers.IntegerField()
    thumbs_down = serializers.IntegerField()
    regenerate = serializers.IntegerField()
    thumbs_up_rate = serializers.FloatField(help_text="Percent")
    thumbs_down_rate = serializers.FloatField(help_text="Percent")
    regenerate_rate = serializers.FloatField(help_text="Percent")
    average_rating = serializers.FloatField(allow_null=True)


class FeedbackStatistics(FeedbackFigures):
    days = serializers.IntegerField()
    by_model = serializers.DictField(child=FeedbackFigures())


def _count() -> dict[str, serializers.Field]:
    return {"count": serializers.IntegerField(help_text="Of all matches, not only this page's.")}


def _page() -> dict[str, serializers.Field]:
    return {**_count(), "next_cursor": serializers.CharField(allow_null=True)}


def _describe(**methods: Described) -> Described:
    described_view = extend_schema_view(**methods)

    def mark(view: Any) -> Any:
        view.openapi_described = True
        return described_view(view)

    return mark


sessions = _describe(
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
session_batch = _describe(
    post=described(
        "Begin several sessions",
        name="createSessions",
        request=SessionBatchInput,
        request_example={"sessions": [{"title": "Holidays"}, {}]},
        answer=SessionSerializer(many=True),
        example=[_SESSION],
        beside=_count(),
        example_beside={"count": 1},
        status=201,
        problems=(400, 401),
        idempotent=True,
    )
)
session = _describe(
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
session_restore = _describe(
    post=described(
        "Restore a deleted session",
        name="restoreSession",
        answer=SessionSerializer(),
        example=_SESSION,
        idempotent=True,
    )
)
session_fork = _describe(
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
messages = _describe(
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
message_batch = _describe(
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
search = _describe(
    post=described(
        "Search titles and messages",
        name="searchChats",
        request=SearchInput,
        request_example={"query": '"warm in March" -snow holi', "limit": 10},
        answer=MatchSerializer(many=True),
        example=[
            {**_SESSION, "message_id": 99, "rank": 0.2, "snippet": "Where is it <mark>warm</mark>"}
        ],
        beside=_count(),
        example_beside={"count": 1},
        problems=(400, 401),
        idempotent=True,
    )
)
stats = _describe(
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
feedback_list = _describe(
    post=described(
        "Give feedback",
        name="giveFeedback",
        request=FeedbackInput,
        request_example=_NEW_FEEDBACK,
        answer=FeedbackSerializer(),
        example=_FEEDBACK,
        status=201,
        idempotent=True,
    ),
    get=described(
        "List feedback, newest first",
        name="listFeedback",
        query=FeedbackPageInput,
        answer=FeedbackSerializer(many=True),
        example=[_FEEDBACK],
        beside=_count(),
        example_beside={"count": 1},
        problems=(400, 401),
    ),
)
session_feedback = _describe(
    get=described(
        "List the feedback of a session",
        name="listSessionFeedback",
        query=FeedbackPageInput,
        answer=FeedbackSerializer(many=True),
        example=[_FEEDBACK],
        beside=_count(),
        example_beside={"count": 1},
    )
)
feedback = _describe(
    put=described(
        "Change feedback; absent or null: unchanged",
        name="changeFeedback",
        request=FeedbackChange,
        request_example={"rating": 4},
        answer=FeedbackSerializer(),
        example=_FEEDBACK,
    ),
    delete=described("Withdraw feedback", name="withdrawFeedback", problems=(401, 404)),
)
feedback_stats = _describe(
    get=described(
        "Count feedback, in all and by model",
        name="feedbackStats",
        query=FeedbackStatsInput,
        answer=FeedbackStatistics(),
        example={
            **_FEEDBACK_FIGURES,
            "days": 30,
            "by_model": {"openai/gpt-4o": _FEEDBACK_FIGURES},
        },
        problems=(400, 401),
    )
)
shares = _describe(
    post=described(
        "Make a public link to a session",
        name="shareSession",
        request=ShareInput,
        request_example={"session_id": 17, "expires_at": _TIME},
        answer=ShareSerializer(),
        example=_SHARE,
        status=201,
        idempotent=True,
    ),
    get=described(
        "List public links, newest first",
        name="listShares",
        query=SharePageInput,
        answer=ShareSerializer(many=True),
        example=[_SHARE],
        beside=_count(),
        example_beside={"count": 1},
        problems=(400, 401),
    ),
)
share = _describe(
    get=described(
        "Read a shared session; needs no key",
        name="readShare",
        query=MessagePageInput,
        answer=SharedSession(),
        example={
            **{name: _SESSION[name] for name in ("title", "model", "created_at", "updated_at")},
            "messages": [],
            "has_more_messages": False,
            "view_count": 1,
            "expires_at": None,
        },
        problems=(400, 404),
        public=True,
    ),
    delete=described("Revoke a public link", name="revokeShare", problems=(401, 404)),
)
export = _describe(
    get=streamed(
        "Export a session",
        name="exportSession",
        query=ExportInput,
        media_types=("application/json", "text/markdown"),
    )
)
export_all = _describe(
    get=streamed(
        "Export everything, a JSON object per line",
        name="exportAll",
        media_types=("application/x-ndjson",),
        problems=(401,),
    )
)
chat_import = _describe(
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
