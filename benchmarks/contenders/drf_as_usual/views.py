import logging

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import BaseHasAPIKey, KeyParser

from benchmarks.contenders.drf_as_usual.models import ActivityLog, ChatSession, UserAPIKey

logger = logging.getLogger(__name__)


class BearerKeyParser(KeyParser):
    keyword = "Bearer"


class HasUserAPIKey(BaseHasAPIKey):
    model = UserAPIKey
    key_parser = BearerKeyParser()


class ChatSessionSerializer(serializers.ModelSerializer):
    user_id = serializers.IntegerField(read_only=True)
    title = serializers.CharField(max_length=255, required=False)
    model = serializers.CharField(max_length=255, required=False)

    class Meta:
        model = ChatSession
        fields = [
            "id",
            "user_id",
            "title",
            "model",
            "is_active",
            "is_pinned",
            "is_archived",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["is_active", "created_at", "updated_at"]


class ChatSessionsView(APIView):
    permission_classes = [HasUserAPIKey]

    def post(self, request: Request) -> Response:
        # As the package's documentation gets at the key of a request.
        key = request.META["HTTP_AUTHORIZATION"].split()[1]
        api_key = UserAPIKey.objects.get_from_key(key)
        user = api_key.user
        if not user.is_active:
            raise PermissionDenied
        serializer = ChatSessionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        session = serializer.save(
            user=user,
            title=given.get("title") or f"Chat {timezone.now():%Y-%m-%d %H:%M}",
            model=given.get("model") or "openai/gpt-3.5-turbo",
        )
        ActivityLog.objects.create(
            user=user,
            model=session.model,
            provider=session.model.partition("/")[0],
            finish_reason="session_created",
            app="Chat",
            metadata={"action": "create_session", "session_id": session.pk},
        )
        logger.info("Created chat session %d for user %d", session.pk, user.pk)
        return Response(
            {
                "success": True,
                "data": serializer.data,
                "message": "Chat session created successfully",
            },
            status=status.HTTP_201_CREATED,
        )


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
