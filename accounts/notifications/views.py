"""Views of a user's notifications and preferences."""

from accounts.models import Notification
from accounts.notifications import old_shapes, on_request, openapi, webhooks
from accounts.notifications.preferences import preferences_of, set_preferences
from accounts.notifications.serializers import (
    NotificationPageInput,
    NotificationSerializer,
    PreferencesSerializer,
    TestInput,
    UsageMonthInput,
    UsageReportInput,
)
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import status
from gatewayz.api.paging import page_of
from gatewayz.api.serializing import represented, represented_all, validated
from gatewayz.api.view import ApiView


class PreferencesView(ApiView):
    scope_resource = "notifications"

    @openapi.read_notification_preferences
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        preferences = preferences_of(request.user)
        return success(
            represented(PreferencesSerializer, preferences),
            old=old_shapes.preferences(preferences),
        )

    @openapi.change_notification_preferences
    def put(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(PreferencesSerializer, request.data)
        preferences = set_preferences(request.user, **given)
        secret = webhooks.secret_of(request.user.user_id) if preferences.webhook_url else None
        return success(
            represented(PreferencesSerializer, preferences),
            message="Notification preferences updated successfully",
            webhook_secret=secret,
            old=old_shapes.preferences(preferences),
        )


class NotificationsView(ApiView):
    scope_resource = "notifications"

    @openapi.list_notifications
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        asked = validated(NotificationPageInput, request.query_params)
        limit, offset = asked.pop("limit"), asked.pop("offset")
        owned = Notification.objects.owned_by(request.user).filter(**asked)
        page, count = page_of(owned.newest_first(), limit=limit, offset=offset)
        return success(represented_all(NotificationSerializer, page), count=count, old=status)


class TestView(ApiView):
    scope_resource = "notifications"

    @openapi.send_test_notification
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(TestInput, request.query_params)
        sent = on_request.send_test(request.user, given.get("notification_type"))
        return _on_its_way(sent, "Test notification on its way")


class UsageReportView(ApiView):
    scope_resource = "notifications"

    @openapi.send_usage_report
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(UsageReportInput, request.data or {})
        month = validated(UsageMonthInput, request.query_params).get("month")
        first, last = on_request.month(month) if month else on_request.last_days(given["days"])
        sent = on_request.send_usage_report(request.user, first, last)
        return _on_its_way(sent, "Usage report on its way")


def _on_its_way(sent: list[Notification], message: str) -> JSONResponse:
    return success(
        represented_all(NotificationSerializer, sent),
        message=message,
        count=len(sent),
        old=status,
    )
