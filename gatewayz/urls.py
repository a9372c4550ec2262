from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from accounts.activity.health import activity_stats
from accounts.metrics import DEPENDENCIES
from gatewayz import health
from gatewayz.api_page import api_page
from gatewayz.metrics.scrape import metrics

urlpatterns = [
    path("v1/", include("accounts.urls")),
    path("v1/", include("accounts.audit.urls")),
    path("v1/", include("chat.urls")),
    path("v1/", include("accounts.activity.urls")),
    path("v1/", include("accounts.key_urls")),
    # Where clients of the old service look for them.
    path("", include("accounts.audit.urls")),
    path("user/", include("accounts.activity.urls")),
    path("", include("accounts.key_urls")),
    path("v1/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs", api_page, name="api-page"),
    path("healthz", health.healthz),
    path("readyz", health.readyz, {"activity": activity_stats}),
    path("metrics", metrics, {"dependencies": DEPENDENCIES}),
    path("admin/", admin.site.urls),
]

handler400 = "gatewayz.problems.bad_request"
handler403 = "gatewayz.problems.permission_denied"
handler404 = "gatewayz.problems.not_found"
handler500 = "gatewayz.problems.server_error"
