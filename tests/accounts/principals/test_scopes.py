"""The requests that keys with scopes may make."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import get_resolver

from accounts.keys import create_key
from accounts.models import ApiKey
from accounts.principals import scopes
from chat.models import ChatSession
from tests.conftest import ApiClient
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(user):
    return ChatSession.objects.create(user=user, title="Hello", model="m")


@pytest.fixture
def client_with(user):
    def make(given):
        name = str(given)
        return ApiClient(create_key(user, key_name=name, scope_permissions=given)[1])

    return make


def requests(session):
    """A request for every part of the API, with the scope that it needs."""
    chat = f"/v1/chat/sessions/{session.pk}"
    return [
        ("chat:read", "get", "/v1/chat/sessions", None),
        ("chat:read", "get", chat, None),
        ("chat:read", "get", f"{chat}/export", None),
        ("chat:read", "get", "/v1/chat/export", None),
        ("chat:read", "get", "/v1/chat/stats", None),
        ("chat:read", "get", "/v1/chat/feedback", None),
        ("chat:read", "get", "/v1/chat/share", None),
        ("chat:read", "post", "/v1/chat/search", {"query": "hello"}),
        ("chat:write", "post", "/v1/chat/sessions", {}),
        ("chat:write", "patch", chat, {"title": "New"}),
        ("chat:write", "post", f"{chat}/messages", {"role": "user", "content": "Hi"}),
        ("chat:write", "post", "/v1/chat/feedback", {"feedback_type": "thumbs_up"}),
        ("chat:write", "post", "/v1/chat/share", {"session_id": session.pk}),
        ("chat:write", "post", "/v1/chat/import", {"messages": []}),
        ("chat:write", "delete", chat, None),
        ("activity:read", "get", "/v1/activity/log", None),
        ("activity:read", "get", "/user/activity/stats", None),
    ]


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({}, {"chat:read", "chat:write", "activity:read"}),
        ({"chat": ["read"]}, {"chat:read"}),
        ({"chat": ["write"]}, {"chat:write"}),
        ({"chat": ["read", "write"]}, {"chat:read", "chat:write"}),
        ({"chat": ["admin"]}, {"chat:read", "chat:write"}),
        ({"activity": ["read"]}, {"activity:read"}),
    ],
    # Not the order of a set, which differs between processes.
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_a_key_may_do_exactly_what_its_scopes_allow(client_with, session, given, allowed):
    client = client_with(given)
    for scope, method, path, sent in requests(session):
        options = {} if sent is None else {"data": sent, "content_type": "application/json"}
        response = getattr(client, method)(path, **options)
        if scope in allowed:
            assert response.status_code < 300, (method, path, response.content)
            # An unread stream would leave its cursor open.
            b"".join(response)
        else:
            assert scope in assert_problem(response, 403, "insufficient_scope")["detail"]


def test_checking_scopes_takes_no_statement(client_with, django_assert_num_queries):
    client = client_with({"chat": ["write"]})
    client.post_json("/v1/chat/sessions", {})

    # The INSERT.
    with django_assert_num_queries(1):
        client.post_json("/v1/chat/sessions", {})


def test_a_change_of_scopes_applies_immediately(api, key):
    assert api.post_json("/v1/chat/sessions", {}).status_code == 201

    key.scope_permissions = {"chat": ["read"]}
    key.save(update_fields=["scope_permissions"])

    assert_problem(api.post_json("/v1/chat/sessions", {}), 403, "insufficient_scope")


def test_a_shared_link_can_be_read_with_any_key_or_none(client_with, session, client):
    token = client_with({}).post_json("/v1/chat/share", {"session_id": session.pk}).json()
    path = f"/v1/chat/share/{token['data']['token']}"

    assert client.get(path).status_code == 200
    assert client_with({"activity": ["read"]}).get(path).status_code == 200
    assert_problem(client_with({"chat": ["read"]}).delete(path), 403, "insufficient_scope")


def test_every_view_of_the_api_names_its_resource():
    """Otherwise it would be closed to keys that have scopes."""
    views = {
        view.callback.view_class
        for prefix in get_resolver().url_patterns
        if hasattr(prefix, "url_patterns")
        for view in prefix.url_patterns
        if hasattr(getattr(view, "callback", None), "view_class")
    }
    named = {view.__name__: getattr(view, "scope_resource", None) for view in views}

    assert len(named) > 15
    assert {name for name, resource in named.items() if resource not in scopes.RESOURCES} <= {
        "KeyCacheView",  # for staff
        "BarePlansView",  # public
        "BarePlanView",
        *(name for name in named if not name.endswith("View")),
    }


@pytest.mark.parametrize(
    "given", [[], "chat", {"chats": ["read"]}, {"chat": "read"}, {"chat": []}, {"chat": ["all"]}]
)
def test_malformed_scopes_are_rejected(given):
    with pytest.raises(ValidationError):
        scopes.validate_scopes(given)


def test_the_command_creates_keys_with_scopes(capsys):
    call_command("create_api_key", "a@example.com", "--scope=chat:read", "--scope=chat:write")

    assert ApiKey.objects.get().scope_permissions == {"chat": ["read", "write"]}
    with pytest.raises(CommandError, match="--scope"):
        call_command("create_api_key", "a@example.com", "--scope=everything")
