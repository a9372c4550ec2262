"""The HTTP face of activity: one's own, and nobody else's."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.activity_serializers import (
    ActivityEventSerializer,
    ActivityLogInput,
    ActivityStatsInput,
)
from accounts.activity_sums import sum_activity
from accounts.authentication import AuthenticatedRequest
from accounts.models import ActivityDay, ActivityEvent
from gatewayz.envelope import success


class ActivityStatsView(APIView):
    def get(self, request: AuthenticatedRequest) -> Response:
        period = ActivityStatsInput(data=request.query_params)
        period.is_valid(raise_exception=True)
        sums = sum_activity(request.user, **period.validated_data)
        # Beside `data` too, where clients of the old service look.
        return success(sums, **sums)


class ActivityLogView(APIView):
    def get(self, request: AuthenticatedRequest) -> Response:
        given = ActivityLogInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        limit, offset = asked["limit"], asked["offset"]
        period, names = (asked["first"], asked["last"]), asked["names"]
        days = ActivityDay.objects.owned_by(request.user).in_days(*period).filter(**names)
        events = ActivityEvent.objects.owned_by(request.user).in_days(*period).filter(**names)
        page = events.newest_first()[offset : offset + limit]
        logs, total = ActivityEventSerializer(page, many=True).data, days.logged_events()
        return success(
            logs, count=total, logs=logs, total=total, page=offset // limit + 1, limit=limit
        )
