"""GET /: what this service is and where to go from here, and the icon that browsers ask for.

Neither reads anything: the page is the same for everybody, and the icon is in memory.
"""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# A style sheet and an icon of our own, and nothing else.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_ICON = (Path(__file__).parents[1] / "static" / "gatewayz" / "favicon.ico").read_bytes()
_ICON_SECONDS = 86_400


def start_page(request: HttpRequest) -> HttpResponse:
    """The page for people who open the service's address in a browser."""
    page = render(
        request,
        "gatewayz/start_page.html",
        {
            "version": settings.GATEWAYZ_VERSION,
            "sessions_url": request.build_absolute_uri("/v1/chat/sessions"),
        },
    )
    page["Content-Security-Policy"] = _POLICY
    return page


def favicon(request: HttpRequest) -> HttpResponse:
    """The icon, for browsers that look for it here because an answer named none."""
    return HttpResponse(
        _ICON,
        content_type="image/vnd.microsoft.icon",
        headers={"Cache-Control": f"public, max-age={_ICON_SECONDS}"},
    )
