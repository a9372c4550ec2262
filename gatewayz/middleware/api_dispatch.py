"""Calls the view of an API request itself, so that the chain of middleware ends here for it.

The middleware after this one in MIDDLEWARE is for pages that people look at: browser sessions,
log-in, messages, forms and static files mean nothing to a request with an API key.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, resolve

# Where the paths of pages begin: the admin, static files, the page to try the API on, and those on
# which users manage their keys.
PAGE_PATHS = ("/admin", settings.STATIC_URL, "/docs", "/keys")

# How many allowed hosts are remembered; with `*` in ALLOWED_HOSTS there may be any number.
MAX_HOSTS = 1_000
MAX_HOST_CHARS = 260  # a name in DNS and a port


class ApiDispatchMiddleware:
    """Answers API requests by calling their view; passes requests for PAGE_PATHS on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._security = SecurityMiddleware(get_response)
        # By path, for the few paths without parameters.
        self._matches: dict[str, ResolverMatch] = {}
        self._hosts: set[str | None] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(PAGE_PATHS):
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
            response.render()  # from a third-party view; Django would render it later
        if not response.streaming:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    def _check_host(self, request: HttpRequest) -> None:
        """Raise DisallowedHost (400) for a host that is not in ALLOWED_HOSTS."""
        host = request.META.get("HTTP_HOST")
        if host not in self._hosts:
            request.get_host()
            if len(self._hosts) < MAX_HOSTS and len(host or "") <= MAX_HOST_CHARS:
                self._hosts.add(host)
