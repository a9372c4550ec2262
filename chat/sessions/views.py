"""Views of sessions."""

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.exceptions import ValidationError

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.messages.read import page_as_json
from chat.messages.serializers import BranchedPageInput
from chat.models import ChatSession
from chat.sessions import openapi, read, write
from chat.sessions.read import page_of_sessions, session_as_json
from chat.sessions.serializers import (
    ChosenEndUserInput,
    EndUserInput,
    ForkInput,
    SessionBatchInput,
    SessionChange,
    SessionIdsInput,
    SessionInput,
    SessionPageInput,
    represented_session,
)
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.conditional import not_modified
from gatewayz.api.envelope import success
from gatewayz.api.serializing import validated
from gatewayz.database.replica import reads_replica


class SessionsView(ChatView):
    @openapi.create_session
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionInput, request.data)
        session, is_new = write.get_or_create_session(request.user, **given)
        return success(
            represented_session(session),
            message="Chat session created successfully" if is_new else "Chat session found",
            status=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        )

    @openapi.list_sessions
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        asked = validated(SessionPageInput, request.query_params)
        page = page_of_sessions(request.user, **asked)
        if (unchanged := not_modified(request, page.etag)) is not None:
            return unchanged
        return success(
            page.as_json(), count=page.count, next_cursor=page.next_cursor, etag=page.etag
        )

    @openapi.delete_sessions
    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        if "end_user_id" in request.query_params:
            return self._erase(request)
        given = validated(SessionIdsInput, request.data)
        deleted = write.delete_sessions(request.user, given["ids"])
        return success({"deleted_count": deleted}, message=f"{deleted} chat sessions deleted")

    def _erase(self, request: AuthenticatedRequest) -> JSONResponse:
        asked = validated(EndUserInput, request.query_params)
        if request.data:
            raise ValidationError("Name either sessions in the body or an end user, not both.")
        erased = write.erase_end_user(request.user, **asked)
        return success({"deleted_count": erased}, message=f"{erased} chat sessions erased")


class SessionBatchView(ChatView):
    takes_long_bodies = True

    @openapi.create_sessions
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SessionBatchInput, request.data)
        sessions = write.create_sessions(request.user, given["sessions"])
        return success(
            [represented_session(session) for session in sessions],
            message=f"{len(sessions)} chat sessions created successfully",
            status=HTTPStatus.CREATED,
            count=len(sessions),
        )


class SessionView(ChatView):
    @openapi.read_session
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int) -> HttpResponse:
        page = validated(BranchedPageInput, request.query_params)
        session, etag, is_long = session_as_json(request.user, session_id)
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        messages, has_more = page_as_json(request.user, session_id, is_long=is_long, **page)
        # After the messages: clients that look for the first `metadata` mean theirs.
        metadata = session.pop("metadata")
        return success(
            {
                **session,
                "messages": messages,
                "has_more_messages": has_more,
                "metadata": metadata,
            },
            etag=etag,
        )

    @openapi.update_session
    def put(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(SessionChange, request.data)
        session = write.update_session(request.user, session_id, **given)
        return success(represented_session(session), message="Chat session updated successfully")

    @openapi.patch_session
    def patch(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        return self.put(request, session_id)

    @openapi.delete_session
    def delete(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        write.delete_session(request.user, session_id)
        return success(None, message="Chat session deleted successfully")


class SessionRestoreView(ChatView):
    @openapi.restore_session
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        session = write.restore_session(request.user, session_id)
        return success(represented_session(session), message="Chat session restored successfully")


class SessionForkView(ChatView):
    @openapi.fork_session
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(ForkInput, request.data)
        fork = write.fork_session(request.user, session_id, **given)
        return success(
            represented_session(fork),
            message="Chat session forked successfully",
            status=HTTPStatus.CREATED,
        )


class TagsView(ChatView):
    @openapi.list_tags
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        asked = validated(ChosenEndUserInput, request.query_params)
        found = ChatSession.objects.owned_by(request.user).active().matching(**asked).tags()
        return success([{"tag": tag, "count": count} for tag, count in found], count=len(found))


class FoldersView(ChatView):
    @openapi.list_folders
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        asked = validated(ChosenEndUserInput, request.query_params)
        found = ChatSession.objects.owned_by(request.user).active().matching(**asked).folders()
        return success(
            [{"folder": folder, "count": count} for folder, count in found], count=len(found)
        )


class StatsView(ChatView):
    @openapi.chat_stats
    @reads_replica
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        asked = validated(ChosenEndUserInput, request.query_params)
        statistics = read.statistics(request.user, **asked)
        return success(statistics, stats=statistics)
