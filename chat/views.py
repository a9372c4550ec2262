"""The HTTP face of sessions."""

from http import HTTPStatus
from typing import cast

from django.shortcuts import get_object_or_404

from accounts.authentication import AuthenticatedRequest
from chat import openapi, sessions
from chat.chat_view import ChatView
from chat.cursors import cursor_after, read_cursor
from chat.idempotency import idempotent
from chat.messages import NewMessage, append_messages, page_of_messages
from chat.models import ChatSession
from chat.search import search_chats
from chat.serializers import (
    ForkInput,
    MatchSerializer,
    MessageBatchInput,
    MessageInput,
    MessagePageInput,
    MessageSerializer,
    SearchInput,
    SessionBatchInput,
    SessionChange,
    SessionIdsInput,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from gatewayz.envelope import success
from gatewayz.json_bodies import JSONResponse
from gatewayz.replica import reads_replica
from gatewayz.serializing import represented, represented_all, validated


@openapi.sessions
class SessionsView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionInput, request.data)
        session = sessions.create_session(request.user, **given)
        return success(
            represented(SessionSerializer, session),
            message="Chat session created successfully",
            status=HTTPStatus.CREATED,
        )

    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(SessionPageInput, request.query_params)
        limit, offset = page["limit"], page["offset"]
        owned = ChatSession.objects.owned_by(request.user)
        owned = owned.deleted() if page["deleted"] else owned.active()
        owned = owned.marked(pinned=page["pinned"], archived=page["archived"])
        listed = owned.recent()
        if cursor := page.get("cursor"):
            listed = listed.older_than(*read_cursor(cursor))
        found = list(listed[offset : offset + limit])
        return success(
            represented_all(SessionSerializer, found),
            count=owned.count(),
            next_cursor=cursor_after(found[-1]) if len(found) == limit else None,
        )

    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionIdsInput, request.data)
        deleted = sessions.delete_sessions(request.user, given["ids"])
        return success({"deleted_count": deleted}, message=f"{deleted} chat sessions deleted")


@openapi.session_batch
class SessionBatchView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionBatchInput, request.data)
        made = sessions.create_sessions(request.user, given["sessions"])
        return success(
            represented_all(SessionSerializer, made),
            message=f"{len(made)} chat sessions created successfully",
            status=HTTPStatus.CREATED,
            count=len(made),
        )


@openapi.session
class SessionView(ChatView):
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        page = validated(MessagePageInput, request.query_params)
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        messages, has_more = page_of_messages(session, **page)
        return success(
            {
                **represented(SessionSerializer, session),
                "messages": represented_all(MessageSerializer, messages),
                "has_more_messages": has_more,
            }
        )

    def put(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(SessionChange, request.data)
        session = sessions.update_session(request.user, session_id, **given)
        return success(
            represented(SessionSerializer, session), message="Chat session updated successfully"
        )

    def patch(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        return self.put(request, session_id)

    def delete(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        sessions.delete_session(request.user, session_id)
        return success(None, message="Chat session deleted successfully")


@openapi.session_restore
class SessionRestoreView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        session = sessions.restore_session(request.user, session_id)
        return success(
            represented(SessionSerializer, session), message="Chat session restored successfully"
        )


@openapi.session_fork
class SessionForkView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(ForkInput, request.data)
        fork = sessions.fork_session(request.user, session_id, **given)
        return success(
            represented(SessionSerializer, fork),
            message="Chat session forked successfully",
            status=HTTPStatus.CREATED,
        )


@openapi.messages
class MessagesView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(MessageInput, request.data)
        (message,) = append_messages(request.user, session_id, [cast("NewMessage", given)])
        return success(
            represented(MessageSerializer, message),
            message="Message saved successfully",
            status=HTTPStatus.CREATED,
        )


@openapi.message_batch
class MessageBatchView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(MessageBatchInput, request.data)
        messages = append_messages(request.user, session_id, given["messages"])
        saved = [
            {"success": True, "message_id": message["id"], "data": message}
            for message in represented_all(MessageSerializer, messages)
        ]
        return success(
            {
                "saved": saved,
                # Always empty: it is all or nothing, and an error is no success.
                "failed": [],
                "total": len(saved),
                "success_count": len(saved),
                "failure_count": 0,
            },
            message=f"{len(saved)} messages saved successfully",
            status=HTTPStatus.CREATED,
        )


@openapi.search
class SearchView(ChatView):
    # A POST, but it changes nothing.
    scope_level = "read"

    @idempotent
    @reads_replica
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SearchInput, request.data)
        matches, count = search_chats(request.user, **given)
        return success(represented_all(MatchSerializer, matches), count=count)


@openapi.stats
class StatsView(ChatView):
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        statistics = ChatSession.objects.owned_by(request.user).statistics()
        return success(statistics, stats=statistics)
