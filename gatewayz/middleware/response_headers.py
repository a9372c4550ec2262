"""What browsers are told about answers, for their users' safety: on every one of them."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders

from gatewayz.middleware.api_only import PAGES

# The admin's own files; none of its pages holds a script.
_ADMIN_POLICY = "; ".join(
    (
        "default-src 'none'",
        # The admin's pages hold expressions of Alpine, which it evaluates; users' text is shown
        # without attributes that it would read.
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

# Kept by who asked for it and by nobody between, and compared by its ETag before each use.
_OWN = "private, no-cache"

# What pages are told beside what `SecurityMiddleware` and `XFrameOptionsMiddleware` add.
_PAGE_HEADERS = {
    "Content-Security-Policy": _ADMIN_POLICY,
    "Permissions-Policy": _PERMISSIONS,
    "Cache-Control": _OWN,
}

# Answers of the API are data: a browser that is led to one shows it and does nothing with it.
_DATA_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": _PERMISSIONS,
    "Cache-Control": _OWN,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class ResponseHeadersMiddleware:
    """Adds the headers that a view has not given its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # As Django keeps them; it would look at every character of each of them every time.
        self._for_pages = ResponseHeaders(_PAGE_HEADERS)._store
        self._for_data = ResponseHeaders(_DATA_HEADERS)._store
        # Over HTTPS only (RFC 6797, 7.2); pages have it from `SecurityMiddleware`.
        strictly = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
        self._for_secure_data = ResponseHeaders(
            {**_DATA_HEADERS, "Strict-Transport-Security": strictly}
        )._store

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(PAGES):
            added = self._for_pages
        elif settings.SECURE_HSTS_SECONDS and request.is_secure():
            added = self._for_secure_data
        else:
            added = self._for_data
        response.headers._store = {**added, **response.headers._store}
        # Without it an answer ends when its connection is done with the request, too.
        if not response.streaming and response.status_code not in _WITHOUT_BODY:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
