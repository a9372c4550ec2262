"""GET /: says what this service is and where to go next; and /favicon.ico.

The page is the same for everybody and reads no data.
"""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gatewayz.pages.policy import page_policy

# The page loads its style sheet and icon from this service, and nothing else.
_POLICY = page_policy()

_ICON = (Path(__file__).parents[1] / "static" / "gatewayz" / "favicon.ico").read_bytes()
_ICON_SECONDS = 86_400


def start_page(request: HttpRequest) -> HttpResponse:
    """Show the page to people who open the service's address in a browser."""
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
    """Return the icon to browsers that look for it here because no page named one."""
    return HttpResponse(
        _ICON,
        content_type="image/vnd.microsoft.icon",
        headers={"Cache-Control": f"public, max-age={_ICON_SECONDS}"},
    )
