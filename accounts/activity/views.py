"""The HTTP face of activity: one's own, and nobody else's."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.activity.pages import page_of_log
from accounts.activity.serializers import (
    ActivityEventSerializer,
    ActivityLogInput,
    ActivityStatsInput,
)
from accounts.activity.sums import sum_activity
from accounts.authentication import AuthenticatedRequest
from gatewayz.envelope import success


class ActivityStatsView(APIView):
    scope_resource = "activity"

    def get(self, request: AuthenticatedRequest) -> Response:
        period = ActivityStatsInput(data=request.query_params)
        period.is_valid(raise_exception=True)
        sums = sum_activity(request.user, **period.validated_data)
        # Beside `data` too, where clients of the old service look.
        return success(sums, **sums)


class ActivityLogView(APIView):
    scope_resource = "activity"

    def get(self, request: AuthenticatedRequest) -> Response:
        given = ActivityLogInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        page, limit = given.validated_data.pop("page"), given.validated_data["limit"]
        events, total = page_of_log(request.user, **given.validated_data)
        logs = ActivityEventSerializer(events, many=True).data
        return success(logs, count=total, logs=logs, total=total, page=page, limit=limit)
