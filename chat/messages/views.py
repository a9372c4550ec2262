"""Views of messages."""

from http import HTTPStatus
from typing import cast

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.messages import openapi, write
from chat.messages.read import page_as_json
from chat.messages.serializers import (
    BranchedPageInput,
    MessageBatchInput,
    MessageChange,
    MessageInput,
    MessageSerializer,
    TruncationInput,
)
from chat.messages.throttles import UpdateThrottle
from chat.messages.write import NewMessage
from chat.models import ChatMessage, ChatSession
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.conditional import etag_of, not_modified
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented, represented_all, validated
from gatewayz.database.replica import reads_replica


class MessagesView(ChatView):
    takes_long_bodies = True
    throttle_classes = (UpdateThrottle,)

    @openapi.append_message
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(MessageInput, request.data)
        (saved,) = write.append_messages(request.user, session_id, [cast("NewMessage", given)])
        return success(
            represented(MessageSerializer, saved.message),
            message="Message saved successfully",
            status=HTTPStatus.CREATED if saved.is_new else HTTPStatus.OK,
        )

    @openapi.list_messages
    @reads_replica
    def get(self, request: AuthenticatedRequest, session_id: int) -> HttpResponse:
        page = validated(BranchedPageInput, request.query_params)
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        etag = etag_of(session.version, session.updated_at)
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        messages, has_more = page_as_json(request.user, session_id, **page)
        return success(messages, has_more_messages=has_more, etag=etag)

    @openapi.truncate_messages
    def delete(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        after = validated(TruncationInput, request.query_params)["after"]
        deleted = write.truncate(request.user, session_id, after)
        return success({"deleted_count": deleted}, message=f"{deleted} messages deleted")


class MessageView(ChatView):
    takes_long_bodies = True
    throttle_classes = (UpdateThrottle,)

    @openapi.read_message
    def get(self, request: AuthenticatedRequest, session_id: int, message_id: int) -> HttpResponse:
        owned = ChatMessage.objects.owned_by(request.user)
        one = owned.filter(session_id=session_id, pk=message_id)
        version = one.values_list("session__version", "session__updated_at").first()
        if version is None:
            raise Http404
        etag = etag_of(*version)
        if (unchanged := not_modified(request, etag)) is not None:
            return unchanged
        return success(represented(MessageSerializer, get_object_or_404(one)), etag=etag)

    @openapi.patch_message
    def patch(
        self, request: AuthenticatedRequest, session_id: int, message_id: int
    ) -> JSONResponse:
        given = validated(MessageChange, request.data)
        message = write.change_message(request.user, session_id, message_id, given)
        return success(
            represented(MessageSerializer, message), message="Message updated successfully"
        )

    @openapi.update_message
    def put(self, request: AuthenticatedRequest, session_id: int, message_id: int) -> JSONResponse:
        return self.patch(request, session_id, message_id)

    @openapi.delete_message
    def delete(
        self, request: AuthenticatedRequest, session_id: int, message_id: int
    ) -> JSONResponse:
        write.delete_message(request.user, session_id, message_id)
        return success(None, message="Message deleted successfully")


class MessageBatchView(ChatView):
    takes_long_bodies = True

    @openapi.append_messages
    @idempotent
    def post(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        given = validated(MessageBatchInput, request.data)
        appended = write.append_messages(request.user, session_id, given["messages"])
        messages = [one.message for one in appended]
        saved = [
            {"success": True, "message_id": message["id"], "data": message}
            for message in represented_all(MessageSerializer, messages)
        ]
        return success(
            {
                "saved": saved,
                # Always empty: it is all or nothing, and a failure is answered by an error.
                "failed": [],
                "total": len(saved),
                "success_count": len(saved),
                "failure_count": 0,
            },
            message=f"{len(saved)} messages saved successfully",
            status=HTTPStatus.CREATED,
        )
