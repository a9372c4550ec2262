"""The pages at /keys, where users manage their own API keys in a browser.

Forms without scripts, over the same verbs and checks as the API. A new secret is shown in the
answer to the form that made it, and nowhere else.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import APIException, ErrorDetail

from accounts import keys
from accounts.auth.serializers import SignInInput
from accounts.auth.sign_in import proven_user
from accounts.auth.throttling import admit_keys_page
from accounts.key_limits.configuration import configure_key
from accounts.key_limits.serializers import RateLimitInput
from accounts.key_pages import sessions
from accounts.keys.serializers import ApiKeyInput, GraceInput
from accounts.keys.usage_totals import with_usage
from accounts.models import ApiKey, Plan, User
from accounts.models.rate_limits import LIMIT_FIELDS
from accounts.principals.principal import Principal
from gatewayz.api.problems import PageResponse
from gatewayz.api.serializing import validated
from gatewayz.pages.policy import page_policy
from gatewayz.request.client_address import client_address

SHOWN_KEYS = 100
# Of the new secret's form: how long the old one keeps working, in seconds.
GRACE_CHOICES = ((0, "now"), (3_600, "in an hour"), (86_400, "in a day"))

_HEADERS = {
    "Content-Security-Policy": page_policy(
        # The button that copies a secret, and the field that takes over a token of Privy.
        script_src="'self'",
        form_action="'self'",
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}

View = Callable[..., HttpResponse]


@require_safe
def keys_page(request: HttpRequest) -> HttpResponse:
    """Show the keys of the signed-in user, or the form to sign in."""
    owner = sessions.signed_in(request)
    return _keys(request, owner) if owner else _page(request, {})


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by e-mail address and password, or by a token of Privy, as the API does."""
    sent = ("email", "password", "token")
    form = {name: request.POST[name] for name in sent if name in request.POST}
    try:
        given = validated(SignInInput, form)
        sessions.sign_in(request, proven_user(client_address(request), given)[0])
    except APIException as error:
        context = {"email": form.get("email", ""), "messages": _messages(error)}
        return _page(request, context, error)
    return redirect("keys-page")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    sessions.sign_out(request)
    return redirect("keys-page")


def _acts(act: Callable[..., HttpResponse]) -> View:
    """Make a view of an action on the caller's keys, whose errors are shown above the list."""

    @require_POST
    @wraps(act)
    def view(request: HttpRequest, **arguments: Any) -> HttpResponse:
        owner = sessions.signed_in(request)
        if owner is None:
            return redirect("keys-page")
        try:
            admit_keys_page(owner.user_id)
            return act(request, owner, **arguments)
        except APIException as error:
            return _keys(request, owner, {"messages": _messages(error)}, error)

    return view


@_acts
def create(request: HttpRequest, owner: Principal) -> HttpResponse:
    """Make a key and show its secret."""
    form = {name: request.POST.get(name) for name in ("key_name", "environment_tag")}
    given = validated(ApiKeyInput, form | {"expiration_days": request.POST.get("days") or None})
    key, secret = keys.create_key(owner, **given)
    return _keys(request, owner, {"new_key": key, "secret": secret})


@_acts
def rotate(request: HttpRequest, owner: Principal, key_id: int) -> HttpResponse:
    """Give a key a new secret and show it."""
    given = validated(GraceInput, {"grace_seconds": request.POST.get("grace_seconds", 0)})
    key = _own(owner, key_id)
    secret = keys.rotate_key(key, **given)
    return _keys(request, owner, {"new_key": key, "secret": secret})


@_acts
def limit(request: HttpRequest, owner: Principal, key_id: int) -> HttpResponse:
    """Set the limits of a key; an empty field leaves one to the plan."""
    form = {name: request.POST.get(name) or 0 for name in LIMIT_FIELDS}
    configure_key(owner, _own(owner, key_id), validated(RateLimitInput, form))
    return redirect("keys-page")


@_acts
def delete(request: HttpRequest, owner: Principal, key_id: int) -> HttpResponse:
    """Delete a key, if its owner has confirmed that."""
    key = _own(owner, key_id)
    if not request.POST.get("confirmed"):
        messages = [f"Confirm that {key.key_name} is to be deleted."]
        return _keys(request, owner, {"messages": messages})
    keys.delete_key(key)
    return redirect("keys-page")


def _own(owner: Principal, key_id: int) -> ApiKey:
    return get_object_or_404(ApiKey.objects.owned_by(owner), pk=key_id)


def _keys(
    request: HttpRequest,
    owner: Principal,
    context: dict[str, Any] | None = None,
    error: APIException | None = None,
) -> PageResponse:
    """Show the keys of `owner`, in three statements."""
    owned = with_usage(ApiKey.objects.owned_by(owner)).select_related("user", "rate_limits")
    shown = list(owned.newest_first()[:SHOWN_KEYS])
    plan = Plan.objects.of(owner).get()
    bounds = plan.bounds()
    context = {
        "owner": owner,
        "email": (shown[0].user if shown else User.objects.get(pk=owner.user_id)).email,
        "plan": plan,
        "keys": [(key, _limits(key, bounds)) for key in shown],
        "grace_choices": GRACE_CHOICES,
        "environments": ApiKey.Environment.choices,
        **(context or {}),
    }
    return _page(request, context, error)


def _limits(key: ApiKey, bounds: dict[str, int | None]) -> list[tuple[str, str, int, int | None]]:
    """Return each limit of a key: field, label, value (0: left to the plan), the plan's bound."""
    config = getattr(key, "rate_limits", None)
    return [
        (
            name,
            name.replace("_", " ").capitalize(),
            getattr(config, name) if config else 0,
            bounds.get(name),
        )
        for name in LIMIT_FIELDS
    ]


def _messages(error: APIException) -> list[str]:
    """Return what is wrong, each with the name of its field."""

    def texts(detail: Any, field: str = "") -> list[str]:
        if isinstance(detail, ErrorDetail):
            return [f"{field}: {detail}" if field else str(detail)]
        if isinstance(detail, dict):
            return [text for name, inner in detail.items() for text in texts(inner, _label(name))]
        return [text for inner in detail for text in texts(inner, field)]

    return texts(error.detail)


def _label(field: str) -> str:
    return "" if field == "non_field_errors" else field.replace("_", " ").capitalize()


def _page(
    request: HttpRequest, context: dict[str, Any], error: APIException | None = None
) -> PageResponse:
    status = HTTPStatus.OK if error is None else HTTPStatus(error.status_code)
    context = {"privy": bool(settings.PRIVY_APP_ID), **context}
    text = render_to_string("accounts/keys.html", context, request)
    page = PageResponse(text, status=status, headers=_HEADERS)
    if getattr(error, "wait", None):
        page["Retry-After"] = str(error.wait)  # type: ignore[union-attr]
    return page
