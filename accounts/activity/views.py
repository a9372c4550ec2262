"""Views of a user's own activity."""

from accounts.activity import old_shapes, openapi
from accounts.activity.pages import page_of_log
from accounts.activity.serializers import (
    ActivityEventSerializer,
    ActivityLogInput,
    ActivityStatsInput,
)
from accounts.activity.totals import activity_totals
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented_all, validated
from gatewayz.api.view import ApiView


class ActivityStatsView(ApiView):
    scope_resource = "activity"

    @openapi.activity_stats
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        period = validated(ActivityStatsInput, request.query_params)
        sums = activity_totals(request.user, **period)
        return success(sums, old=old_shapes.statistics)


class ActivityLogView(ApiView):
    scope_resource = "activity"

    @openapi.activity_log
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ActivityLogInput, request.query_params)
        page, limit = given.pop("page"), given["limit"]
        events, total = page_of_log(request.user, **given)
        logs = represented_all(ActivityEventSerializer, events)
        old = old_shapes.log(total=total, page=page, limit=limit, offset=given["offset"])
        return success(logs, count=total, old=old)
