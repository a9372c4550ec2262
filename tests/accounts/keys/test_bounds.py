"""A key cannot create or manage a key that may do more than itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.keys import create_key
from accounts.models import ApiKey, RateLimitConfig
from accounts.models.rate_limits import WINDOW_FIELDS
from tests.accounts.keys.conftest import PATH
from tests.conftest import ApiClient
from tests.problems import assert_problem

SOON = timezone.now() + timedelta(days=30)

# The fields of a key, those that it may give to another key, and those that it may not.
BOUNDS = [
    (
        {"scope_permissions": {"keys": ["write"], "chat": ["admin"]}},
        [{"scope_permissions": {"chat": ["read", "admin"]}}],
        [
            {"scope_permissions": {}},
            {"scope_permissions": {"keys": ["admin"]}},
            {"scope_permissions": {"chat": ["read"], "activity": ["read"]}},
        ],
    ),
    (
        {"ip_allowlist": ["127.0.0.0/8", "2001:db8::/32"]},
        [{"ip_allowlist": ["127.1.0.0/16", "2001:db8::1"]}],
        [
            {"ip_allowlist": []},
            {"ip_allowlist": ["126.0.0.0/7"]},
            {"ip_allowlist": ["127.0.0.1", "::/0"]},
        ],
    ),
    (
        {"domain_referrers": ["*.example.com"]},
        [{"domain_referrers": ["*.shop.example.com", "www.example.com"]}],
        [
            {"domain_referrers": []},
            {"domain_referrers": ["example.com"]},
            {"domain_referrers": ["*.com"]},
        ],
    ),
    (
        {"expiration_date": SOON},
        [{"expiration_days": 29}],
        [{"expiration_days": 31}],
    ),
    (
        {"environment_tag": "test"},
        [{"environment_tag": "test"}],
        [{"environment_tag": "live"}, {"environment_tag": "development"}],
    ),
]
LIMITS = dict.fromkeys(WINDOW_FIELDS, 7)
REFERRER = {"Origin": "https://www.example.com"}


def create(client, **body):
    return client.post_json(PATH, {"key_name": str(body), **body}, headers=REFERRER)


@pytest.mark.parametrize(("fields", "within", "beyond"), BOUNDS, ids=lambda value: str(value)[:40])
class TestBounds:
    def test_a_key_creates_keys_within_its_own_bounds(self, client_with, fields, within, beyond):
        client = client_with(**fields)

        for body in within:
            assert create(client, **body).status_code == 201, body
        count = ApiKey.objects.count()
        for body in beyond:
            problem = assert_problem(create(client, **body), 403, "exceeds_own_key")
            assert next(iter(fields)) in problem["detail"]
        assert ApiKey.objects.count() == count

    def test_absent_fields_are_inherited_from_the_creating_key(
        self, client_with, fields, within, beyond
    ):
        made = create(client_with(**fields)).json()["data"]

        key = ApiKey.objects.get(pk=made["id"])
        assert {name: getattr(key, name) for name in fields} == fields

    def test_a_key_cannot_widen_itself(self, user, fields, within, beyond):
        key, secret = create_key(user, key_name="narrow", **fields)

        for body in beyond:
            response = ApiClient(secret).put(
                f"{PATH}/{key.pk}", body, content_type="application/json", headers=REFERRER
            )
            assert response.status_code == (400 if "environment_tag" in body else 403)
        unchanged = ApiKey.objects.get(pk=key.pk)
        assert {name: getattr(unchanged, name) for name in fields} == fields

    @pytest.mark.parametrize(
        "manage",
        [
            lambda api, path: api.put(
                path, {"is_active": False}, content_type="application/json", headers=REFERRER
            ),
            lambda api, path: api.put(
                path, {"action": "rotate"}, content_type="application/json", headers=REFERRER
            ),
            lambda api, path: api.put(
                path, {"action": "bulk_rotate"}, content_type="application/json", headers=REFERRER
            ),
            lambda api, path: api.post_json(f"{path}/rotate", {}, headers=REFERRER),
            lambda api, path: api.delete(
                path,
                {"confirmation": "DELETE_KEY"},
                content_type="application/json",
                headers=REFERRER,
            ),
        ],
    )
    def test_a_key_cannot_manage_a_more_powerful_one(
        self, client_with, key, fields, within, beyond, manage
    ):
        client = client_with(**fields)

        assert_problem(manage(client, f"{PATH}/{key.pk}"), 403, "exceeds_own_key")

        unchanged = ApiKey.objects.get(pk=key.pk)
        assert (unchanged.key_digest, unchanged.is_active) == (key.key_digest, True)


def test_a_key_with_limited_requests_creates_no_keys_and_keeps_its_limit(user):
    key, secret = create_key(user, key_name="limited", max_requests=10)
    client = ApiClient(secret)

    assert_problem(create(client, max_requests=1), 403, "exceeds_own_key")
    for more in (0, 11):
        response = client.put(
            f"{PATH}/{key.pk}", {"max_requests": more}, content_type="application/json"
        )
        assert_problem(response, 403, "exceeds_own_key")
    response = client.put(f"{PATH}/{key.pk}", {"max_requests": 9}, content_type="application/json")
    assert response.status_code == 200


def test_a_live_key_manages_keys_of_all_environments(api, user):
    key, _ = create_key(user, key_name="test", environment_tag="test")

    assert create(api, environment_tag="staging").status_code == 201
    assert api.post_json(f"{PATH}/{key.pk}/rotate", {}).status_code == 200


def test_an_expiring_key_can_rotate_itself(user):
    key, secret = create_key(
        user, key_name="ends", expiration_date=SOON, scope_permissions={"keys": ["write"]}
    )

    response = ApiClient(secret).post_json(f"{PATH}/{key.pk}/rotate", {})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("scopes", "may_read", "may_write"),
    [
        ({"keys": ["read"]}, True, False),
        ({"keys": ["write"]}, False, True),
        ({"keys": ["admin"]}, True, True),
        ({"chat": ["admin"]}, False, False),
    ],
)
def test_the_keys_scope_is_needed(user, scopes, may_read, may_write):
    key, secret = create_key(user, key_name="scoped", scope_permissions=scopes)
    client, path = ApiClient(secret), f"{PATH}/{key.pk}"
    reads = [client.get(PATH), client.get(path), client.get(f"{PATH}/usage")]
    writes = [
        create(client),
        client.put(path, {"key_name": "x"}, content_type="application/json"),
        client.post_json(f"{path}/rotate", {"grace_seconds": 60}),
    ]

    for responses, allowed in ((reads, may_read), (writes, may_write)):
        for response in responses:
            if allowed:
                assert response.status_code < 300, response.content
            else:
                assert_problem(response, 403, "insufficient_scope")


@pytest.fixture
def limited(client_with, user):
    """A client whose key may set limits and has some itself."""
    client = client_with(scope_permissions={"keys": ["write"], "limits": ["write"]})
    RateLimitConfig.objects.create(
        api_key=ApiKey.objects.get(user=user, key_name__startswith="client"),
        **LIMITS,
    )
    return client


def set_limits(client, key_id, **limits):
    return client.put(
        f"/v1/user/rate-limits/{key_id}", {**LIMITS, **limits}, content_type="application/json"
    )


def test_a_key_raises_no_limit_above_its_own(limited, user):
    own = ApiKey.objects.get(user=user)

    assert set_limits(limited, own.pk, requests_per_minute=6).status_code == 200
    for more in (8, 0):
        answer = set_limits(limited, own.pk, requests_per_minute=more)
        assert_problem(answer, 403, "exceeds_own_key")
    answer = limited.post_json("/v1/user/rate-limits/bulk-update", {**LIMITS, "tokens_per_day": 8})
    assert_problem(answer, 403, "exceeds_own_key")


def test_a_key_that_may_change_limits_is_bound_by_the_plan_only(client_with, user):
    client = client_with(scope_permissions={"limits": ["admin"]})
    own = ApiKey.objects.get(user=user)

    assert set_limits(client, own.pk).status_code == 200
    assert set_limits(client, own.pk, requests_per_minute=8).status_code == 200


def test_a_key_cannot_evade_its_limits_through_another_key(limited, user):
    made = create(limited).json()["data"]["id"]
    other, _ = create_key(user, key_name="other", scope_permissions={"keys": ["write"]})

    answer = limited.post_json(f"{PATH}/{other.pk}/rotate", {})

    assert RateLimitConfig.objects.get(api_key_id=made).requests_per_minute == 7
    assert_problem(answer, 403, "exceeds_own_key")
    assert limited.post_json(f"{PATH}/{made}/rotate", {}).status_code == 200
