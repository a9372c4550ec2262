"""Views of sessions."""

from http import HTTPStatus

from django.shortcuts import get_object_or_404

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.messages.read import page_of_messages
from chat.messages.serializers import MessagePageInput, MessageSerializer
from chat.models import ChatSession
from chat.sessions import openapi, write
from chat.sessions.cursors import cursor_after, read_cursor
from chat.sessions.serializers import (
    ForkInput,
    SessionBatchInput,
    SessionChange,
    SessionIdsInput,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented, represented_all, validated
from gatewayz.database.replica import reads_replica


@openapi.sessions
class SessionsView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionInput, request.data)
        session = write.create_session(request.user, **given)
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
        deleted = write.delete_sessions(request.user, given["ids"])
        return success({"deleted_count": deleted}, message=f"{deleted} chat sessions deleted")


@openapi.session_batch
class SessionBatchView(ChatView):
    takes_long_bodies = True

    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionBatchInput, request.data)
        sessions = write.create_sessions(request.user, given["sessions"])
        return success(
            represented_all(SessionSerializer, sessions),
            message=f"{len(sessions)} chat sessions created successfully",
            status=HTTPStatus.CREATED,
            count=len(sessions),
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
        session = write.update_session(request.user, session_id, **given)
        return success(
            represented(SessionSerializer, session), message="Chat session updated successfully"
        )

    def patch(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        return self.put(request, session_id)

    def delete(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        write.delete_session(request.user, session_id)
        return success(None, message="Chat session deleted successfully")


@openapi.session_restore
class SessionRestoreView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        session = write.restore_session(request.user, session_id)
        return success(
            represented(SessionSerializer, session), message="Chat session restored successfully"
        )


@openapi.session_fork
class SessionForkView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(ForkInput, request.data)
        fork = write.fork_session(request.user, session_id, **given)
        return success(
            represented(SessionSerializer, fork),
            message="Chat session forked successfully",
            status=HTTPStatus.CREATED,
        )


@openapi.stats
class StatsView(ChatView):
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        statistics = ChatSession.objects.owned_by(request.user).statistics()
        return success(statistics, stats=statistics)
