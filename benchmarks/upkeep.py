"""Measures what a table of messages takes at two sizes: bytes, backup, restore, vacuum, indexes.

`python -m benchmarks upkeep [FIRST [SECOND]]` loads messages of some 900 characters, without the
index of search, prints what they take at FIRST and at SECOND of them, and what the slope between
the two makes of 100 million and of a billion. Seconds are those of the processor, because other
processes may keep the machine busy: of PostgreSQL, and of pg_dump and pg_restore. Linux, and an
embedded PostgreSQL.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import psutil

USERS, MESSAGES_OF_SESSION, FIRST_USER = 1_000, 20, 1_000_000
FORECASTS = (100_000_000, 1_000_000_000)
CHECKOUT = Path(__file__).resolve().parents[1]

_SESSIONS = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
SELECT %(user)s + n %% %(users)s, 'Chat ' || n, 'm', true, now(), now()
FROM generate_series(1, %(count)s) AS n
RETURNING id
"""
_MESSAGES = """
INSERT INTO chat_messages (position, session_id, user_id, role, content, model, tokens, created_at)
SELECT nth, session.id, session.user_id, 'user', text, '', 10, now()
FROM chat_sessions AS session
CROSS JOIN generate_series(1, %(each)s) AS nth
CROSS JOIN LATERAL (
    SELECT string_agg(md5(concat(session.id, ' ', nth, ' ', part)), ' ') AS text
    FROM generate_series(1, 27) AS part
) AS made
WHERE session.id >= %(first)s
ORDER BY session.id, nth
"""


def main(first: str = "300000", second: str = "1200000") -> None:
    """Print the table."""
    from django.db import connection

    from benchmarks.growth import make_users, not_indexed

    sizes, found, loaded = (int(first), int(second)), [], 0
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # Workers would be processes of their own.
        cursor.execute("SET max_parallel_maintenance_workers = 0")
        make_users(cursor, FIRST_USER, USERS)
        for size in sizes:
            with not_indexed(cursor):
                _load(cursor, (size - loaded) // MESSAGES_OF_SESSION)
            loaded = size
            found.append(_measured(cursor))
    forecasts = " | ".join(f"{count:,}" for count in FORECASTS)
    print(f"\n| | {sizes[0]:,} | {sizes[1]:,} | {forecasts} |\n|---|---|---|---|---|")
    for what, (low, unit) in found[0].items():
        high = found[1][what][0]
        slope = (high - low) / (sizes[1] - sizes[0])
        values = (low, high, *(high + slope * (count - sizes[1]) for count in FORECASTS))
        print(f"| {what} | {' | '.join(f'{value:,.1f} {unit}' for value in values)} |")


def _load(cursor: Any, sessions: int) -> None:
    cursor.execute(_SESSIONS, {"user": FIRST_USER, "users": USERS, "count": sessions})
    first = min(session_id for (session_id,) in cursor.fetchall())
    cursor.execute(_MESSAGES, {"each": MESSAGES_OF_SESSION, "first": first})


def _measured(cursor: Any) -> dict[str, tuple[float, str]]:
    """Return values with their units, by what they are of."""

    def run(statement: str) -> Callable[[], Any]:
        return lambda: cursor.execute(statement)

    found = {
        "first vacuum after loading": (
            _seconds(run("VACUUM (FREEZE, ANALYZE) chat_messages")),
            "s",
        ),
        "vacuum of a hundredth of changed rows": (_changed(cursor), "s"),
        "one index built": (_seconds(run("REINDEX INDEX idx_chat_messages_session_id")), "s"),
    }
    cursor.execute("SELECT pg_table_size('chat_messages'), pg_indexes_size('chat_messages')")
    for what, size in zip(("table", "its indexes"), cursor.fetchone(), strict=True):
        found[what] = (size / 1e9, "GB")
    with TemporaryDirectory(dir=os.environ.get("GATEWAYZ_DATA_DIR")) as folder:
        file = Path(folder) / "backup"
        found["backup"] = (_manage("backup", str(file)), "s")
        found["its file"] = (file.stat().st_size / 1e9, "GB")
        name = f"restored_{os.getpid()}"
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=name).geturl()
        try:
            found["restore, with all indexes and VACUUM"] = (
                _manage("restore", str(file), DATABASE_URL=url),
                "s",
            )
        finally:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
    return found


def _changed(cursor: Any) -> float:
    cursor.execute("UPDATE chat_messages SET tokens = tokens + 1 WHERE id %% 100 = 0", [])
    return _seconds(lambda: cursor.execute("VACUUM chat_messages"))


def _manage(*command: str, **environ: str) -> float:
    """Run a command of manage.py. Returns what it took, with its programs and PostgreSQL."""
    started = _seconds_of_ended_processes()
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=CHECKOUT,
        env={**os.environ, **environ},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return _seconds_of_ended_processes() - started


def _seconds_of_ended_processes() -> float:
    """The processor time of the processes of this one and of PostgreSQL that have ended."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone()
    postmaster = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    ended = psutil.Process(postmaster).cpu_times()
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(ended.children_user + ended.children_system + own.ru_utime + own.ru_stime)


def _seconds(act: Callable[[], Any]) -> float:
    from benchmarks.growth import processor_seconds

    started = processor_seconds()
    act()
    return processor_seconds() - started
