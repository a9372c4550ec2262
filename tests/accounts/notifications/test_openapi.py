"""The answers about notifications and referrals match their OpenAPI description."""

import pytest

from accounts.models import User
from accounts.referrals.codes import code_of
from tests.accounts.referrals.test_codes import principal
from tests.openapi import DescribedClient, operations, read_schema

NOTIFICATIONS = "/v1/user/notifications"
REFERRALS = "/v1/referral"


@pytest.mark.django_db(transaction=True)
def test_every_response_matches_the_schema(api):
    code, _ = code_of(principal(User.objects.create_user("grace@example.com")))
    described = DescribedClient(api)
    ask = described.ask

    preferences = f"{NOTIFICATIONS}/preferences"
    ask("get", preferences)
    ask("put", preferences, {"webhook_url": "https://example.com/", "usage_alerts": True})
    ask("put", preferences, {"webhook_url": "no"})
    ask("post", f"{NOTIFICATIONS}/test")
    ask("post", f"{NOTIFICATIONS}/send-usage-report", {"days": 2})
    ask("get", NOTIFICATIONS)
    ask("post", f"{REFERRALS}/generate")
    ask("get", f"{REFERRALS}/code")
    for text in (code.code, "NOSUCHCODE"):
        ask("post", f"{REFERRALS}/validate", {"referral_code": text})
        ask("post", f"{REFERRALS}/apply", {"referral_code": text})
    ask("get", f"{REFERRALS}/stats")

    assert described.asked == described.operations_below(
        NOTIFICATIONS
    ) | described.operations_below(REFERRALS)


def test_the_old_paths_are_not_described():
    assert all(path.startswith("/v1/") for _, path in operations(read_schema()))
