"""Times come from PostgreSQL as Django loads them, only faster."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DataError, connection

from gatewayz.database.timestamps import UtcLoader

pytestmark = pytest.mark.django_db


def loaded(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        return cursor.fetchone()[0]


def test_connections_load_times_by_it():
    connection.ensure_connection()
    oid = psycopg.adapters.types["timestamptz"].oid

    loader = connection.connection.adapters.get_loader(oid, psycopg.pq.Format.TEXT)

    assert loader is UtcLoader


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 11, 30, 1, 2, 3, 123456, UTC),
        datetime(2026, 11, 30, 1, 2, 3, 120000, UTC),
        datetime(2026, 11, 30, 1, 2, 3, 1, UTC),
        datetime(2026, 11, 30, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    ],
)
def test_a_time_comes_back_in_utc(time):
    found = loaded(time.isoformat())

    assert found == time
    assert found.tzinfo is UTC


def test_a_time_that_is_given_in_another_zone_comes_back_in_utc():
    found = loaded("2026-11-30 06:32:03.5+05:30")

    assert found == datetime(2026, 11, 30, 1, 2, 3, 500000, UTC)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["infinity", "10000-01-01 00:00:00+00", "0044-03-15 12:00 BC"])
def test_a_time_that_python_cannot_hold_is_an_error(text):
    with pytest.raises(DataError):
        loaded(text)
