"""Reading and pruning activity stay cheap however long the log is."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.activity import partitions, retention
from accounts.activity.pages import page_of_log
from accounts.activity.totals import activity_totals
from accounts.models import ActivityDay, ActivityEvent
from accounts.principals.principal import Principal
from tests.accounts.activity.weeks import monday_of, weeks_before
from tests.conftest import truncate
from tests.days import today

LOAD = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser,
                   created_at, updated_at)
SELECT n, 'user' || n || '@example.com', 'user' || n, '', true, false, false, now(), now()
FROM generate_series(1, 100) AS n;

INSERT INTO activity_log (event_id, user_id, "timestamp", model, provider, tokens, cost, speed,
                          finish_reason, app, metadata)
SELECT gen_random_uuid(), 1 + n % 100, now() - (100000 - n) * interval '5 minutes',
       'm' || n % 3, 'p', 0, 0, 0, '', '', '{}'
FROM generate_series(1, 100000) AS n;

INSERT INTO activity_daily (user_id, day, model, provider, requests, tokens, spend, logged)
SELECT user_id, ("timestamp" AT TIME ZONE 'UTC')::date, model, provider, count(*), 0, 0, count(*)
FROM activity_log GROUP BY 1, 2, 3, 4;
"""

OWNER = Principal(
    user_id=7,
    key_id=7,
    key_is_active=True,
    user_is_active=True,
    is_staff=False,
    environment_tag="live",
    expires_at=None,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _many_rows(django_db_setup, django_db_blocker):
    tables = "users, activity_log, activity_daily"
    with (
        django_db_blocker.unblock(),
        weeks_before(40),
        connection.cursor() as cursor,
    ):
        # VACUUM does not mark a row as visible before its commit is on disk.
        cursor.execute("SET synchronous_commit = on")
        truncate(tables)
        cursor.execute(LOAD)
        cursor.execute(f"VACUUM ANALYZE {tables}")
        cursor.execute("RESET synchronous_commit")
        yield
        truncate(tables)


def plan_of(run):
    """Return the query plan of the one statement that `run` executes."""
    with CaptureQueriesContext(connection) as captured:
        run()
    (statement,) = captured
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement["sql"])
        return "\n".join(line for (line,) in cursor.fetchall())


def seeks(plan, index, column):
    """Whether the plan starts in the middle of `index`, at a value of `column`."""
    return index in plan and column in plan.split("Index Cond")[1].splitlines()[0]


def test_the_stats_of_a_month_read_that_month_of_the_daily_sums():
    plan = plan_of(lambda: activity_totals(OWNER, today() - timedelta(days=29), today()))

    assert seeks(plan, "activity_daily_pkey", "day"), plan
    assert "activity_log" not in plan


def test_the_length_of_the_log_is_read_from_the_daily_sums():
    days = ActivityDay.objects.owned_by(OWNER).in_days(today() - timedelta(days=29), None)
    plan = plan_of(lambda: list(days.logged_per_day()))

    assert seeks(plan, "activity_daily_pkey", "day"), plan


def test_a_page_of_the_log_is_read_in_the_order_of_the_index():
    page = ActivityEvent.objects.owned_by(OWNER).newest_first()[:50]
    plan = page.explain()

    assert "using activity_log_history_user_id_timestamp_idx" in plan, plan
    assert "Incremental Sort" in plan, plan


def test_a_period_of_the_log_reads_its_own_weeks_only():
    first, last = (today() - timedelta(weeks=ago) for ago in (20, 18))
    events = ActivityEvent.objects.owned_by(OWNER)
    plan = events.in_days(first, last).newest_first()[:50].explain()

    weeks = {monday_of(first) + n * partitions.WEEK for n in range(3)}
    assert set(re.findall(r" on (activity_log\w*[0-9]) ", plan)) == {
        f"activity_log_{monday:%Y_%m_%d}" for monday in weeks
    }, plan


def test_a_period_of_the_log_starts_in_the_index():
    events = ActivityEvent.objects.owned_by(OWNER)
    day = today() - timedelta(weeks=45)
    plan = events.in_days(day, day).newest_first()[:50].explain()

    assert seeks(plan, "activity_log_history_user_id_timestamp_idx", "timestamp"), plan


def test_a_page_far_back_reads_only_its_own_days():
    with CaptureQueriesContext(connection) as captured:
        page_of_log(OWNER, first=None, last=None, names={}, limit=5, offset=900)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + captured[1]["sql"])
        ((plan,),) = cursor.fetchall()

    def rows_read(node):
        if "Relation Name" in node:
            return node["Actual Rows"]
        return sum(rows_read(inner) for inner in node["Plans"])

    # Three events a day, and the page spans three days at most.
    assert rows_read(plan[0]["Plan"]) <= 12


def test_pruning_walks_the_primary_key():
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    with CaptureQueriesContext(connection) as captured:
        retention.prune(long_ago)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + captured[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert seeks(plan, "activity_log_history_pkey", "id"), plan
    assert "Seq Scan on activity_log_history" not in plan, plan
    assert not re.search(r" on activity_log_[0-9]", plan), plan
