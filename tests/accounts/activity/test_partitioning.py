"""The migrations that partition the activity log, with events in it, and back."""

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.activity import partitions
from accounts.activity.events import new_event_id
from accounts.models import ActivityEvent
from tests.accounts.activity.weeks import monday_of
from tests.days import today

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE, BOUND, WEEKS = (
    "0043_delete_chats_index",
    "0045_activity_log_bound",
    "0046_activity_log_weeks",
)


def migrate(name):
    MigrationExecutor(connection).migrate([("accounts", name)])


@pytest.fixture(autouse=True)
def _weeks_again():
    """Afterwards, weeks begin with this one again, as in a new database."""
    yield
    ActivityEvent.objects.all().delete()
    migrate(WHOLE)
    migrate(WEEKS)


def rows():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM activity_log ORDER BY id")
        return cursor.fetchall()


def schema_of(table):
    """Columns, constraints and indexes of a table, in words of PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name::text, data_type || is_nullable || is_identity"
            " FROM information_schema.columns WHERE table_name = %(table)s"
            " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %(table)s::regclass"
            " UNION ALL SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)"
            " FROM pg_index WHERE indrelid = %(table)s::regclass",
            {"table": table},
        )
        return sorted(cursor.fetchall())


def add_event(user, moment):
    return ActivityEvent.objects.create(
        event_id=new_event_id(), user=user, timestamp=moment, tokens=1
    )


def test_no_event_is_lost_on_the_way_there_and_back(user):
    now = timezone.now()
    for moment in (now - timedelta(days=500), now, now + timedelta(weeks=20)):
        add_event(user, moment)
    before = rows()

    migrate(WHOLE)
    assert rows() == before
    earliest = monday_of(today()) + timedelta(weeks=2)
    migrate(WEEKS)
    assert rows() == before

    assert earliest <= partitions.weeks()[0] <= monday_of(today()) + timedelta(weeks=2)
    assert add_event(user, now).pk > before[-1][0]


def test_the_last_step_can_be_undone_and_done_again(user):
    add_event(user, timezone.now())
    before, shape = rows(), schema_of("activity_log")

    migrate(BOUND)
    assert rows() == before
    migrate(WEEKS)

    assert rows() == before
    assert schema_of("activity_log") == shape


def test_going_back_leaves_the_table_as_it_was(user):
    migrate(WHOLE)
    shape = schema_of("activity_log")
    migrate(WEEKS)
    migrate(WHOLE)

    assert schema_of("activity_log") == shape


def test_an_event_that_comes_between_the_steps_is_kept(user):
    add_event(user, timezone.now())
    migrate(WHOLE)
    migrate(BOUND)

    late = add_event(user, timezone.now() + timedelta(days=6))
    migrate(WEEKS)

    assert ActivityEvent.objects.filter(pk=late.pk).exists()
    assert ActivityEvent.objects.count() == 2


def test_rights_on_the_log_stay(user):
    role = f"reader_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}; GRANT SELECT, INSERT ON activity_log TO {role}")
        try:
            for name in (WHOLE, WEEKS):
                migrate(name)
                cursor.execute(
                    "SELECT array_agg(privilege_type ORDER BY 1) FROM pg_class,"
                    " aclexplode(relacl) WHERE oid = 'activity_log'::regclass"
                    " AND grantee = %s::regrole",
                    [role],
                )
                assert cursor.fetchone() == (["INSERT", "SELECT"],)
        finally:
            cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
