"""The probes."""

import pytest
from django.db import connection
from django.test import Client


def test_healthz_does_no_io():
    # Without the `db` fixture, any statement would fail.
    response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readyz_is_ok_when_database_and_redis_answer(db):
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": {"database": "ok", "redis": "ok", "activity": "ok"},
        "activity": {"depth": 0, "oldest_seconds": None},
    }


@pytest.mark.parametrize("probe", ["/healthz", "/readyz"])
def test_a_probe_may_come_by_any_address(db, settings, probe):
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
