"""Measures what a small and a big user do while the table of messages grows a hundredfold.

`python -m benchmarks growth [MESSAGES [SESSIONS [LONG]]]` gives the small user 50 sessions, and
the big one SESSIONS sessions (20,000), one more of LONG messages (20,000), 20,000 events of
activity and 5,000 audit entries. Their chats are the same both times; all that grows is other
people's, from 10,000 messages to MESSAGES.
Only the small user's chats are indexed for search, because indexing all would take an hour;
`reads` and `search_size` measure search.
Then it purges the sessions of one big user, and erases the other one in windows of WINDOW_SECONDS.
The small one creates, appends and reads over HTTP in these windows and, in turn, in others of the
same length without an erasure. The last fifth of the batches is compared with the first one.

The times are those of the processor, of this process and its connection in PostgreSQL together,
because other processes may keep the machine busy. Linux, and PostgreSQL on a socket.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from multiprocessing import get_context
from typing import Any

from benchmarks.measuring.processor import seconds_of

FIRST_MESSAGES, MESSAGES_OF_SESSION = 10_000, 7
SMALL, PURGED = 50, 5_000
EVENTS, ENTRIES = 20_000, 5_000
OTHERS, FIRST_OTHER = 2_000, 1_000_000
CHUNK_SESSIONS = 20_000
ROUNDS = 15
QUIET_SECONDS, CAPACITY_SECONDS, WINDOW_SECONDS = 60, 10, 8

_USERS = """
INSERT INTO users (id, email, username, password, is_active, is_staff, is_superuser, created_at,
                   updated_at)
SELECT n, 'bench' || n || '@example.com', 'bench' || n, '', true, false, false, now(), now()
FROM generate_series(%(first)s, %(first)s + %(count)s - 1) AS n
"""

# One of ten is pinned, one of ten others archived; one of five is in a folder, one of five others
# has a tag, and one of five is of an end user.
_SESSIONS = """
INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at, is_pinned,
                           is_archived, folder, tags, end_user_id)
SELECT %(user)s + n %% %(users)s, 'Chat ' || n, 'm', true,
       now() - n * interval '1 second', now() - n * interval '1 second', n %% 10 = 0,
       n %% 10 = 1, CASE WHEN n %% 5 = 0 THEN 'work' END,
       CASE WHEN n %% 5 = 1 THEN '{trip}'::varchar[] ELSE '{}'::varchar[] END,
       CASE WHEN n %% 5 = 2 THEN 'ann' END
FROM generate_series(1, %(count)s) AS n
RETURNING id
"""

_MESSAGES = """
INSERT INTO chat_messages (id, position, session_id, user_id, role, content, model, tokens,
                           created_at)
SELECT id, id, session_id, user_id, 'user', words, '', 10, created_at
FROM (
    SELECT nextval('chat_messages_id_seq') AS id, session.id AS session_id, session.user_id,
           words.words, session.created_at
    FROM chat_sessions AS session
    CROSS JOIN generate_series(1, %(each)s) AS nth
    CROSS JOIN LATERAL (
        SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words
        FROM generate_series(1, 30 + 0 * nth + 0 * session.id)
    ) AS words
    WHERE session.id BETWEEN %(first)s AND %(last)s
    ORDER BY session.id, nth
) AS made
"""


def main(messages: str = "1000000", sessions: str = "20000", long: str = "20000") -> None:
    """Print what requests take at both sizes, and the rates of purge and erasure."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        # A worker would be a process of its own.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        make_users(cursor, FIRST_OTHER, OTHERS)
        users = _users(cursor, int(sessions), int(long))
        with not_indexed(cursor):
            _load(cursor, FIRST_OTHER, OTHERS, FIRST_MESSAGES // MESSAGES_OF_SESSION)
        cursor.execute("VACUUM ANALYZE")
        before = _measured(users)
        print("Loading other people's chats", flush=True)
        with not_indexed(cursor):
            _load(
                cursor,
                FIRST_OTHER,
                OTHERS,
                (int(messages) - FIRST_MESSAGES) // MESSAGES_OF_SESSION,
            )
        cursor.execute("VACUUM ANALYZE")
        after = _measured(users)
        _print(before, after, int(messages))
        _print_purge(cursor, users["purged"])
        _print_erasure(users)


def _users(cursor: Any, sessions: int, long: int) -> dict[str, Any]:
    """Make the users with their chats, activity and audit entries. Returns them by name."""
    from django.db import transaction

    from accounts import audit
    from accounts.activity.events import write_events
    from accounts.models import User
    from chat.search.index import index_listed

    names = ("small", "big", "purged")
    users = {name: User.objects.create_user(f"{name}@example.com") for name in names}
    _load(cursor, users["small"].pk, 1, SMALL)
    for _ in index_listed():
        pass
    with not_indexed(cursor):
        _load(cursor, users["big"].pk, 1, sessions)
        _load(cursor, users["big"].pk, 1, 1, each=long)
        _load(cursor, users["purged"].pk, 1, PURGED)
    now = datetime.now(UTC)
    for name, events in (("small", 50), ("big", EVENTS)):
        for start in range(0, events, 1_000):
            write_events(
                [
                    event_of(users[name].pk, now - timedelta(minutes=start + number))
                    for number in range(min(1_000, events - start))
                ]
            )
    with transaction.atomic():
        for number in range(ENTRIES):
            audit.record("key_changed", user_id=users["big"].pk, target=f"api_key:{number}")
    return users


def make_users(cursor: Any, first: int, count: int) -> None:
    """Make `count` users, with ids from `first` on."""
    cursor.execute(_USERS, {"first": first, "count": count})


def event_of(user_id: int, timestamp: datetime) -> Any:
    """An event of activity."""
    from accounts.activity.events import Event, new_event_id

    return Event(
        event_id=new_event_id(),
        user_id=user_id,
        api_key_id=None,
        timestamp=timestamp,
        model="model 1",
        provider="p",
        tokens=10,
        cost=0.001,
        speed=0.0,
        finish_reason="",
        app="",
        metadata={},
    )


@contextmanager
def not_indexed(cursor: Any) -> Iterator[None]:
    """Load without putting the chats on the list of what search has not indexed."""
    for table in ("chat_messages", "chat_sessions"):
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in ("chat_messages", "chat_sessions"):
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _load(cursor: Any, user: int, users: int, count: int, each: int = MESSAGES_OF_SESSION) -> None:
    """Distribute `count` sessions of `each` messages among `users` users, from id `user` on."""
    while count > 0:
        some = min(count, CHUNK_SESSIONS)
        cursor.execute(_SESSIONS, {"user": user, "users": users, "count": some})
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(_MESSAGES, {"first": min(ids), "last": max(ids), "each": each})
        count -= some


def _measured(users: dict[str, Any]) -> dict[str, float]:
    """Return the median seconds of each request of the small and the big user."""
    medians = {}
    for name in ("small", "big"):
        for what, request in _requests(users[name], is_big=name == "big").items():
            seconds = []
            # The first one loads the key and plans the statement.
            for _ in range(ROUNDS + 1):
                started = processor_seconds()
                response = request()
                seconds.append(processor_seconds() - started)
                if response.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED):
                    raise SystemExit(f"{what}: {response.content.decode()}")
            medians[f"{name}: {what}"] = statistics.median(seconds[1:])
    return medians


def processor_seconds(own: Callable[[], float] = time.process_time) -> float:
    """The processor time of this process and of its connection's process in PostgreSQL."""
    from django.db import connection

    return own() + seconds_of(connection.connection.info.backend_pid)


def _requests(user: Any, *, is_big: bool) -> dict[str, Callable[[], Any]]:
    """The six operations of a day, and what a big user's rows might make slow."""
    from django.test import Client

    from accounts.keys import create_key
    from accounts.models import User
    from chat.models import ChatSession

    _, key = create_key(user, key_name=f"bench {time.monotonic_ns()}")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    owned = ChatSession.objects.filter(user=user).order_by("pk")
    session = owned[3]
    message_id = session.messages.order_by("pk").values_list("pk", flat=True)[0]
    chat = "/v1/chat/sessions"

    def get(path: str, by: Client = client) -> Callable[[], Any]:
        return lambda: by.get(path)

    def send(method: str, path: str, **body: Any) -> Callable[[], Any]:
        return lambda: getattr(client, method)(path, body, content_type="application/json")

    message = {"role": "user", "content": "hello " * 50}
    requests = {
        "create": send("post", chat, title="A chat"),
        "append": send("post", f"{chat}/{session.pk}/messages", **message),
        "change a message": send(
            "patch", f"{chat}/{session.pk}/messages/{message_id}", content="hello"
        ),
        "detail": get(f"{chat}/{session.pk}"),
        "list": get(f"{chat}?limit=50"),
        "stats": get("/v1/chat/stats"),
    }
    if not is_big:
        return {**requests, "search": send("post", "/v1/chat/search", query="w19000")}
    long = owned.filter(title="Chat 1").order_by("-pk")[0]
    staff, _ = User.objects.get_or_create(
        email="staff@example.com", username="staff", is_staff=True, is_superuser=True
    )
    admin = Client()
    admin.force_login(staff)
    return {
        **requests,
        "stats of an end user": get("/v1/chat/stats?end_user_id=ann"),
        "list at offset 15,000": get(f"{chat}?limit=50&offset=15000"),
        "list by beginning": get(f"{chat}?limit=50&order=created"),
        "pinned": get(f"{chat}?limit=50&pinned=true"),
        "archived": get(f"{chat}?limit=50&archived=true"),
        "in a folder": get(f"{chat}?limit=50&folder=work"),
        "with a tag": get(f"{chat}?limit=50&tag=trip"),
        "of an end user": get(f"{chat}?limit=50&end_user_id=ann"),
        "trash": get(f"{chat}?limit=50&deleted=true"),
        "tags": get("/v1/chat/tags"),
        "folders": get("/v1/chat/folders"),
        "append to the long session": send("post", f"{chat}/{long.pk}/messages", **message),
        "detail of the long session": get(f"{chat}/{long.pk}?message_limit=100"),
        "activity at offset 15,000": get("/v1/activity/log?limit=50&offset=15000"),
        "activity of 90 days": get("/v1/activity/stats?days=90"),
        "audit log": get("/v1/user/api-keys/audit-logs?limit=100"),
        "admin: sessions": get("/admin/chat/chatsession/", admin),
        "admin: sessions by e-mail": get("/admin/chat/chatsession/?q=big@example.com", admin),
        "admin: activity by e-mail": get(
            "/admin/accounts/activityevent/?q=big@example.com", admin
        ),
        "admin: the user": get(f"/admin/accounts/user/{user.pk}/change/", admin),
        "admin: start page": get("/admin/", admin),
    }


def _print(before: dict[str, float], after: dict[str, float], messages: int) -> None:
    print(f"\n| | ms at {FIRST_MESSAGES:,} | ms at {messages:,} | ratio |\n|---|---|---|---|")
    for what, first in before.items():
        second = after[what]
        print(f"| {what} | {first * 1e3:.1f} | {second * 1e3:.1f} | {second / first:.2f} × |")


def _print_purge(cursor: Any, user: Any) -> None:
    """Purge the sessions of a user, and print what the batches took."""
    from django.utils import timezone

    from chat.models import ChatSession
    from chat.sessions.retention import purge

    trashed = ChatSession.objects.filter(user=user)
    trashed.update(is_active=False, deleted_at=timezone.now(), updated_at=timezone.now())
    cursor.execute("VACUUM ANALYZE")
    batches = _Batches()
    with batches.timed():
        purge(timezone.now() + timedelta(days=400))
    print(f"\nPurged {batches}", flush=True)


def _print_erasure(users: dict[str, Any]) -> None:
    """Erase the big user in windows, and print what another user's requests take meanwhile.

    These come at half of the rate that the service can answer.
    """
    from django.utils import timezone

    from accounts.keys import create_key
    from accounts.models import Plan, User
    from accounts.profile.erasure import erase
    from benchmarks.contenders import OURS
    from benchmarks.measuring.load import CREATE, Request
    from benchmarks.measuring.servers import running
    from benchmarks.measuring.steady import SteadyTraffic
    from chat.models import ChatSession

    small, big = users["small"], users["big"]
    User.objects.filter(pk=small.pk).update(plan=Plan.objects.get(name="Enterprise"))
    _, key = create_key(small, key_name="traffic")
    message = json.dumps({"role": "user", "content": "hello " * 50})
    requests = [CREATE]
    for session in ChatSession.objects.filter(user=small).order_by("pk")[:SMALL]:
        path = f"/v1/chat/sessions/{session.pk}"
        requests += [
            Request("POST", f"{path}/messages", message),
            Request("GET", f"{path}?message_limit=40"),
            Request("GET", "/v1/chat/sessions?limit=50"),
        ]
    batches, is_gone = _Batches(), False
    # Latencies by window.
    without: list[list[float]] = []
    beside: list[list[float]] = []
    url = os.environ["DATABASE_URL"]
    with (
        running([OURS], {OURS.name: key}, database_url=url, processes=1, threads=0) as (one,),
        one.worker(),
        # A process, because this one's interpreter is busy with erasing.
        ProcessPoolExecutor(1, get_context("spawn")) as process,
        batches.timed(),
    ):
        traffic = SteadyTraffic(one.port, key, requests)
        rate = process.submit(traffic.capacity, CAPACITY_SECONDS).result() / 2
        # Until the worker, which has just started, has done what is due.
        process.submit(traffic.latencies, rate, QUIET_SECONDS).result()
        # Not by a request, after which the worker would erase the user.
        User.objects.filter(pk=big.pk).update(is_active=False, erased_from=timezone.now())
        while not is_gone:
            window = partial(traffic.latencies, rate, WINDOW_SECONDS)
            without.append(process.submit(window).result())
            latencies = process.submit(window)
            is_gone = erase(big.pk, ends_at=time.monotonic() + WINDOW_SECONDS)
            beside.append(latencies.result())
    print(f"\nErased {batches}; load {os.getloadavg()[1]:.0f}")
    print(f"\n| {rate:,.0f} requests a second | p50 | p99 |\n|---|---|---|")
    for what, windows in (("without an erasure", without), ("beside one", beside)):
        # Medians, because in some windows other work keeps the machine busy.
        places = [statistics.quantiles(its, n=100) for its in windows]
        p50, p99 = (statistics.median(its[at] for its in places) for at in (49, 98))
        label = f"{what}, median of {len(windows)} windows"
        print(f"| {label} | {p50 * 1e3:.1f} ms | {p99 * 1e3:.1f} ms |")


class _Batches:
    """The processor time of each batch of deleted messages, with what else it took, for each row.

    That of this thread only, because others may send requests meanwhile.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._seconds: list[float] = []

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the batches that are deleted in the block."""
        from django.db import connection

        self._begun = self._last = processor_seconds(time.thread_time)
        with connection.execute_wrapper(self._time):
            yield

    def __str__(self) -> str:
        fifth = len(self._seconds) // 5
        first, last = self._seconds[:fifth], self._seconds[-fifth:]
        return (
            f"{self._rows:,} messages in {len(self._seconds):,} batches, "
            f"{self._rows / (self._last - self._begun):,.0f} messages a second of the processor, "
            f"the last fifth of the batches in "
            f"{statistics.median(last) / statistics.median(first):.2f} × the time of the first"
        )

    def _time(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith('DELETE FROM "chat_messages"') and context["cursor"].rowcount:
            now, rows = processor_seconds(time.thread_time), context["cursor"].rowcount
            self._seconds.append((now - self._last) / rows)
            self._last = now
            self._rows += rows
        return result
