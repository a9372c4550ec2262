"""The paths below /admin that staff's clients of the old service call."""

from accounts.staff import notifications, plans, rate_limits, roles

urlpatterns = [
    *notifications.urlpatterns,
    *plans.urlpatterns,
    *rate_limits.urlpatterns,
    *roles.urlpatterns,
]
