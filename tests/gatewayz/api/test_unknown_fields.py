"""A field of a body that an operation does not know is kept, listed as ignored, or rejected."""

import json
from typing import Any

import pytest

from accounts.keys import create_key
from accounts.models import Plan, User
from chat.models import ChatMessage, ChatSession, Feedback
from gatewayz.urls import old_urls
from tests.conftest import ApiClient
from tests.openapi import operations, read_schema

pytestmark = pytest.mark.django_db

UNKNOWN = "flavour"

# Sessions and messages keep what they do not know.
KEEPING = {
    *(("post", f"/v1{path}") for path in ("/chat/sessions", "/chat/import", "/conversations")),
    ("post", "/v1/chat/sessions/{session_id}/messages"),
    ("post", "/v1/conversations/conv_{session_id}"),
    *((method, "/v1/chat/sessions/{session_id}") for method in ("put", "patch")),
    *(
        (method, "/v1/chat/sessions/{session_id}/messages/{message_id}")
        for method in ("put", "patch")
    ),
}

# Where the example of the description does not fit what the test has.
BODIES: dict[str, dict[str, Any]] = {
    "/v1/auth/register": {"email": "new@example.com", "password": "a long enough one"},
    "/v1/chat/feedback": {"feedback_type": "thumbs_up"},
    "/v1/chat/sessions/{session_id}/fork": {},
    "/v1/chat/sessions/{session_id}/messages/{message_id}": {"content": "changed"},
}


# Operations for clients of the old service, which no description names, and those without a body.
HIDDEN = {
    ("post", "admin/assign-plan"),
    *(
        (method, f"admin/rate-limits/{verb}")
        for method in ("post", "put")
        for verb in ("config", "update")
    ),
    ("post", "admin/roles/update"),
}
HIDDEN_WITHOUT_BODY = {
    ("post", "admin/rate-limits/config/reset"),
    ("post", "admin/notifications/process"),
}


def _example(described: dict[str, Any]) -> dict[str, Any]:
    (example,) = described["examples"].values()
    value: dict[str, Any] = example["value"]
    return value


@pytest.fixture
def ids(user, key):
    """Ids of rows of the user, by the name that paths give them."""
    session = ChatSession.objects.create(user=user, title="T", model="m")
    message = ChatMessage.objects.create(session=session, role="user", content="x")
    feedback = Feedback.objects.create(user=user, feedback_type="thumbs_up")
    return {
        "session_id": session.pk,
        "message_id": message.pk,
        "feedback_id": feedback.pk,
        "key_id": key.pk,
    }


@pytest.fixture
def answers(api, ids):
    """A function: the answer of each operation that takes JSON to its example and UNKNOWN."""

    def ask():
        found = {}
        for (method, path), operation in operations(read_schema()).items():
            described = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if described is None:
                continue
            body = {**BODIES.get(path, _example(described)), UNKNOWN: 1}
            if path == "/v1/chat/share":
                body = {"session_id": ids["session_id"], UNKNOWN: 1}
            call = getattr(api, method)
            answer = call(path.format(**ids), body, content_type="application/json")
            found[method, path] = answer, is_stored()
        return found

    def is_stored():
        """Whether a row has the field since this was asked last."""
        rows = [
            row
            for model in (ChatSession, ChatMessage)
            for row in model.objects.all()
            if UNKNOWN in (row.extra or {})
        ]
        for row in rows:
            row.extra = None
            row.save()
        return bool(rows)

    return ask


def test_only_sessions_and_messages_keep_fields_that_they_do_not_know(answers):
    assert {operation for operation, (_, is_kept) in answers().items() if is_kept} == KEEPING


def test_other_operations_list_the_fields_that_they_do_not_know(answers):
    silent = {
        operation: answer.content
        for operation, (answer, is_kept) in answers().items()
        if not is_kept
        and answer.status_code < 300
        and answer.json().get("ignored_fields") != [UNKNOWN]
    }

    assert silent == {}


def test_without_old_shapes_they_reject_them(answers, settings):
    settings.OLD_SHAPES = False
    silent = {
        operation: answer.content
        for operation, (answer, is_kept) in answers().items()
        if not is_kept
        and (answer.status_code, [*answer.json().get("errors", {})]) != (400, [UNKNOWN])
    }

    assert silent == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/sessions", {"ids": [1]}),
        ("/v1/user/profile", {"confirmation": "DELETE_ACCOUNT"}),
        ("/v1/user/api-keys/{key_id}", {"confirmation": "DELETE_KEY"}),
    ],
)
def test_bodies_of_deletes_are_no_exception(api, ids, settings, path, body):
    settings.OLD_SHAPES = False
    answer = api.delete(path.format(**ids), {**body, UNKNOWN: 1}, content_type="application/json")

    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [UNKNOWN])


@pytest.fixture
def staff_api(db):
    """A client with the key of a superuser."""
    boss = User.objects.create_superuser("boss@example.com", "correct horse battery")
    return ApiClient(create_key(boss, key_name="staff")[1])


@pytest.fixture
def hidden_body(user, api_key):
    """A function: a valid body of a hidden operation."""
    limits = {
        f"{what}_per_{window}": 7
        for what in ("requests", "tokens")
        for window in ("minute", "hour", "day")
    }

    def body(path):
        if "rate-limits" in path:
            return {"api_key": api_key, "config": dict(limits)}
        if "roles" in path:
            return {"user_id": user.pk, "new_role": "user"}
        return {"user_id": user.pk, "plan_id": Plan.objects.exclude(pk=user.plan_id)[0].pk}

    return body


@pytest.mark.parametrize(("method", "path"), sorted(HIDDEN))
def test_hidden_operations_list_the_fields_that_they_do_not_know(
    staff_api, hidden_body, settings, method, path
):
    body = {**hidden_body(path), UNKNOWN: 1}
    answer = staff_api.generic(method.upper(), f"/{path}", json.dumps(body), "application/json")
    settings.OLD_SHAPES = False
    rejected = staff_api.generic(method.upper(), f"/{path}", json.dumps(body), "application/json")

    assert (answer.status_code, answer.json()["ignored_fields"]) == (200, [UNKNOWN])
    assert (rejected.status_code, [*rejected.json()["errors"]]) == (400, [UNKNOWN])


def test_no_other_hidden_operation_takes_a_body():
    found = {
        (method, str(route.pattern))
        for included in old_urls
        for route in included.url_patterns
        if "<path:rest>" not in str(route.pattern)
        for method in ("post", "put", "patch")
        if hasattr(getattr(route.callback, "view_class", None), method)
    }

    assert found == HIDDEN | HIDDEN_WITHOUT_BODY


def test_a_field_within_an_object_is_named_with_it(staff_api, hidden_body):
    body = hidden_body("admin/rate-limits/config")
    body["config"][UNKNOWN] = 1

    answer = staff_api.post_json("/admin/rate-limits/config", body)

    assert answer.json()["ignored_fields"] == [f"config.{UNKNOWN}"]
