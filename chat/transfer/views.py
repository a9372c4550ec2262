"""Views of export and import."""

from http import HTTPStatus

from django.shortcuts import get_object_or_404

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.models import ChatSession
from chat.sessions.serializers import represented_session
from chat.transfer import copying, openapi
from chat.transfer.serializers import ChatInput, ExportInput
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import validated
from gatewayz.streaming.downloads import Download


@openapi.export
class ExportView(ChatView):
    def get(self, request: AuthenticatedRequest, session_id: int) -> Download:
        given = validated(ExportInput, request.query_params)
        form = given["format"]
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        return Download(
            request.user.user_id,
            copying.export_chat(session, form),
            filename=f"chat-{session.pk}.{copying.SUFFIXES[form]}",
            content_type=copying.CONTENT_TYPES[form],
        )


@openapi.export_all
class ExportAllView(ChatView):
    def get(self, request: AuthenticatedRequest) -> Download:
        return Download(
            request.user.user_id,
            copying.export_all(request.user),
            filename="chats.ndjson",
            content_type="application/x-ndjson",
        )


@openapi.chat_import
class ImportView(ChatView):
    takes_long_bodies = True

    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ChatInput, request.data)
        session = copying.import_chat(request.user, given)
        return success(
            represented_session(session),
            message="Chat imported successfully",
            status=HTTPStatus.CREATED,
        )
