"""OpenAPI descriptions of feedback, applied to the views as decorators."""

from rest_framework import serializers

from chat.feedback import old_shapes
from chat.feedback.serializers import (
    FeedbackChange,
    FeedbackInput,
    FeedbackPageInput,
    FeedbackSerializer,
    FeedbackStatsInput,
)
from gatewayz.api.openapi import Shape, described, listed

_NEW_FEEDBACK = {"session_id": 17, "message_id": 99, "feedback_type": "thumbs_up", "rating": 5}
_FEEDBACK = {
    "id": 3,
    "user_id": 4,
    **_NEW_FEEDBACK,
    "comment": None,
    "model": "openai/gpt-4o",
    "metadata": None,
    "created_at": "2026-03-01T12:00:00Z",
    "updated_at": "2026-03-01T12:00:00Z",
}
_FEEDBACK_FIGURES = {
    "total_feedback": 4,
    "thumbs_up": 2,
    "thumbs_down": 1,
    "regenerate": 1,
    "thumbs_up_rate": 50.0,
    "thumbs_down_rate": 25.0,
    "regenerate_rate": 25.0,
    "average_rating": 4.5,
}


class FeedbackFigures(serializers.Serializer):
    total_feedback = serializers.IntegerField()
    thumbs_up = serializers.IntegerField()
    thumbs_down = serializers.IntegerField()
    regenerate = serializers.IntegerField()
    thumbs_up_rate = serializers.FloatField(help_text="Percent")
    thumbs_down_rate = serializers.FloatField(help_text="Percent")
    regenerate_rate = serializers.FloatField(help_text="Percent")
    average_rating = serializers.FloatField(allow_null=True)


class FeedbackStatistics(FeedbackFigures):
    days = serializers.IntegerField()
    by_model = serializers.DictField(child=FeedbackFigures())


give_feedback = described(
    "Give feedback",
    name="giveFeedback",
    problems=(404,),
    request=Shape(FeedbackInput, _NEW_FEEDBACK),
    answer=Shape(FeedbackSerializer, _FEEDBACK),
    status=201,
    idempotent=True,
)
list_feedback = listed(
    "List feedback, newest first",
    name="listFeedback",
    query=FeedbackPageInput,
    answer=Shape(FeedbackSerializer, _FEEDBACK),
)
list_session_feedback = listed(
    "List the feedback of a session",
    name="listSessionFeedback",
    query=FeedbackPageInput,
    answer=Shape(FeedbackSerializer, _FEEDBACK),
)
change_feedback = described(
    "Change feedback; absent or null fields stay unchanged",
    name="changeFeedback",
    request=Shape(FeedbackChange, {"rating": 4}),
    answer=Shape(FeedbackSerializer, _FEEDBACK),
)
withdraw_feedback = described("Withdraw feedback", name="withdrawFeedback")
feedback_stats = described(
    "Count feedback, in total and by model",
    name="feedbackStats",
    old=old_shapes.statistics,
    query=FeedbackStatsInput,
    answer=Shape(
        FeedbackStatistics,
        {
            **_FEEDBACK_FIGURES,
            "days": 30,
            "by_model": {"openai/gpt-4o": _FEEDBACK_FIGURES},
        },
    ),
)
