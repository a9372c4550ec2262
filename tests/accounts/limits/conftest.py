"""Fixtures for tests of limits."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import ApiKey, Plan, RateLimitConfig, User

Limit = Callable[..., Any]

NO_LIMITS = {
    "requests_per_minute": 0,
    "requests_per_hour": 0,
    "requests_per_day": 0,
    "tokens_per_minute": 0,
    "tokens_per_hour": 0,
    "tokens_per_day": 0,
    "concurrency_limit": 0,
}


@pytest.fixture
def unlimited(user: User, committed: Any) -> Plan:
    """The user's plan, which has no limits unless the test sets some."""
    with committed():
        user.plan = Plan.objects.create(name="Test")
        user.save()
    return user.plan


@pytest.fixture
def limit_key(key: ApiKey, unlimited: Plan, committed: Any) -> Limit:
    """Limits the key to what is given, and to nothing else."""

    def limit(**limits: int) -> None:
        with committed():
            RateLimitConfig.objects.update_or_create(api_key=key, defaults={**NO_LIMITS, **limits})

    return limit


@pytest.fixture
def limit_plan(unlimited: Plan, committed: Any) -> Limit:
    """Limits the user's plan to what is given."""

    def limit(**limits: int) -> None:
        with committed():
            Plan.objects.filter(pk=unlimited.pk).update(**limits)

    return limit
