"""Where a key may be used from: the order of the checks, and their cost."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey
from tests.conftest import ApiClient
from tests.problems import assert_problem

PATH = "/v1/chat/sessions"


def get(secret, address="203.0.113.7", **headers):
    return ApiClient(secret).get(PATH, REMOTE_ADDR=address, headers=headers)


@pytest.fixture
def secret(user):
    return create_key(user, key_name="here", ip_allowlist=["203.0.113.0/24", "2001:db8::/32"])[1]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("203.0.113.7", True),
        ("::ffff:203.0.113.7", True),
        ("2001:db8::7", True),
        ("203.0.114.7", False),
        ("2001:db9::7", False),
        ("", False),
    ],
)
def test_a_key_works_only_from_its_networks(secret, address, allowed):
    response = get(secret, address)

    if allowed:
        assert response.status_code == 200
    else:
        assert_problem(response, 403, "ip_not_allowed")


def test_behind_a_trusted_proxy_the_callers_address_counts(secret, settings):
    inside = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    outside = {"X-Forwarded-For": "203.0.113.7, 198.51.100.1"}
    assert_problem(get(secret, "10.0.0.1", **inside), 403, "ip_not_allowed")

    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]

    assert get(secret, "10.0.0.1", **inside).status_code == 200
    assert_problem(get(secret, "10.0.0.1", **outside), 403, "ip_not_allowed")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": "https://www.example.com"}, True),
        ({"Referer": "https://www.example.com/page"}, True),
        ({"Origin": "https://example.org"}, False),
        ({}, False),
    ],
)
def test_a_key_works_only_for_its_sites(user, headers, allowed):
    _, secret = create_key(user, key_name="site", domain_referrers=["*.example.com"])

    response = get(secret, **headers)

    if allowed:
        assert response.status_code == 200
    else:
        assert_problem(response, 403, "referrer_not_allowed")


def test_the_first_violation_is_named(user, committed):
    key, secret = create_key(
        user,
        key_name="all wrong",
        ip_allowlist=["192.0.2.0/24"],
        domain_referrers=["example.com"],
        scope_permissions={"activity": ["read"]},
        expiration_date=timezone.now() - timedelta(days=1),
    )
    ApiKey.objects.filter(pk=key.pk).update(is_active=False)
    expected = [
        (401, "inactive_key", {"is_active": True}),
        (401, "expired_key", {"expiration_date": None}),
        (403, "ip_not_allowed", {"ip_allowlist": []}),
        (403, "referrer_not_allowed", {"domain_referrers": []}),
        (403, "insufficient_scope", {"scope_permissions": {}}),
    ]

    for status, code, mended in expected:
        assert_problem(get(secret), status, code)
        with committed():
            ApiKey.objects.filter(pk=key.pk).update(**mended)

    assert get(secret).status_code == 200


def test_a_view_with_its_own_permissions_checks_the_origin_too(user):
    user.is_staff = True
    user.save()
    _, secret = create_key(user, key_name="staff", ip_allowlist=["192.0.2.0/24"])

    assert_problem(ApiClient(secret).get("/v1/admin/key-cache"), 403, "ip_not_allowed")


def test_takes_no_statement(user, django_assert_num_queries):
    _, secret = create_key(
        user,
        key_name="here",
        ip_allowlist=["203.0.113.0/24"],
        domain_referrers=["example.com"],
    )
    headers = {"Origin": "https://example.com"}
    get(secret, **headers)

    # The list itself, whose page is not full and so needs no count.
    with django_assert_num_queries(1):
        assert get(secret, **headers).status_code == 200
