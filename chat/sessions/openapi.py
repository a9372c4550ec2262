"""OpenAPI descriptions of sessions, applied to the views as decorators."""

from functools import partial

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from chat.messages.openapi import MESSAGE_EXAMPLE, TIME_EXAMPLE
from chat.messages.serializers import BranchedPageInput, MessageSerializer
from chat.sessions.serializers import (
    ChosenEndUserInput,
    ForkInput,
    SessionBatchInput,
    SessionChange,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from gatewayz.api.openapi import Shape, described, listed

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
    "external_id": None,
    "end_user_id": None,
    "metadata": None,
    "tags": [],
    "folder": None,
    "deleted_at": None,
    "expires_at": None,
}
_STATISTICS = {
    "total_sessions": 12,
    "active_sessions": 10,
    "total_messages": 84,
    "total_tokens": 9120,
    "average_messages_per_session": 7.0,
}


class SessionDetail(SessionSerializer):
    current_message_id = serializers.IntegerField(allow_null=True)
    messages = MessageSerializer(many=True)
    has_more_messages = serializers.BooleanField()

    class Meta(SessionSerializer.Meta):
        fields = [
            *SessionSerializer.Meta.fields,
            "current_message_id",
            "messages",
            "has_more_messages",
        ]


class TagCount(serializers.Serializer):
    tag = serializers.CharField()
    count = serializers.IntegerField()


class FolderCount(serializers.Serializer):
    folder = serializers.CharField()
    count = serializers.IntegerField()


class Statistics(serializers.Serializer):
    total_sessions = serializers.IntegerField()
    active_sessions = serializers.IntegerField()
    total_messages = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    average_messages_per_session = serializers.FloatField()


create_session = described(
    "Create a session, or return the one with its `external_id`",
    name="createSession",
    request=Shape(SessionInput, {"title": "Holidays", "model": "openai/gpt-4o"}),
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    status=201,
    repeated_status=200,
    idempotent=True,
)
list_sessions = listed(
    "List sessions, most recently touched first",
    name="listSessions",
    query=SessionPageInput,
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    beside={"next_cursor": Shape(serializers.CharField(allow_null=True), None)},
)
delete_sessions = described(
    # OpenAPI does not define request bodies for DELETE.
    'Delete up to 500 sessions, which the body names: `{"ids": [17, 18]}`; or, with '
    "`end_user_id` and no body, erase all sessions of that person for good",
    name="deleteSessions",
    query=ChosenEndUserInput,
    answer=Shape(
        inline_serializer("DeletedCount", {"deleted_count": serializers.IntegerField()}),
        {"deleted_count": 2},
    ),
)
create_sessions = listed(
    "Create several sessions",
    name="createSessions",
    request=Shape(SessionBatchInput, {"sessions": [{"title": "Holidays"}, {}]}),
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    status=201,
    idempotent=True,
)
read_session = described(
    "Read a session and a page of its messages, oldest first",
    name="readSession",
    query=BranchedPageInput,
    answer=Shape(
        SessionDetail,
        {
            **SESSION_EXAMPLE,
            "current_message_id": 99,
            "messages": [MESSAGE_EXAMPLE],
            "has_more_messages": False,
        },
    ),
)
_change_session = partial(
    described,
    "Rename, sort, pin or archive a session, or show another branch; absent fields stay",
    request=Shape(SessionChange, {"title": "Holidays in March"}),
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    problems=(409,),
)
update_session = _change_session(name="updateSession")
patch_session = _change_session(name="patchSession")
delete_session = described("Delete a session", name="deleteSession")
restore_session = described(
    "Restore a deleted session",
    name="restoreSession",
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    idempotent=True,
)
fork_session = described(
    "Copy a session, up to a message",
    name="forkSession",
    request=Shape(ForkInput, {"message_id": 99}),
    answer=Shape(SessionSerializer, SESSION_EXAMPLE),
    status=201,
    idempotent=True,
)
list_tags = listed(
    "List tags, the most frequent first",
    name="listTags",
    query=ChosenEndUserInput,
    answer=Shape(TagCount, {"tag": "work", "count": 2}),
)
list_folders = listed(
    "List folders by name",
    name="listFolders",
    query=ChosenEndUserInput,
    answer=Shape(FolderCount, {"folder": "Trips", "count": 2}),
)
chat_stats = described(
    "Count sessions, messages and tokens",
    name="chatStats",
    query=ChosenEndUserInput,
    answer=Shape(Statistics, _STATISTICS),
    beside={"stats": Shape(Statistics, _STATISTICS)},
)
