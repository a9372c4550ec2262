"""What browsers are told about answers, for their users' safety: on every one of them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from gatewayz.pages import PAGES

# Answers of the API are data: a browser that is led to one shows it and does nothing with it.
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

# The admin's own files; none of its pages holds a script.
_ADMIN_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_NO_FEATURES = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)

# Kept by who asked for it and by nobody between, and compared by its ETag before each use.
_OWN = "private, no-cache"


class ResponseHeadersMiddleware:
    """Adds a Content-Security-Policy, a Permissions-Policy and a Cache-Control where a view has
    not given its own.

    `SecurityMiddleware` and `XFrameOptionsMiddleware` of Django add the others.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = request.path_info.startswith(PAGES)
        response.headers.setdefault(
            "Content-Security-Policy", _ADMIN_POLICY if is_page else _DATA_POLICY
        )
        response.headers.setdefault("Permissions-Policy", _NO_FEATURES)
        response.headers.setdefault("Cache-Control", _OWN)
        return response
