"""Where requests of the API leave the middleware.

What stands after `ApiMiddleware` in MIDDLEWARE is for pages that people look at: sessions, log-in,
messages, forms and static files mean nothing to a request with an API key.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, resolve

# The admin, its files, and the page on which people try the API.
PAGES = ("/admin", settings.STATIC_URL, "/docs")

# How many are remembered as allowed; `*` in ALLOWED_HOSTS allows any number, of any length.
MAX_HOSTS = 1_000
MAX_HOST_CHARS = 260  # a name in DNS and a port


class ApiMiddleware:
    """Answers requests of the API here, and lets those for PAGES pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._security = SecurityMiddleware(get_response)
        # Of paths without parameters, of which there are not many.
        self._matches: dict[str, ResolverMatch] = {}
        self._hosts: set[str | None] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(PAGES):
            return self.get_response(request)
        self._check_host(request)
        redirect: HttpResponse | None = self._security.process_request(request)
        if redirect is not None:
            return redirect
        match = self._matches.get(path) or resolve(path)
        if not match.kwargs:
            self._matches[path] = match
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()  # of views that are not ours: Django would, after its middleware
        if not response.streaming:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    def _check_host(self, request: HttpRequest) -> None:
        """Raise DisallowedHost, which answers 400, for a host that is not ours."""
        host = request.META.get("HTTP_HOST")
        if host not in self._hosts:
            request.get_host()
            if len(self._hosts) < MAX_HOSTS and len(host or "") <= MAX_HOST_CHARS:
                self._hosts.add(host)
