"""The look-up of requests answered with 401, 403 or 429."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import rejected_requests
from accounts.audit.rejected_requests import writer
from accounts.keys import deactivate_key
from accounts.principals import key_format
from tests.waiting import wait_for_jobs

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/v1/chat/sessions"


def look_up(client, term=""):
    return client.get(reverse("admin:accounts_rejected_requests"), {"q": term})


def found(client, term=""):
    return [request for request, _ in look_up(client, term).context["found"]]


@pytest.fixture
def denied(api, key):
    """The answer to a request with a key that has been deactivated."""
    deactivate_key(key)
    answer = api.get(SESSIONS)
    assert answer.status_code == 401
    wait_for_jobs(writer)
    return answer


@pytest.mark.parametrize("by", ["request id", "e-mail", "mask", "mask with dots", "key id"])
def test_a_denied_request_is_found_by_what_its_user_knows(admin_client, user, key, denied, by):
    term = {
        "request id": denied["X-Request-ID"],
        "e-mail": user.email.upper(),
        "mask": key.masked,
        "mask with dots": key.masked.replace("…", "..."),
        "key id": str(key.pk),
    }[by]

    (request,) = found(admin_client, term)

    assert (request.status, request.code) == (401, "inactive_key")
    assert (request.method, request.path) == ("GET", SESSIONS)
    assert request.user_id == user.pk
    assert "401 Inactive key" in look_up(admin_client, term).content.decode()


@pytest.mark.parametrize("term", ["eve@example.com", "gw_live_zz…zzzz", "99999999", "no such id"])
def test_other_terms_find_nothing(admin_client, denied, term):
    assert found(admin_client, term) == []


def test_unknown_keys_are_counted_by_address(admin_client):
    for _ in range(2):
        made_up = key_format.generate("live")
        Client().get(SESSIONS, headers={"Authorization": f"Bearer {made_up}"})
    wait_for_jobs(writer)

    assert look_up(admin_client).context["strangers"] == [("127.0.0.1", 2)]
    assert {request.code for request in found(admin_client, "127.0.0.1")} == {"unknown_key"}


def test_no_whole_key_is_kept(admin_client, denied, api_key):
    assert api_key not in look_up(admin_client).content.decode()


def test_a_request_that_succeeds_is_not_kept(admin_client, api):
    assert api.get(SESSIONS).status_code == 200
    wait_for_jobs(writer)

    assert found(admin_client) == []


def test_only_the_newest_are_kept(admin_client, monkeypatch):
    monkeypatch.setattr(rejected_requests, "KEPT_REQUESTS", 2)
    ids = [Client().get(SESSIONS)["X-Request-ID"] for _ in range(4)]
    wait_for_jobs(writer)

    assert [request.request_id for request in found(admin_client)] == ids[:1:-1]


def test_takes_the_same_statements_however_many_requests_are_kept(
    admin_client, user, denied, django_assert_num_queries
):
    # Session, operator, the user with the address, the users of what is found.
    with django_assert_num_queries(4):
        assert look_up(admin_client, user.email).status_code == 200


def test_opens_while_redis_is_down(admin_client, no_redis):
    assert "Redis does not answer" in look_up(admin_client).content.decode()
