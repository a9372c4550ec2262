"""Views of feedback."""

from datetime import timedelta
from http import HTTPStatus

from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.principals.principal import AuthenticatedRequest
from chat.feedback import old_shapes, openapi, write
from chat.feedback.serializers import (
    FeedbackChange,
    FeedbackInput,
    FeedbackPageInput,
    FeedbackSerializer,
    FeedbackStatsInput,
)
from chat.idempotency import idempotent
from chat.models import ChatSession, Feedback, FeedbackQuerySet
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import page_of
from gatewayz.api.serializing import represented, represented_all, validated


class FeedbackListView(ChatView):
    takes_long_bodies = True

    @openapi.give_feedback
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(FeedbackInput, request.data)
        feedback = write.give_feedback(request.user, **given)
        return success(
            represented(FeedbackSerializer, feedback),
            message="Feedback saved successfully",
            status=HTTPStatus.CREATED,
        )

    @openapi.list_feedback
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(FeedbackPageInput, request.query_params)
        return _page(Feedback.objects.owned_by(request.user), **page)


class SessionFeedbackView(ChatView):
    @openapi.list_session_feedback
    def get(self, request: AuthenticatedRequest, session_id: int) -> JSONResponse:
        page = validated(FeedbackPageInput, request.query_params)
        session = get_object_or_404(
            ChatSession.objects.owned_by(request.user).active(), pk=session_id
        )
        return _page(
            Feedback.objects.owned_by(request.user),
            **page | {"session_id": session.pk},
        )


class FeedbackView(ChatView):
    takes_long_bodies = True

    @openapi.change_feedback
    def put(self, request: AuthenticatedRequest, feedback_id: int) -> JSONResponse:
        given = validated(FeedbackChange, request.data)
        changed = write.change_feedback(request.user, feedback_id, **given)
        return success(
            represented(FeedbackSerializer, changed), message="Feedback updated successfully"
        )

    @openapi.withdraw_feedback
    def delete(self, request: AuthenticatedRequest, feedback_id: int) -> JSONResponse:
        write.withdraw_feedback(request.user, feedback_id)
        return success(None, message="Feedback deleted successfully")


class FeedbackStatsView(ChatView):
    @openapi.feedback_stats
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(FeedbackStatsInput, request.query_params)
        days = given["days"]
        statistics = write.feedback_statistics(
            request.user,
            since=timezone.now() - timedelta(days=days),
            model=given.get("model"),
        )
        return success({**statistics, "days": days}, old=old_shapes.statistics)


def _page(
    feedback: FeedbackQuerySet, *, limit: int, offset: int, **matching: int | str
) -> JSONResponse:
    matches = feedback.filter(**matching).newest_first()
    found, count = page_of(matches, limit=limit, offset=offset)
    return success(represented_all(FeedbackSerializer, found), count=count)
