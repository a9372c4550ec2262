"""Which keys may use which endpoint: each in the URL configuration, with each key that must not.

An endpoint that is new fails `test_every_endpoint_has_an_entry` until it has one in NEEDS.
"""

from datetime import timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey, User
from accounts.principals import key_format
from accounts.principals.scopes import RESOURCES
from chat.models import ChatImport, ChatSession, Feedback, Share
from tests.conftest import ApiClient

PUBLIC = "public"
STAFF = "staff"

# The scope that a key needs, by method and path without `/v1`. A path without a method holds for
# those of its methods that are not named: `read` for GET and `write` for the others.
NEEDS = {
    "/activity/log": "activity",
    "/activity/stats": "activity",
    "/admin/assign-plan": STAFF,
    "/admin/key-cache": STAFF,
    "/admin/notifications/<path:rest>": STAFF,
    "/admin/notifications/process": STAFF,
    "/admin/notifications/stats": STAFF,
    "/admin/rate-limits/<path:rest>": STAFF,
    "/admin/rate-limits/alerts": STAFF,
    "/admin/rate-limits/config": STAFF,
    "/admin/rate-limits/config/reset": STAFF,
    "/admin/rate-limits/delete": STAFF,
    "/admin/rate-limits/system": STAFF,
    "/admin/rate-limits/update": STAFF,
    "/admin/rate-limits/users": STAFF,
    "/admin/roles/<int:user_id>": STAFF,
    "/admin/roles/<path:rest>": STAFF,
    "/admin/roles/audit/log": STAFF,
    "/admin/roles/list/<str:role>": STAFF,
    "/admin/roles/permissions/<str:role>": STAFF,
    "/admin/roles/update": STAFF,
    "/auth": PUBLIC,
    "/auth/link": PUBLIC,
    "/auth/password-reset": PUBLIC,
    "/auth/register": PUBLIC,
    "/auth/reset-password": PUBLIC,
    "/chat/export": "chat",
    "/chat/feedback": "chat",
    "/chat/feedback/<int:feedback_id>": "chat",
    "/chat/feedback/stats": "chat",
    "/chat/import": "chat",
    "/chat/imports": "chat",
    "/chat/imports/<int:import_id>": "chat",
    "/chat/search": "chat",
    "POST /chat/search": "chat:read",
    "/chat/sessions": "chat",
    "/chat/sessions/<int:session_id>": "chat",
    "/chat/sessions/<int:session_id>/export": "chat",
    "/chat/sessions/<int:session_id>/feedback": "chat",
    "/chat/sessions/<int:session_id>/fork": "chat",
    "/chat/sessions/<int:session_id>/messages": "chat",
    "/chat/tags": "chat",
    "/chat/folders": "chat",
    "/chat/sessions/<int:session_id>/messages/<int:message_id>": "chat",
    "/chat/sessions/<int:session_id>/messages/batch": "chat",
    "/chat/sessions/<int:session_id>/restore": "chat",
    "/chat/sessions/batch": "chat",
    "/chat/share": "chat",
    "/chat/share/<slug:token>": "chat",
    "GET /chat/share/<slug:token>": PUBLIC,
    "/chat/stats": "chat",
    "/conversations": "chat",
    "/conversations/conv_<int:session_id>": "chat",
    "/conversations/conv_<int:session_id>/items": "chat",
    "/conversations/conv_<int:session_id>/items/<str:item_id>": "chat",
    "/plans": PUBLIC,
    "/plans/<int:plan_id>": PUBLIC,
    "/referral/apply": "referrals",
    "/referral/code": "referrals",
    "/referral/generate": "referrals",
    "/referral/stats": "referrals",
    "POST /referral/validate": "referrals:read",
    "/subscription/plans": PUBLIC,
    "/trial/status": "plan",
    "/user/account": "profile:admin",
    "/user/api-keys": "keys",
    "/user/api-keys/<int:key_id>": "keys",
    "/user/api-keys/<int:key_id>/rotate": "keys",
    "/user/api-keys/audit-logs": "audit",
    "/user/api-keys/usage": "keys",
    "/user/balance": "plan",
    "/user/credit-transactions": "plan",
    "/user/environment-usage": "plan",
    "/user/export": "profile:admin",
    "/user/limit": "plan",
    "/user/monitor": "plan",
    "/user/notifications": "notifications",
    "/user/notifications/preferences": "notifications",
    "/user/notifications/send-usage-report": "notifications",
    "/user/notifications/test": "notifications",
    "/user/password": "profile:admin",
    "/user/plan": "plan",
    "/user/plan/entitlements": "plan",
    "/user/plan/usage": "plan",
    "/user/profile": "profile",
    "DELETE /user/profile": "profile:admin",
    "/user/rate-limits": "limits",
    "/user/rate-limits/<int:key_id>": "limits",
    "/user/rate-limits/bulk-update": "limits",
    "/user/rate-limits/usage/<int:key_id>": "limits",
}

# Which see to themselves: probes, metrics, and what is the same for everybody.
NOT_OF_THE_API = {
    "/",
    "/auth/health",
    "/docs",
    "/favicon.ico",
    "/health",
    "/healthz",
    "/keys",
    "/keys/<int:key_id>/delete",
    "/keys/<int:key_id>/limits",
    "/keys/<int:key_id>/rotate",
    "/keys/new",
    "/keys/sign-in",
    "/keys/sign-out",
    "/metrics",
    "/readyz",
    "/v1/auth/health",
    "/v1/health",
    "/v1/schema",
}

# Bodies that are valid, where an id is only looked up after the body.
LIMITS = dict.fromkeys(
    [
        f"{what}_per_{window}"
        for what in ("requests", "tokens")
        for window in ("minute", "hour", "day")
    ],
    1,
)
QUERIES = {"DELETE /chat/sessions/<int:session_id>/messages": "?after=1"}

BODIES: dict[str, Any] = {
    "POST /chat/sessions/<int:session_id>/messages": {"role": "user", "content": "x"},
    "POST /conversations/conv_<int:session_id>/items": {
        "items": [{"role": "user", "content": "x"}]
    },
    "POST /chat/sessions/<int:session_id>/messages/batch": {
        "messages": [{"role": "user", "content": "x"}]
    },
    "PUT /user/api-keys/<int:key_id>": {"key_name": "x"},
    "DELETE /user/api-keys/<int:key_id>": {"confirmation": "DELETE_KEY"},
    "PUT /user/rate-limits/<int:key_id>": LIMITS,
}
METHODS = ("get", "post", "put", "patch", "delete")
# The names of ids in paths.
IDS = (
    *("session_id", "message_id", "feedback_id", "key_id", "plan_id", "user_id"),
    "import_id",
)


class Endpoint(NamedTuple):
    method: str
    route: str

    @property
    def path(self) -> str:
        """What NEEDS calls its route, which the old service may have had elsewhere."""
        return self.route.removeprefix("/v1").replace("/user/activity/", "/activity/")

    @property
    def entry(self) -> str:
        """What NEEDS calls it."""
        return f"{self.method} {self.path}"

    @property
    def needs(self) -> str:
        """PUBLIC, STAFF, or a scope such as `chat:read`. Raises KeyError without an entry."""
        needs = NEEDS[self.entry] if self.entry in NEEDS else NEEDS[self.path]
        if needs in {PUBLIC, STAFF} or ":" in needs:
            return needs
        return f"{needs}:{'read' if self.method == 'GET' else 'write'}"


def _found(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[Endpoint]:
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if route != "/admin/":
                found += _found(pattern.url_patterns, route)
        elif route not in NOT_OF_THE_API:
            view = pattern.callback.view_class
            found += [Endpoint(m.upper(), route) for m in METHODS if hasattr(view, m)]
    return found


ENDPOINTS = _found(get_resolver().url_patterns)
KNOWN = [endpoint for endpoint in ENDPOINTS if endpoint.entry in NEEDS or endpoint.path in NEEDS]
CLOSED = [endpoint for endpoint in KNOWN if endpoint.needs != PUBLIC]
SCOPED = [endpoint for endpoint in CLOSED if endpoint.needs != STAFF]
OWNED = [endpoint for endpoint in SCOPED if "<" in endpoint.route]


def ask(endpoint, api_key=None, ids=None, **headers):
    path = endpoint.route
    for name in (*IDS, "token"):
        for converter in ("int", "slug"):
            path = path.replace(f"<{converter}:{name}>", str((ids or {}).get(name, 1)))
    if api_key is not None:
        headers["Authorization"] = f"Bearer {api_key}"
    client = ApiClient("")
    client.defaults.pop("HTTP_AUTHORIZATION")
    body = None if endpoint.method == "GET" else BODIES.get(endpoint.entry, {})
    return client.generic(
        endpoint.method,
        path + QUERIES.get(endpoint.entry, ""),
        "" if body is None else client._encode_json(body, "application/json"),
        content_type="application/json",
        headers=headers,
    )


def a_key(user, **options):
    """A key of `user` with these options. Earlier ones go, because a user may have only a few."""
    ApiKey.objects.filter(user=user, key_name__startswith="key ").delete()
    return create_key(user, key_name=f"key {uuid4()}", **options)


@pytest.fixture
def operator(user):
    """`user` as staff, so that staff endpoints reject the key for other reasons."""
    user.is_staff = True
    user.save()
    return user


def others_than(denial, endpoints, asked):
    """The endpoints that answer `asked(endpoint)` other than with `denial`, a status and code."""
    answers = {endpoint: asked(endpoint) for endpoint in endpoints}
    seen = {
        endpoint: (answer.status_code, None if answer.streaming else answer.json().get("code"))
        for endpoint, answer in answers.items()
    }
    return {endpoint: was for endpoint, was in seen.items() if was != denial}


def test_every_endpoint_has_an_entry():
    missing = {endpoint.entry for endpoint in ENDPOINTS} - {endpoint.entry for endpoint in KNOWN}

    assert missing == set(), "say in NEEDS which scope they need"


def test_every_entry_has_an_endpoint():
    entries = {endpoint.entry for endpoint in ENDPOINTS}
    routes = {entry.split()[1] for entry in entries}

    assert {need for need in NEEDS if need not in entries and need not in routes} == set()


def test_old_paths_are_the_same_endpoints():
    old = {endpoint for endpoint in ENDPOINTS if not endpoint.route.startswith("/v1")}

    assert old
    assert {endpoint._replace(route=f"/v1{endpoint.path}") for endpoint in old} <= set(ENDPOINTS)


@pytest.mark.django_db
def test_no_endpoint_is_open_without_a_key():
    assert others_than((401, "not_authenticated"), CLOSED, ask) == {}


@pytest.mark.django_db
def test_an_unknown_key_opens_nothing():
    made_up = key_format.generate("live")

    assert others_than((401, "unknown_key"), CLOSED, lambda e: ask(e, made_up)) == {}


def test_an_expired_key_opens_nothing(operator):
    _, secret = a_key(operator, expiration_date=timezone.now() - timedelta(seconds=1))

    assert others_than((401, "expired_key"), CLOSED, lambda e: ask(e, secret)) == {}


def test_a_deactivated_key_opens_nothing(operator):
    key, secret = a_key(operator)
    key.is_active = False
    key.save()

    assert others_than((401, "inactive_key"), CLOSED, lambda e: ask(e, secret)) == {}


def test_a_deleted_key_opens_nothing(operator):
    key, secret = a_key(operator)
    key.delete()

    assert others_than((401, "unknown_key"), CLOSED, lambda e: ask(e, secret)) == {}


def test_a_deactivated_user_opens_nothing(operator):
    _, secret = a_key(operator)
    operator.is_active = False
    operator.save()

    assert others_than((401, "inactive_user"), CLOSED, lambda e: ask(e, secret)) == {}


def test_a_key_works_only_from_its_own_addresses(operator):
    _, secret = a_key(operator, ip_allowlist=["192.0.2.0/24"])

    assert others_than((403, "ip_not_allowed"), CLOSED, lambda e: ask(e, secret)) == {}


def test_a_key_works_only_from_its_own_sites(operator):
    _, secret = a_key(operator, domain_referrers=["app.example.com"])
    elsewhere = {"Origin": "https://evil.example"}

    denied = (403, "referrer_not_allowed")
    assert others_than(denied, CLOSED, lambda e: ask(e, secret, **elsewhere)) == {}


def test_a_key_with_other_scopes_opens_nothing(operator):
    def resource(endpoint):
        return endpoint.needs.partition(":")[0]

    for own, endpoints in groupby(sorted(CLOSED, key=resource), resource):
        others = {resource: ["admin"] for resource in RESOURCES - {own}}
        _, secret = a_key(operator, scope_permissions=others)
        denied = (403, "insufficient_scope")
        assert others_than(denied, endpoints, lambda e, secret=secret: ask(e, secret)) == {}


def test_the_level_of_a_scope_counts(user):
    def needs(endpoint):
        return endpoint.needs

    for scope, endpoints in groupby(sorted(SCOPED, key=needs), needs):
        resource, _, level = scope.partition(":")
        levels = {"read": ["write"], "write": ["read"], "admin": ["read", "write"]}[level]
        _, secret = a_key(user, scope_permissions={resource: levels})
        denied = (403, "insufficient_scope")
        assert others_than(denied, endpoints, lambda e, secret=secret: ask(e, secret)) == {}


def test_each_endpoint_opens_with_the_scope_that_it_needs(user):
    def status(endpoint):
        resource, _, level = endpoint.needs.partition(":")
        return ask(endpoint, a_key(user, scope_permissions={resource: [level]})[1]).status_code

    assert {endpoint for endpoint in SCOPED if status(endpoint) in {401, 403}} == set()


def test_only_staff_can_use_staff_endpoints(user):
    _, secret = a_key(user)
    for_staff = [endpoint for endpoint in CLOSED if endpoint.needs == STAFF]

    assert others_than((403, "staff_only"), for_staff, lambda e: ask(e, secret)) == {}


def test_rows_of_somebody_else_are_not_found(user, stranger_api):
    owner = User.objects.get(email="eve@example.com")
    session = ChatSession.objects.create(user=owner)
    ids = {
        "session_id": session.pk,
        "feedback_id": Feedback.objects.create(
            user=owner, session=session, feedback_type="thumbs_up"
        ).pk,
        "key_id": owner.api_keys.get().pk,
        "import_id": ChatImport.objects.create(user=owner).pk,
        "token": Share.objects.create(user=owner, session=session, token="t" * 32).token,
    }
    _, secret = a_key(user)

    assert others_than((404, "not_found"), OWNED, lambda e: ask(e, secret, ids)) == {}


@pytest.mark.django_db
def test_public_endpoints_need_no_key_and_ignore_it():
    made_up = key_format.generate("live")
    for endpoint in [endpoint for endpoint in KNOWN if endpoint.needs == PUBLIC]:
        without, with_one = ask(endpoint), ask(endpoint, made_up)

        assert without.status_code == with_one.status_code not in {401, 403}, endpoint


def test_no_endpoint_finds_an_id_that_no_row_can_have(operator):
    _, secret = a_key(operator)
    numbered = [endpoint for endpoint in CLOSED if "<int:" in endpoint.route]
    huge = dict.fromkeys(IDS, 2**63)

    found = others_than((404, "not_found"), numbered, lambda one: ask(one, secret, huge))

    assert found == {}
