"""Conversations and their items, answered so that OpenAI's own clients work with this service.

Their answers have no envelope, and their errors also have an `error` (gatewayz.api.problems).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from accounts.principals.principal import AuthenticatedRequest
from chat.conversations import openapi
from chat.conversations.items import find_item, item_of, page_of_items
from chat.conversations.serializers import (
    ConversationChange,
    ConversationInput,
    ItemPageInput,
    ItemsInput,
    conversation_of,
    listed,
)
from chat.conversations.write import create_conversation
from chat.idempotency import idempotent
from chat.messages.write import append_messages, delete_message
from chat.models import ChatSession
from chat.sessions.write import delete_session, update_session
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.conditional import etag_of, not_modified
from gatewayz.api.envelope import with_ignored_fields
from gatewayz.api.serializing import validated
from gatewayz.database.replica import reads_replica


class ConversationsView(ChatView):
    takes_long_bodies = True

    @openapi.create_conversation
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ConversationInput, request.data)
        return JSONResponse(conversation_of(create_conversation(request.user, **given)))


class ConversationView(ChatView):
    @openapi.read_conversation
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int) -> HttpResponse:
        session = _session(request, session_id)
        return _unless_known(request, session, lambda: conversation_of(session))

    @openapi.update_conversation
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(ConversationChange, request.data)
        return JSONResponse(conversation_of(update_session(request.user, session_id, **given)))

    @openapi.delete_conversation
    def delete(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        delete_session(request.user, session_id)
        deleted = {"id": f"conv_{session_id}", "object": "conversation.deleted", "deleted": True}
        return JSONResponse(deleted)


class ItemsView(ChatView):
    takes_long_bodies = True

    @openapi.list_items
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int) -> HttpResponse:
        asked = validated(ItemPageInput, request.query_params)
        session = _session(request, session_id)

        def page() -> dict[str, Any]:
            messages, has_more = page_of_items(session, **asked)
            return listed([*map(item_of, messages)], has_more=has_more)

        return _unless_known(request, session, page)

    @openapi.append_items
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(ItemsInput, request.data)
        appended = append_messages(request.user, session_id, given["items"])
        answer = listed([item_of(message) for message, _ in appended])
        return JSONResponse(with_ignored_fields(answer))


class ItemView(ChatView):
    @openapi.read_item
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int, item_id: str) -> HttpResponse:
        message = find_item(request.user, session_id, item_id)
        return _unless_known(request, message.session, lambda: item_of(message))

    @openapi.delete_item
    def delete(self, request: AuthenticatedRequest, session_id: int, item_id: str) -> JSONResponse:
        message = find_item(request.user, session_id, item_id)
        delete_message(request.user, session_id, message.pk)
        return JSONResponse(conversation_of(_session(request, session_id)))


def _session(request: AuthenticatedRequest, session_id: int) -> ChatSession:
    return get_object_or_404(ChatSession.objects.owned_by(request.user).active(), pk=session_id)


def _unless_known(
    request: AuthenticatedRequest, session: ChatSession, body: Callable[[], dict[str, Any]]
) -> HttpResponse:
    """Answer with `body`, which shows part of `session`; 304 if the client already has it."""
    etag = etag_of(session.version, session.updated_at)
    unchanged = not_modified(request, etag)
    return JSONResponse(body(), headers={"ETag": etag}) if unchanged is None else unchanged
