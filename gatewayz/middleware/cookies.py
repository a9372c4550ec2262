"""Removes backslashes from the Cookie header before Django parses it.

Python before 3.11.10 and 3.12.6 takes quadratic time to parse a quoted cookie with backslashes
(CVE-2024-7592): 64 kB keep a process busy for a minute. None of our cookies contains one, and
RFC 6265 does not allow them.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class CookieMiddleware:
    """Must come before any middleware that reads `request.COOKIES`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cookies = request.META.get("HTTP_COOKIE", "")
        if "\\" in cookies:
            request.META["HTTP_COOKIE"] = cookies.replace("\\", "")
        return self.get_response(request)
