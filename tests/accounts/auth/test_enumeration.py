"""No answer reveals whether an address has an account, on any route that takes an address.

The routes come from the OpenAPI description, so a new one is covered too.
"""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.openapi import operations, read_schema

PASSWORD = "correct horse battery staple"
# Differs in every answer; also, the limits of a key count down.
ITS_OWN = {"X-Request-ID", "Server-Timing", "Date", "RateLimit-Remaining", "RateLimit-Reset"}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_confirming"),
]


def routes():
    """Method, path and whether it needs a key, of every operation that is sent an address."""
    schema = read_schema()
    found = []
    for (method, path), operation in operations(schema).items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = schema["components"]["schemas"].get(name, {}).get("properties", {})
        if "email" in fields:
            found.append((method, path, operation.get("security") != []))
    return found


ROUTES = routes()


@pytest.fixture
def addresses(user):
    """Addresses by what is true of them."""
    made = {
        "of an account": {"email_verified_at": timezone.now()},
        "not verified": {},
        "deactivated": {"email_verified_at": timezone.now(), "is_active": False},
        "of staff": {"email_verified_at": timezone.now(), "is_staff": True},
        "of a superuser": {"email_verified_at": timezone.now(), "is_superuser": True},
        "without a password": {"email_verified_at": timezone.now(), "password": None},
    }
    found = {"free": "free.0@example.com"}
    for n, (state, fields) in enumerate(made.items(), start=1):
        found[state] = f"user.{n}@example.com"
        User.objects.create_user(found[state], fields.pop("password", PASSWORD), **fields)
    return found


def test_the_routes_are_found():
    paths = {path for _, path, _ in ROUTES}

    assert paths == {
        "/v1/auth",
        "/v1/auth/register",
        "/v1/auth/password-reset",
        "/v1/user/profile",
    }


def answer_of(client, method, path, email):
    """Everything observable about an answer, and the number of its statements."""
    body = {"email": email, "password": "wrong all the same"}
    with CaptureQueriesContext(connection) as captured:
        answer = getattr(client, method)(path, body, content_type="application/json")
    headers = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
    return answer.status_code, {**answer.json(), "request_id": None}, headers, len(captured)


@pytest.mark.parametrize(("method", "path", "needs_key"), ROUTES, ids=str)
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_an_answer_is_the_same_for_every_address(
    api, addresses, mailbox, method, path, needs_key, prefix
):
    client = api if needs_key else Client()
    asked = prefix + path.removeprefix("/v1")
    # Fills the caches that are filled once.
    answer_of(client, method, asked, "first.00@example.com")

    answers = {
        state: answer_of(client, method, asked, email) for state, email in addresses.items()
    }

    assert [answer for answer in answers.values() if answer != answers["free"]] == []
    assert answers["free"][0] < 500


@pytest.mark.parametrize(("method", "path", "needs_key"), ROUTES, ids=str)
def test_a_rejection_of_too_many_attempts_is_the_same_for_every_address(
    api, addresses, mailbox, method, path, needs_key
):
    client = api if needs_key else Client()

    def asked_too_often(email):
        answers = [answer_of(client, method, path, email)[0] for _ in range(40)]
        return answers.index(429)

    at = {}
    for n, (state, email) in enumerate(addresses.items()):
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{n}"
        if needs_key:
            # Counted by the requesting user, regardless of the address.
            at.setdefault("free", asked_too_often(email))
        else:
            at[state] = asked_too_often(email)

    assert len(set(at.values())) == 1
