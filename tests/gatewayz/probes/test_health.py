"""The probes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.activity.health import activity_stats
from gatewayz.probes import health
from tests.waiting import WAIT_SECONDS, wait_until


@pytest.fixture
def remembered(monkeypatch):
    """The last answer is remembered for longer than a test takes."""
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", 10 * WAIT_SECONDS)


def test_healthz_does_no_io():
    # Without the `db` fixture, any statement would fail.
    response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


_TABLES_OVER_10_MB = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 10000000
"""


@pytest.fixture
def analyzed(db):
    """Big tables that earlier tests filled and rolled back are known to be empty.

    Only these: what ANALYZE notes outlives the test, and a small table that is known to be empty
    would be read as a whole in the plans of other tests.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES_OVER_10_MB)
        for (name,) in cursor.fetchall():
            cursor.execute(f"ANALYZE {name}")


def test_readyz_is_ok_when_database_and_redis_answer(analyzed):
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": dict.fromkeys(("database", "redis", "activity", "search", "statistics"), "ok"),
        "activity": {"depth": 0, "oldest_seconds": None},
    }


@pytest.mark.parametrize("probe", ["/healthz", "/readyz"])
def test_a_probe_may_use_any_host(db, settings, probe):
    settings.ALLOWED_HOSTS = ["api.example.com"]

    assert Client().get(probe, headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_readyz_names_redis_when_it_does_not_answer(db, no_redis):
    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {
        "database": "ok",
        "redis": "failing",
        "activity": "unknown",
    }


def test_readyz_names_the_database_when_it_does_not_answer(transactional_db, monkeypatch):
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"] == {
        "database": "failing",
        "redis": "ok",
        "activity": "unknown",
    }


def test_readyz_is_degraded_while_a_server_of_a_cluster_does_not_answer(db):
    def fail() -> bool:
        raise OperationalError

    response = health.readyz(RequestFactory().get("/readyz"), activity_stats, fail)

    assert response.status_code == 200
    body = json.loads(response.content)
    assert (body["status"], body["parts"]["search"]) == ("degraded", "unknown")


_CREATE_A_TABLE_OF_12_MB = (
    "CREATE TABLE restored AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 12000)"
)


def test_readyz_warns_while_a_table_that_is_not_small_has_no_statistics(
    analyzed, caplog, monkeypatch
):
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", -1.0)
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_A_TABLE_OF_12_MB)
        before = Client().get("/readyz")
        cursor.execute("ANALYZE restored")
        after = Client().get("/readyz")

    assert (before.status_code, before.json()["parts"]["statistics"]) == (200, "missing")
    assert "no statistics of restored: run ANALYZE" in caplog.text
    assert after.json()["parts"]["statistics"] == "ok"


def test_readyz_does_not_warn_of_a_table_that_was_emptied_and_analyzed(analyzed, monkeypatch):
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", -1.0)
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_A_TABLE_OF_12_MB)
        cursor.execute("DELETE FROM restored")
        before = Client().get("/readyz").json()
        cursor.execute("ANALYZE restored")
        after = Client().get("/readyz").json()

    assert before["parts"]["statistics"] == "missing"
    assert after["parts"]["statistics"] == "ok"


def test_readyz_checks_once_for_all_callers(db, remembered):
    first = Client().get("/readyz").json()

    with CaptureQueriesContext(connection) as statements:
        again = [Client().get("/readyz").json() for _ in range(100)]

    assert again == [first] * 100
    assert len(statements) == 0


def test_a_caller_during_a_check_of_readyz_waits_for_its_result(remembered, monkeypatch):
    looks, may_end = [], threading.Event()

    def look(activity, is_search_outdated):
        looks.append(activity)
        may_end.wait(WAIT_SECONDS)
        return {"status": "ok"}, 200

    monkeypatch.setattr(health, "check_parts", look)
    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(Client().get, "/readyz") for _ in range(5)]
        wait_until(lambda: looks)
        hurried = Client().get("/readyz", headers={"X-Request-Timeout": "0.1"})
        may_end.set()
        answers = [one.result(WAIT_SECONDS) for one in asked]

    assert (hurried.status_code, hurried.json()["status"]) == (503, "unavailable")
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(looks) == 1


def test_a_caller_without_time_does_not_change_the_result_for_others(db, remembered):
    Client().get("/readyz", headers={"X-Request-Timeout": "0.000001"})

    assert Client().get("/readyz").status_code == 200
