"""Limits across real processes: exact under concurrency and when a process dies."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.access.key_lookup import get_user
from accounts.keys import create_key
from accounts.limits.store import SLOT_LEASE_MS, admit, usage_of_keys
from accounts.models import Plan, RateLimitConfig, User
from tests.accounts.access.test_key_cache_processes import CHECKOUT, wait_until, web_processes
from tests.accounts.limits.conftest import NO_LIMITS

pytestmark = pytest.mark.django_db(transaction=True)

HOLD = """
import django, os, sys, time
django.setup()
from accounts.access.key_lookup import get_user
from accounts.limits.store import admit
decision, _ = admit(get_user(os.environ["KEY"]))
print(decision.code, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def webs(django_db_setup, django_db_blocker):
    """Three running web processes."""
    with web_processes(3, django_db_blocker) as webs:
        yield webs


def limited_key(user, **limits):
    key, secret = create_key(user, key_name="limited")
    RateLimitConfig.objects.create(api_key=key, **{**NO_LIMITS, **limits})
    return key, secret


def test_exactly_20_of_50_concurrent_requests_pass_over_all_processes(webs, user):
    _, secret = limited_key(user, requests_per_minute=20)

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(lambda n: webs[n % 3].status(secret), range(50)))

    assert sorted(statuses) == [200] * 20 + [429] * 30


def test_the_plan_lets_exactly_20_of_50_requests_by_two_keys_pass(webs, user):
    User.objects.filter(pk=user.pk).update(
        plan=Plan.objects.create(name="Twenty", daily_request_limit=20)
    )
    secrets = [create_key(user, key_name=name)[1] for name in ("a", "b")]

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(lambda n: webs[n % 3].status(secrets[n % 2]), range(50)))

    assert sorted(statuses) == [200] * 20 + [429] * 30


def test_every_process_frees_its_slots(webs, user):
    key, secret = limited_key(user, concurrency_limit=50)

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(lambda n: webs[n % 3].status(secret), range(300)))

    assert set(statuses) == {200}
    wait_until(lambda: usage_of_keys(user.pk, [key.pk])[key.pk].concurrent_requests == 0)


def test_the_slot_of_a_killed_process_ends_with_its_lease(user):
    _, secret = limited_key(user, concurrency_limit=1)
    url = urlsplit(os.environ["DATABASE_URL"])
    url = url._replace(path=connection.settings_dict["NAME"])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=CHECKOUT,
        env=os.environ
        | {
            "KEY": secret,
            "DJANGO_SETTINGS_MODULE": "gatewayz.settings",
            "DATABASE_URL": url.geturl(),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "None\n"
        process.send_signal(signal.SIGKILL)

    caller = get_user(secret)
    assert admit(caller)[0].code == "concurrent_requests"
    assert admit(caller, now_ms=int(time.time() * 1000) + SLOT_LEASE_MS)[0].allowed


def test_every_process_sees_a_changed_limit(webs, user):
    key, secret = limited_key(user, requests_per_minute=1000)
    assert [web.status(secret) for web in webs for _ in range(2)] == [200] * 6

    RateLimitConfig.objects.filter(pk=key.pk).update(requests_per_minute=1)

    for web in webs:
        wait_until(lambda web=web: web.status(secret) == 429)


def test_every_process_sees_a_changed_plan(webs, user):
    plan = Plan.objects.create(name="Test")
    User.objects.filter(pk=user.pk).update(plan=plan)
    _, secret = create_key(user, key_name="mine")
    assert [web.status(secret) for web in webs for _ in range(2)] == [200] * 6

    Plan.objects.filter(pk=plan.pk).update(requests_per_minute=1)

    for web in webs:
        wait_until(lambda web=web: web.status(secret) == 429)


def test_every_process_sees_that_a_user_has_another_plan(webs, user):
    _, secret = create_key(user, key_name="mine")
    assert [web.status(secret) for web in webs for _ in range(2)] == [200] * 6

    user.plan = Plan.objects.create(name="Small", requests_per_minute=1)
    user.save()

    for web in webs:
        wait_until(lambda web=web: web.status(secret) == 429)
