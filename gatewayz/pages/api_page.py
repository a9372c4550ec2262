"""GET /docs: Swagger UI, to read about the API and try it, served without third-party files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gatewayz.pages.policy import page_policy

# The page takes API keys, so it loads nothing from other sites and contains no inline script.
# Swagger UI has its icons in data URLs.
_POLICY = page_policy(
    script_src="'self'", img_src="'self' data:", font_src="'self'", connect_src="'self'"
)


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Show the page. It reads `/v1/schema`, and keeps a key in the browser's memory only."""
    page = render(request, "gatewayz/api_page.html")
    page["Content-Security-Policy"] = _POLICY
    return page
