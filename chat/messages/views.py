"""The HTTP face of messages."""

from http import HTTPStatus
from typing import cast

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.messages import openapi
from chat.messages.serializers import MessageBatchInput, MessageInput, MessageSerializer
from chat.messages.write import NewMessage, append_messages
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented, represented_all, validated


@openapi.messages
class MessagesView(ChatView):
    takes_long_bodies = True

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
    takes_long_bodies = True

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
