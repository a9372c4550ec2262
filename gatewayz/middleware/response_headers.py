"""Security headers for browsers, on every response."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

from gatewayz.middleware.api_dispatch import PAGE_PATHS

# The admin loads its own files only; none of its pages contains a script.
_ADMIN_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Alpine evaluates the expressions in the admin's pages. Text of users is shown without
        # the attributes that Alpine reads.
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)

# Only the client's own cache may keep a response, and must compare its ETag before each use.
_CACHE_CONTROL = "private, no-cache"

# For pages, in addition to the headers of `SecurityMiddleware` and `XFrameOptionsMiddleware`.
_PAGE_HEADERS = {
    "Content-Security-Policy": _ADMIN_POLICY,
    "Permissions-Policy": _PERMISSIONS,
    "Cache-Control": _CACHE_CONTROL,
}

# For responses of the API, which are data: a browser that opens one must only show it.
_DATA_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": _PERMISSIONS,
    "Cache-Control": _CACHE_CONTROL,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class ResponseHeadersMiddleware:
    """Adds the headers that a view has not set itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # In Django's own form: through its API, Django would check every character every time.
        self._for_pages = ResponseHeaders(_PAGE_HEADERS)._store
        self._for_data = ResponseHeaders(_DATA_HEADERS)._store
        # Over HTTPS only (RFC 6797, 7.2). Pages get this header from `SecurityMiddleware`.
        hsts = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
        self._for_secure_data = ResponseHeaders(
            {**_DATA_HEADERS, "Strict-Transport-Security": hsts}
        )._store

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PAGE_PATHS):
            added = self._for_pages
        elif settings.SECURE_HSTS_SECONDS and request.is_secure():
            added = self._for_secure_data
        else:
            added = self._for_data
        response.headers._store = {**added, **response.headers._store}
        # Without a Content-Length the server would send the response in chunks.
        if not response.streaming and response.status_code not in _WITHOUT_BODY:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
