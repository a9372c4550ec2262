"""Statistics of notifications."""

from datetime import timedelta

from django.db.models import Count, Q
from django.urls import path
from django.utils import timezone

from accounts.models import Notification
from accounts.principals.principal import AuthenticatedRequest
from accounts.staff.views import NoSuchStaffView, StaffView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import flat

# Counts the newest ones only, whatever the size of the table.
_COUNTED = 100_000


class NotificationStatsView(StaffView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        newest = Notification.objects.order_by("-id").values("pk")[:_COUNTED]
        yesterday = timezone.now() - timedelta(days=1)
        sent = [Notification.Status.SENT, Notification.Status.DELIVERED]
        stats = Notification.objects.filter(pk__in=newest).aggregate(
            total_notifications=Count("pk"),
            sent_notifications=Count("pk", filter=Q(status__in=sent)),
            failed_notifications=Count("pk", filter=Q(status=Notification.Status.FAILED)),
            pending_notifications=Count("pk", filter=Q(status=Notification.Status.PENDING)),
            last_24h_notifications=Count("pk", filter=Q(created_at__gte=yesterday)),
        )
        total = stats["total_notifications"]
        rate = round(100 * stats["sent_notifications"] / total, 2) if total else 0.0
        return success({**stats, "delivery_rate": rate}, old=flat)


class NotificationProcessView(StaffView):
    """Couriers send what is due by themselves, so there is nothing to start."""

    staff_permission = "accounts.change_notification"

    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        pending = Notification.objects.filter(status=Notification.Status.PENDING)[:_COUNTED]
        return success(
            {"stats": {"pending": pending.count()}},
            message="Notifications are sent as they fall due",
            old=flat,
        )


urlpatterns = [
    path("admin/notifications/stats", NotificationStatsView.as_view()),
    path("admin/notifications/process", NotificationProcessView.as_view()),
    path("admin/notifications/<path:rest>", NoSuchStaffView.as_view()),
]
