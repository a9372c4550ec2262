"""Paths of probes that only clients of the old service call. See gatewayz.api.old_shapes."""

from datetime import UTC, datetime

from django.http import HttpRequest, JsonResponse
from django.urls import path


def health(request: HttpRequest, **more: str) -> JsonResponse:
    """Answer that the process is up, as /healthz does. /readyz looks at database and Redis."""
    now = datetime.now(UTC).isoformat()
    return JsonResponse({"status": "healthy", "timestamp": now, **more})


urlpatterns = [
    path("health", health),
    path("auth/health", health, {"service": "auth"}),
]
