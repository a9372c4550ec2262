"""What only pages that people look at need: the API's requests go past it.

Each is Django's own middleware, which works on the paths of PAGES alone: sessions, log-in and
messages mean nothing to a request with an API key.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

PAGES = "/admin/"


class _ForPages(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(PAGES):
            return super().__call__(request)
        return self.get_response(request)


class PageSessionMiddleware(_ForPages, SessionMiddleware):
    pass


class PageAuthenticationMiddleware(_ForPages, AuthenticationMiddleware):
    pass


class PageMessageMiddleware(_ForPages, MessageMiddleware):
    pass
