"""Authentication with bearer keys: who is admitted, and what others are answered."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey, User
from accounts.principals import key_format
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def assert_denied(response, code):
    assert_problem(response, 401, code)
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_valid_key_is_accepted(api):
    assert api.get(PATH).status_code == 200


def test_a_request_without_a_key_is_rejected(db):
    assert_denied(Client().get(PATH), "not_authenticated")


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "Bearer ", "bearer x", "gw_live_x", ""]
)
def test_a_header_without_a_key_is_rejected(db, header):
    response = Client().get(PATH, headers={"Authorization": header})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] in {"malformed_credentials", "unknown_key"}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(api_key, scheme):
    assert Client().get(PATH, headers={"Authorization": f"{scheme} {api_key}"}).status_code == 200


def test_a_made_up_key_costs_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert_denied(ApiClient("gw_live_" + "x" * 49).get(PATH), "unknown_key")


def test_an_unknown_well_formed_key_is_rejected(db):
    assert_denied(ApiClient(key_format.generate("live")).get(PATH), "unknown_key")


def test_a_deactivated_key_is_rejected(api, key, committed):
    assert api.get(PATH).status_code == 200

    with committed():
        key.is_active = False
        key.save()

    assert_denied(api.get(PATH), "inactive_key")


def test_keys_of_a_deactivated_user_are_rejected(api, user, committed):
    _, second = create_key(user, key_name="second")
    assert api.get(PATH).status_code == ApiClient(second).get(PATH).status_code == 200

    with committed():
        user.is_active = False
        user.save()

    assert_denied(api.get(PATH), "inactive_user")
    assert_denied(ApiClient(second).get(PATH), "inactive_user")


def test_a_key_is_rejected_from_the_moment_it_expires(user, monkeypatch):
    expires = timezone.now() + timedelta(hours=1)
    _, secret = create_key(user, key_name="short", expiration_date=expires)
    client = ApiClient(secret)
    assert client.get(PATH).status_code == 200

    # The key is cached now: its expiry is checked at each request, not when it is cached.
    monkeypatch.setattr("accounts.principals.principal.time.time", expires.timestamp)

    assert_denied(client.get(PATH), "expired_key")


def test_a_deactivated_key_is_named_before_its_deactivated_user(api, user, committed):
    with committed():
        ApiKey.objects.update(is_active=False)
        User.objects.update(is_active=False)

    assert_denied(api.get(PATH), "inactive_key")


def test_warm_authentication_takes_no_statement(api, django_assert_num_queries):
    api.get(PATH)

    # The list itself, whose page is not full and so needs no count.
    with django_assert_num_queries(1):
        api.get(PATH)


def test_the_rejection_does_not_repeat_the_key(db):
    key = key_format.generate("live")

    assert key not in ApiClient(key).get(PATH).content.decode()
