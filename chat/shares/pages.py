"""The page that people see when they open a shared link in a browser."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from rest_framework.request import Request

from chat.messages.conversation import conversation_from_start
from chat.models import Share
from gatewayz.api.problems import PageResponse
from gatewayz.pages.policy import page_policy

# No scripts; only our own style sheet and the pictures that are part of messages. A browser loads
# nothing from elsewhere, so that the writer of a message cannot learn who reads it.
_HEADERS = {
    "Content-Security-Policy": page_policy(img_src="'self' data:"),
    # A revoked link must not survive in caches and search engines.
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    # The URL of this page gives access to a chat.
    "Referrer-Policy": "no-referrer",
}

_GONE = (
    "This conversation is no longer available",
    "Its owner stopped sharing or deleted it, the link has expired, or it is incomplete.",
)
_OTHERWISE = {
    HTTPStatus.BAD_REQUEST: ("This link is not complete", "Open it again as you were given it."),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Too many requests",
        "Many pages were opened from your network. Wait a minute, then reload this one.",
    ),
}
_LATER = ("This conversation cannot be shown now", "Reload this page in a few seconds.")


def is_for_people(request: HttpRequest | Request) -> bool:
    """Whether the caller prefers a page to JSON, as browsers do.

    Programs, which accept everything or do not say, get JSON.
    """
    asked = request._request if isinstance(request, Request) else request
    preferred = asked.get_preferred_type(["application/json", "text/html"])
    return asked.method in {"GET", "HEAD"} and preferred == "text/html"


def shared_chat_page(
    share: Share, path: str, *, after: int | None, without_roles: tuple[str, ...]
) -> PageResponse:
    """Return a page of the conversation behind `share`, from its start or after a message."""
    shown = conversation_from_start(share.session, after=after, without_roles=without_roles)
    title = share.session.title or "Shared conversation"
    return _page(
        {"title": title, "session": share.session, "conversation": shown, "path": path},
        HTTPStatus.OK,
    )


def instead_of(problem: HttpResponse) -> PageResponse:
    """Return a page that shows people what `problem` tells programs."""
    status = HTTPStatus(problem.status_code)
    title, text = _GONE if status == HTTPStatus.NOT_FOUND else _OTHERWISE.get(status, _LATER)
    page = _page({"title": title, "text": text}, status)
    if "Retry-After" in problem:
        page["Retry-After"] = problem["Retry-After"]
    return page


def _page(context: dict[str, Any], status: HTTPStatus) -> PageResponse:
    text = render_to_string("chat/shared_chat.html", context)
    return PageResponse(text, status=status, headers=_HEADERS)
