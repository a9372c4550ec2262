"""Attempts with keys that may not be used are audited once, however many there are."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import denials
from accounts.audit.origin import Origin
from accounts.models import ApiKey, AuditEntry, User
from tests.conftest import ApiClient
from tests.problems import assert_problem
from tests.waiting import WAIT_SECONDS, wait_for_jobs

PATH = "/v1/chat/sessions"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(user, key):
    ApiKey.objects.filter(pk=key.pk).update(is_active=False)


def refused():
    """Return the entries about denials, after waiting for all to be written."""
    wait_for_jobs(denials.writer)
    return list(AuditEntry.objects.filter(action__startswith="refused").order_by("id"))


def test_a_denied_key_is_recorded(api, user, key, ended):
    response = api.get(PATH, headers={"X-Request-ID": "r1"})

    assert_problem(response, 401, "inactive_key")
    (entry,) = refused()
    assert (entry.action, entry.target) == ("refused_inactive_key", f"api_key:{key.pk}")
    assert (entry.user_id, entry.actor_key_id, entry.request_id) == (user.pk, key.pk, "r1")


def test_each_reason_is_recorded_once_however_often(api, user, key, ended):
    for _ in range(20):
        api.get(PATH)
    User.objects.filter(pk=user.pk).update(is_active=False)
    ApiKey.objects.filter(pk=key.pk).update(is_active=True)
    for _ in range(20):
        api.get(PATH)

    assert {entry.action for entry in refused()} == {
        "refused_inactive_key",
        "refused_inactive_user",
    }
    assert len(refused()) == 2


def test_several_processes_record_it_once(api, ended):
    for _ in range(3):
        api.get(PATH)
        refused()
        # Like another process, which has not recorded it.
        denials.recorded.clear()

    assert len(refused()) == 1


def test_the_next_hour_is_recorded_again(user):
    for minutes in (0, 59, 60):
        at = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)
        origin = Origin(AuditEntry.Channel.API, user.pk, 7, at=at)
        denials.write_denial(user.pk, "api_key:7", "expired_key", origin)

    assert [entry.created_at.hour for entry in refused()] == [12, 13]


def test_the_memory_of_recorded_denials_stays_bounded(api, ended, monkeypatch):
    monkeypatch.setattr(denials, "MAX_RECORDED", 3)
    denials.recorded.clear()
    denials.recorded.update((n, n, "x", 0) for n in range(3))

    api.get(PATH)

    assert len(denials.recorded) == 1
    assert len(refused()) == 1


def test_no_request_waits_for_the_recording(api, ended):
    held, release = threading.Event(), threading.Event()
    denials.writer.submit("held", lambda: (held.set(), release.wait(WAIT_SECONDS)))
    held.wait(WAIT_SECONDS)
    try:
        with CaptureQueriesContext(connection) as statements:
            assert_problem(api.get(PATH), 401, "inactive_key")
        assert not AuditEntry.objects.filter(action="refused_inactive_key").exists()
    finally:
        release.set()

    assert not [query for query in statements if "audit_log" in query["sql"]]
    assert len(refused()) == 1


def test_no_denial_is_written_for_an_erased_user(user):
    denials.write_denial(
        user.pk + 1, "api_key:7", "expired_key", Origin(AuditEntry.Channel.API, user.pk + 1, 7)
    )

    assert refused() == []


def test_an_unknown_key_is_not_recorded(db):
    ApiClient("gw_live_" + "x" * 49).get(PATH)

    assert refused() == []
