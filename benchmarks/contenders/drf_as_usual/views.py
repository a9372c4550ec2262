import logging
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import BaseHasAPIKey, KeyParser

from benchmarks.contenders.drf_as_usual.models import (
    ActivityLog,
    ChatMessage,
    ChatSession,
    SearchText,
    UserAPIKey,
)

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


class ChatMessageSerializer(serializers.ModelSerializer):
    session_id = serializers.IntegerField(read_only=True)
    role = serializers.ChoiceField(
        ["user", "assistant", "system", "developer", "tool", "function"]
    )
    status = serializers.ChoiceField(
        ["in_progress", "completed", "incomplete", "failed"], required=False
    )

    class Meta:
        model = ChatMessage
        fields = [
            "id",
            "session_id",
            "role",
            "content",
            "model",
            "tokens",
            "reasoning",
            "metadata",
            "created_at",
            "status",
        ]
        read_only_fields = ["created_at"]
        extra_kwargs = {"model": {"required": False, "allow_null": True}}


class SearchSerializer(serializers.Serializer):
    query = serializers.CharField(max_length=500)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class LimitSerializer(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=50)
    offset = serializers.IntegerField(min_value=0, default=0)
    message_limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)


class ChatView(APIView):
    permission_classes = [HasUserAPIKey]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # As the package's documentation gets at the key of a request.
        key = request.META["HTTP_AUTHORIZATION"].split()[1]
        self.user = UserAPIKey.objects.get_from_key(key).user
        if not self.user.is_active:
            raise PermissionDenied

    def get_session(self, session_id: int) -> ChatSession:
        return get_object_or_404(ChatSession, pk=session_id, user=self.user, is_active=True)

    def log(self, session: ChatSession, reason: str, tokens: int = 0) -> None:
        ActivityLog.objects.create(
            user=self.user,
            model=session.model,
            provider=session.model.partition("/")[0],
            tokens=tokens,
            finish_reason=reason,
            app="Chat",
            metadata={"session_id": session.pk},
        )


class ChatSessionsView(ChatView):
    def get(self, request: Request) -> Response:
        page = checked(LimitSerializer, request.query_params)
        sessions = ChatSession.objects.filter(user=self.user, is_active=True)
        start = page["offset"]
        listed = sessions.order_by("-updated_at", "-id")[start : start + page["limit"]]
        data = ChatSessionSerializer(listed, many=True).data
        return Response({"success": True, "data": data, "count": sessions.count()})

    def post(self, request: Request) -> Response:
        serializer = ChatSessionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        session = serializer.save(
            user=self.user,
            title=given.get("title") or f"Chat {timezone.now():%Y-%m-%d %H:%M}",
            model=given.get("model") or "openai/gpt-3.5-turbo",
        )
        self.log(session, "session_created")
        logger.info("Created chat session %d for user %d", session.pk, self.user.pk)
        return Response(
            {
                "success": True,
                "data": serializer.data,
                "message": "Chat session created successfully",
            },
            status=status.HTTP_201_CREATED,
        )


class ChatSessionView(ChatView):
    def get(self, request: Request, session_id: int) -> Response:
        session = self.get_session(session_id)
        limit = checked(LimitSerializer, request.query_params)["message_limit"]
        newest = list(session.messages.order_by("-id")[: limit + 1])
        messages = ChatMessageSerializer(newest[:limit][::-1], many=True).data
        data = {
            **ChatSessionSerializer(session).data,
            "messages": messages,
            "has_more_messages": len(newest) > limit,
        }
        return Response({"success": True, "data": data})


class ChatMessagesView(ChatView):
    def post(self, request: Request, session_id: int) -> Response:
        session = self.get_session(session_id)
        serializer = ChatMessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        with transaction.atomic():
            message = serializer.save(session=session, model=given.get("model") or "")
            session.updated_at = timezone.now()
            session.model = message.model or session.model
            session.save(update_fields=["updated_at", "model"])
        self.log(session, "message_saved", message.tokens)
        return Response(
            {"success": True, "data": serializer.data, "message": "Message saved successfully"},
            status=status.HTTP_201_CREATED,
        )


class ChatMessageView(ChatView):
    def patch(self, request: Request, session_id: int, message_id: int) -> Response:
        session = self.get_session(session_id)
        message = get_object_or_404(session.messages, pk=message_id)
        serializer = ChatMessageSerializer(message, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            serializer.save()
            session.updated_at = timezone.now()
            session.save(update_fields=["updated_at"])
        return Response({"success": True, "data": serializer.data})


class SearchView(ChatView):
    def post(self, request: Request) -> Response:
        given = checked(SearchSerializer, request.data)
        query = SearchQuery(given["query"], search_type="websearch", config="simple")
        found = (
            SearchText.objects.filter(search=query, session__user=self.user)
            .filter(session__is_active=True)
            .annotate(rank=SearchRank("search", query))
            .select_related("session")
            .order_by("-rank", "-message_id")
        )
        best: dict[int, SearchText] = {}
        for match in found:
            best.setdefault(match.session_id, match)
        page = list(best.values())[: given["limit"]]
        snippets = dict(
            ChatMessage.objects.filter(pk__in=[match.message_id for match in page])
            .annotate(snippet=SearchHeadline("content", query, config="simple"))
            .values_list("pk", "snippet")
        )
        data = [
            {
                **ChatSessionSerializer(match.session).data,
                "message_id": match.message_id,
                "rank": match.rank,
                "snippet": snippets[match.message_id],
            }
            for match in page
        ]
        return Response({"success": True, "data": data, "count": len(best)})


def checked(serializer_class: type[serializers.Serializer], given: Any) -> dict[str, Any]:
    serializer = serializer_class(data=given)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
