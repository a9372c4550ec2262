"""GET /docs: the API to read and to try, from files that this service serves itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

# Nothing from elsewhere, and no script in the page, which takes API keys. Swagger UI carries its
# icons as data.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """The page; it reads `/v1/schema` and keeps a key in memory only, until it is closed."""
    page = render(request, "gatewayz/api_page.html")
    page["Content-Security-Policy"] = _POLICY
    return page
