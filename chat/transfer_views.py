"""The HTTP face of export and import."""

from http import HTTPStatus

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404

from accounts.authentication import AuthenticatedRequest
from chat import openapi, transfer
from chat.chat_view import ChatView
from chat.idempotency import idempotent
from chat.models import ChatSession
from chat.serializers import ChatInput, ExportInput, SessionSerializer
from gatewayz.envelope import success
from gatewayz.json_bodies import JSONResponse
from gatewayz.serializing import represented, validated


@openapi.export
class ExportView(ChatView):
    def get(self, request: AuthenticatedRequest, session_id: int) -> StreamingHttpResponse:
        asked = validated(ExportInput, request.query_params)
        form = asked["format"]
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        return _download(
            StreamingHttpResponse(
                transfer.export_chat(session, form), content_type=transfer.CONTENT_TYPES[form]
            ),
            f"chat-{session.pk}.{transfer.SUFFIXES[form]}",
        )


@openapi.export_all
class ExportAllView(ChatView):
    def get(self, request: AuthenticatedRequest) -> StreamingHttpResponse:
        lines = transfer.export_all(request.user)
        return _download(
            StreamingHttpResponse(lines, content_type="application/x-ndjson"), "chats.ndjson"
        )


@openapi.chat_import
class ImportView(ChatView):
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ChatInput, request.data)
        session = transfer.import_chat(request.user, given)
        return success(
            represented(SessionSerializer, session),
            message="Chat imported successfully",
            status=HTTPStatus.CREATED,
        )


def _download(response: StreamingHttpResponse, name: str) -> StreamingHttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
