"""The HTTP face of sessions."""

from http import HTTPStatus

from django.shortcuts import get_object_or_404
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AuthenticatedRequest
from chat import sessions
from chat.cursors import cursor_after, read_cursor
from chat.messages import page_of_messages
from chat.models import ChatSession
from chat.serializers import (
    MessagePageInput,
    MessageSerializer,
    SessionInput,
    SessionPageInput,
    SessionSerializer,
)
from gatewayz.envelope import success


class SessionsView(APIView):
    def post(self, request: AuthenticatedRequest) -> Response:
        given = SessionInput(data=request.data)
        given.is_valid(raise_exception=True)
        session = sessions.create_session(request.user, **given.validated_data)
        return success(
            SessionSerializer(session).data,
            message="Chat session created successfully",
            status=HTTPStatus.CREATED,
        )

    def get(self, request: AuthenticatedRequest) -> Response:
        page = SessionPageInput(data=request.query_params)
        page.is_valid(raise_exception=True)
        limit, offset = page.validated_data["limit"], page.validated_data["offset"]
        owned = ChatSession.objects.owned_by(request.user).active()
        listed = owned.recent()
        if cursor := page.validated_data.get("cursor"):
            listed = listed.older_than(*read_cursor(cursor))
        found = list(listed[offset : offset + limit])
        return success(
            SessionSerializer(found, many=True).data,
            count=owned.count(),
            next_cursor=cursor_after(found[-1]) if len(found) == limit else None,
        )


class SessionView(APIView):
    def get(self, request: AuthenticatedRequest, session_id: int) -> Response:
        page = MessagePageInput(data=request.query_params)
        page.is_valid(raise_exception=True)
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        messages, has_more = page_of_messages(session, **page.validated_data)
        return success(
            {
                **SessionSerializer(session).data,
                "messages": MessageSerializer(messages, many=True).data,
                "has_more_messages": has_more,
            }
        )
