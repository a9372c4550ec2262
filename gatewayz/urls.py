from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.activity.health import activity_stats
from accounts.metrics import DEPENDENCIES
from accounts.plans.old_routes import bare_urlpatterns
from accounts.profile.export import ACCOUNT_KINDS, FORMS
from accounts.profile.views import ExportView
from chat.search.index import is_outdated
from chat.transfer.account_export import CHAT_FORMS, CHAT_KINDS
from gatewayz.api.schema import schema
from gatewayz.pages.api_page import api_page
from gatewayz.pages.start_page import favicon, start_page
from gatewayz.probes import health
from gatewayz.probes.metrics import metrics

# The export has the kinds of objects of every app, and its forms.
export_view = ExportView.as_view(
    kinds=(*ACCOUNT_KINDS, *CHAT_KINDS), forms={**FORMS, **CHAT_FORMS}
)

account_urls: list[URLPattern | URLResolver] = [
    path("", include("accounts.audit.urls")),
    path("", include("accounts.auth.urls")),
    path("", include("accounts.keys.urls")),
    path("", include("accounts.key_limits.urls")),
    path("", include("accounts.notifications.urls")),
    path("", include("accounts.plans.urls")),
    path("", include("accounts.profile.urls")),
    path("", include("accounts.referrals.urls")),
    path("user/export", export_view),
]

# Paths that only clients of the old service call, at the paths with and without `/v1`.
old_urls: list[URLPattern | URLResolver] = [
    path("", include("accounts.plans.old_routes")),
    path("", include("accounts.profile.old_routes")),
    path("", include("accounts.staff.old_routes")),
    path("", include("gatewayz.probes.old_routes")),
]
old_urlpatterns: list[URLPattern | URLResolver] = (
    [
        path("v1/", include(old_urls)),
        path("", include(old_urls)),
        path("", include(bare_urlpatterns)),
    ]
    if settings.OLD_SHAPES
    else []
)

urlpatterns = [
    # Django tries one pattern after the other: these are asked for most.
    path("v1/", include("chat.urls")),
    # Before those of the envelope and of the admin.
    *old_urlpatterns,
    path("", start_page),
    path("favicon.ico", favicon),
    path("v1/", include("accounts.access.urls")),
    path("v1/", include("accounts.activity.urls")),
    path("v1/", include(account_urls)),
    # The same paths as in the old service, for its clients.
    path("", include(account_urls)),
    path("user/", include("accounts.activity.urls")),
    path("v1/schema", schema, name="schema"),
    path("docs", api_page, name="api-page"),
    path("", include("accounts.key_pages.urls")),
    path("healthz", health.healthz),
    path(
        "readyz",
        health.readyz,
        {"activity": activity_stats, "is_search_outdated": is_outdated},
        name="readyz",
    ),
    path("metrics", metrics, {"dependencies": DEPENDENCIES}),
    path("admin/", admin.site.urls),
]

handler400 = "gatewayz.api.problems.bad_request"
handler403 = "gatewayz.api.problems.permission_denied"
handler404 = "gatewayz.api.problems.not_found"
handler500 = "gatewayz.api.problems.server_error"
