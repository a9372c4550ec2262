"""The page at /auth/link, to which the links in e-mails lead.

Opening it (GET) changes nothing, since mail programs and scanners open every link; its button
(POST) does. There is no session and no cookie: only the encrypted token in the link counts.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest
from django.template.loader import render_to_string
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.auth.passwords import account_for, choose_password
from accounts.auth.serializers import PasswordChoice
from accounts.auth.throttling import admit_link, admit_password_change
from accounts.confirmation.addresses import confirm_address, user_to_confirm
from accounts.confirmation.links import DeadLink, Link, PasswordLink, unseal
from accounts.limits import LimitExceeded
from gatewayz.api.problems import PageResponse
from gatewayz.api.serializing import validated
from gatewayz.api.view import PublicView
from gatewayz.pages.policy import page_policy
from gatewayz.request.client_address import client_address

# Enough for a form with a token and a password.
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 10

# Only our own style sheet and icon, and a form that posts back here.
_HEADERS = {
    "Content-Security-Policy": page_policy(form_action="'self'"),
    "Cache-Control": "no-store",
    # The URL of this page gives access to an account.
    "Referrer-Policy": "no-referrer",
}


class LinkView(PublicView):
    """Show what a link is for, and do it when the button is pressed."""

    def get(self, request: Request) -> PageResponse:
        return _form_page(request, request.query_params.get("token", ""))

    def post(self, request: Request) -> PageResponse:
        form = _form(request)
        token = form.get("token", "")
        link = _link(token)
        admit_link(client_address(request))
        try:
            if isinstance(link, PasswordLink):
                choose_password(link, validated(PasswordChoice, form)["new_password"])
                done = "Your password is set. You can sign in with it now."
            else:
                admit_password_change(link.user_id)
                confirm_address(link, form.get("password", ""))
                done = f"{link.email} is now the address of your account."
        except ValidationError as error:
            return _form_page(request, token, error)
        return _page({"title": "Done", "text": done})

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, DeadLink):
            page = {"title": "This link does not work", "text": str(exc.detail)}
            return _page(page, HTTPStatus.BAD_REQUEST)
        if isinstance(exc, LimitExceeded):
            page = {"title": "Too many attempts", "text": str(exc.detail)}
            return _page(page, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(exc.wait)})
        return super().handle_exception(exc)


def _link(token: str) -> Link:
    """Decrypt the link in `token`. Raises DeadLink (400)."""
    link: Link | None = unseal(token, Link)
    if link is None:
        raise DeadLink
    return link


def _form(request: Request) -> dict[str, str]:
    """Return the fields of the submitted form, or none if the body is too long or not a form."""
    body: bytes = request.read(MAX_FORM_BYTES + 1)
    if len(body) > MAX_FORM_BYTES:
        return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=MAX_FORM_FIELDS))
    except ValueError:
        return {}


def _form_page(
    request: HttpRequest | Request, token: str, error: ValidationError | None = None
) -> PageResponse:
    """Render what the link in `token` is for, and the button. Raises DeadLink (400)."""
    link = _link(token)
    page: dict[str, Any] = {"link": link, "token": token, "path": request.path}
    if isinstance(link, PasswordLink):
        account_for(link)
        page |= {"title": "Choose a password", "field": "new_password"}
    else:
        has_password = user_to_confirm(link).has_usable_password()
        page |= {
            "title": "Confirm your e-mail address",
            "field": "password" if has_password else None,
        }
    if error is None:
        return _page(page)
    messages = [message for errors in error.detail.values() for message in errors]  # type: ignore[union-attr]
    return _page({**page, "messages": messages}, HTTPStatus.BAD_REQUEST)


def _page(
    context: dict[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> PageResponse:
    text = render_to_string("accounts/link_page.html", context)
    return PageResponse(text, status=status, headers={**_HEADERS, **(headers or {})})
