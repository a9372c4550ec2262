"""Compares the activity log as one table and as partitions by time.

`python -m benchmarks partitions [EVENTS]` loads so many events of 400 days into a table and into
partitions of a week, as the service has them, and of a day, and runs the service's own statements
on each. The times are those of PostgreSQL's processor. Linux, and PostgreSQL on a socket.
"""

import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise
from typing import Any

from benchmarks.measuring.processor import seconds_of

DAYS, USERS, MODELS = 400, 50_000, 5
# Days of a partition; None is one table.
SHAPES: dict[str, int | None] = {"whole": None, "weeks": 7, "days": 1}
ROUNDS, BATCH = 30, 1_000
# Retention deletes so many days in each shape.
EXPIRED_DAYS = 28

_LOAD = """
INSERT INTO activity_log (event_id, user_id, "timestamp", model, provider, tokens, cost, speed,
                          finish_reason, app, metadata)
SELECT (lpad(to_hex(n), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid,
       1000000 + (n * 7919) %% %(users)s, %(begin)s + n * %(step)s, 'model ' || n %% %(models)s,
       'p', 10, 0.001, 0, '', '', '{}'
FROM generate_series(1::bigint, %(events)s) AS n
"""
_COUNT = """
INSERT INTO activity_daily (user_id, day, model, provider, requests, tokens, spend, logged)
SELECT user_id, ("timestamp" AT TIME ZONE 'UTC')::date, model, provider, count(*), sum(tokens),
       sum(cost), count(*)
FROM activity_log GROUP BY 1, 2, 3, 4
"""
# That of a partition of whole days becomes zero, so its events need not be read.
_DROPPED = """
UPDATE activity_daily SET logged = 0 WHERE day >= %s AND day < %s AND logged > 0
"""


def main(events: str = "2000000") -> None:
    """Print a table with a column for each shape."""
    from django.db import connection

    from benchmarks.growth import make_users

    begin = datetime.now(UTC).date() - timedelta(days=DAYS)
    columns: dict[str, dict[str, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        make_users(cursor, 1_000_000, USERS)
        for name, days in SHAPES.items():
            # The statements of the service find the tables of this schema first.
            cursor.execute(f'CREATE SCHEMA "{name}"')
            cursor.execute(f'SET search_path = "{name}", public')
            _make_tables(cursor, begin, days)
            seconds = _seconds(lambda: _load(cursor, begin, int(events)))
            columns[name] = {"loading, events a second": f"{int(events) / seconds:,.0f}"}
            columns[name] |= dict(_measured(cursor, begin, days))
            print(name, columns[name], flush=True)
    print(f"\n| {int(events):,} events | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for what in columns["whole"]:
        print(f"| {what} | {' | '.join(its[what] for its in columns.values())} |")


def _make_tables(cursor: Any, begin: date, days: int | None) -> None:
    cursor.execute("CREATE TABLE activity_daily (LIKE public.activity_daily INCLUDING ALL)")
    partitioned = ' PARTITION BY RANGE ("timestamp")' if days else ""
    cursor.execute(
        "CREATE TABLE activity_log (LIKE public.activity_log INCLUDING ALL EXCLUDING IDENTITY)"
        + partitioned
    )
    if days:
        starts = [begin + timedelta(days=n) for n in range(0, DAYS + 2 * days + 1, days)]
        for first, after in pairwise(starts):
            cursor.execute(
                f'CREATE TABLE "{_partition(first)}" PARTITION OF activity_log'
                f" FOR VALUES FROM ('{first}') TO ('{after}')"
            )
    cursor.execute(
        "ALTER TABLE activity_log ALTER id SET DEFAULT nextval('public.activity_log_id_seq')"
    )


def _partition(first: date) -> str:
    return f"activity_log_{first:%Y%m%d}"


def _load(cursor: Any, begin: date, events: int) -> None:
    cursor.execute(
        _LOAD,
        {
            "users": USERS,
            "models": MODELS,
            "begin": datetime.combine(begin, datetime.min.time(), UTC),
            "step": timedelta(days=DAYS) / events,
            "events": events,
        },
    )
    cursor.execute(_COUNT)
    cursor.execute("VACUUM ANALYZE activity_log")
    cursor.execute("VACUUM ANALYZE activity_daily")


def _measured(cursor: Any, begin: date, days: int | None) -> Iterator[tuple[str, str]]:
    from accounts.activity.events import write_events
    from accounts.activity.retention import BATCH_ROWS, _prune_page
    from accounts.models import ActivityEvent
    from benchmarks.growth import event_of

    yield "MB with indexes", f"{_megabytes(cursor):,.0f}"
    users = iter(range(1_000_000, 1_000_000 + USERS))
    now, numbers = datetime.now(UTC), count()

    def insert() -> None:
        write_events(
            [event_of(1_000_000 + next(numbers) * 7919 % USERS, now) for _ in range(BATCH)]
        )

    def page() -> None:
        owned = ActivityEvent.objects.filter(user_id=next(users))
        week = owned.in_days(*(begin + timedelta(days=day) for day in (200, 206)))
        list(week.newest_first()[:50])

    def newest() -> None:
        list(ActivityEvent.objects.filter(user_id=next(users)).newest_first()[:50])

    def by_id() -> None:
        ActivityEvent.objects.get(pk=newest_id)

    def erase() -> None:
        rows = ActivityEvent.objects.filter(user_id=next(users))
        rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:BATCH])).delete()

    cursor.execute("CHECKPOINT")
    before = _written_and_read(cursor)
    yield "insert of 1,000 events, ms", _median(insert)
    written, read = (
        (after - begun) / (ROUNDS + 1)
        for after, begun in zip(_written_and_read(cursor), before, strict=True)
    )
    yield "WAL of 1,000 events after a checkpoint, MB", f"{written / 1e6:.1f}"
    yield "pages of 8 kB read outside shared_buffers for them", f"{read:,.0f}"
    yield "a user's events of a week, ms", _median(page)
    yield "newest 50 events of a user, ms", _median(newest)
    newest_id = ActivityEvent.objects.order_by("-timestamp")[0].pk
    yield "event by its id, ms", _median(by_id)
    yield "erasure of a user's events, ms", _median(erase)
    at = datetime.combine(begin + timedelta(days=EXPIRED_DAYS), datetime.min.time(), UTC)
    cursor.execute('SELECT count(*) FROM activity_log WHERE "timestamp" < %s', [at])
    expired = cursor.fetchone()[0]

    def prune() -> None:
        after = 0
        while (page := _prune_page(after, at, at + timedelta(days=DAYS), BATCH_ROWS))[0]:
            after = page[1]

    seconds = _seconds(lambda: _drop(cursor, begin, days) if days else prune())
    yield f"retention of {EXPIRED_DAYS} days, events a second", f"{expired / seconds:,.0f}"
    seconds = _seconds(lambda: cursor.execute("VACUUM activity_log"))
    yield "vacuum after it, ms", f"{seconds * 1e3:,.0f}"
    yield "MB after it", f"{_megabytes(cursor):,.0f}"


def _written_and_read(cursor: Any) -> tuple[int, int]:
    """Bytes of WAL, and pages that PostgreSQL asked the system for."""
    cursor.execute(
        "SELECT pg_stat_force_next_flush(); SELECT pg_current_wal_insert_lsn() - '0/0',"
        " blks_read FROM pg_stat_database WHERE datname = current_database()"
    )
    cursor.nextset()
    written, read = cursor.fetchone()
    return int(written), int(read)


def _megabytes(cursor: Any) -> float:
    cursor.execute(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        " AND relname LIKE 'activity_log%' AND relnamespace = current_schema()::regnamespace"
    )
    return float(cursor.fetchone()[0]) / 1e6


def _drop(cursor: Any, begin: date, days: int) -> None:
    from django.db import transaction

    for n in range(0, EXPIRED_DAYS, days):
        first, after = (begin + timedelta(days=count) for count in (n, n + days))
        with transaction.atomic():
            cursor.execute(_DROPPED, [first, after])
            cursor.execute(f'DROP TABLE "{_partition(first)}"')


def _median(act: Callable[[], Any]) -> str:
    # The first one plans the statement.
    act()
    return f"{statistics.median(_seconds(act) for _ in range(ROUNDS)) * 1e3:.1f}"


def _seconds(act: Callable[[], Any]) -> float:
    """The processor time of this connection's process in PostgreSQL."""
    from django.db import connection

    process = connection.connection.info.backend_pid
    started = seconds_of(process)
    act()
    return seconds_of(process) - started
