from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from accounts.activity.health import activity_stats
from gatewayz import health

urlpatterns = [
    # Before the keys, among which its path would be looked for.
    path("v1/", include("accounts.audit.urls")),
    path("v1/", include("accounts.urls")),
    path("v1/", include("chat.urls")),
    path("v1/", include("accounts.activity.urls")),
    # Where clients of the old service look for them.
    path("", include("accounts.audit.urls")),
    path("user/", include("accounts.activity.urls")),
    path("v1/schema", SpectacularJSONAPIView.as_view()),
    path("healthz", health.healthz),
    path("readyz", health.readyz, {"activity": activity_stats}),
    path("admin/", admin.site.urls),
]

handler400 = "gatewayz.problems.bad_request"
handler403 = "gatewayz.problems.permission_denied"
handler404 = "gatewayz.problems.not_found"
handler500 = "gatewayz.problems.server_error"
