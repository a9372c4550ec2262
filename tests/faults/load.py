"""Clients that keep a ledger of what they were promised, and its audit against the database."""

from __future__ import annotations

import json
import random
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

from tests.faults.service import Service

# The time of a request when the client does not ask for less: REQUEST_DEADLINE_SECONDS.
DEADLINE_SECONDS = 5.0
GRACE_SECONDS = 0.5
GIVE_UP_SECONDS = 90.0
PULSE_SECONDS = 0.02

_names = count()


@dataclass(frozen=True)
class Answer:
    """The outcome of a request that began at `started` (monotonic seconds).

    `status` is 0 when the connection broke before an answer. `held_up_seconds` is how long the
    machine, busy with other things, kept a thread at the time that had only slept.
    """

    started: float
    seconds: float
    status: int
    code: str = ""
    data: Any = None
    allowed_seconds: float = DEADLINE_SECONDS
    held_up_seconds: float = 0.0

    @property
    def is_hung(self) -> bool:
        """Whether it was answered long after its deadline, and not because all was slow."""
        grace_seconds = GRACE_SECONDS + 5 * self.held_up_seconds
        return self.seconds > self.allowed_seconds + grace_seconds

    @property
    def is_clean(self) -> bool:
        """Whether it is a 503 that says what to do."""
        return self.status == 503 and bool(self.code)


class Caller:
    """One client, on one connection as long as that lasts."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._connection: HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        allowed_seconds: float = DEADLINE_SECONDS,
        **headers: str,
    ) -> Answer:
        """Send a request once. A kept connection that the server has closed is replaced first.

        `headers` are named with underscores.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {
            "Authorization": f"Bearer {self._service.api_key}",
            "X-Request-Timeout": str(allowed_seconds),
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        started = time.monotonic()
        status, answer = 0, {}
        if self._connection is not None and _was_closed(self._connection.sock):
            self.close()
        is_kept = self._connection is not None
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = HTTPConnection(
                    "127.0.0.1", self._service.port, timeout=GIVE_UP_SECONDS
                )
            try:
                self._connection.request(method, path, body and json.dumps(body), sent)
                response = self._connection.getresponse()
                status, answer = response.status, json.loads(response.read())
            except (OSError, HTTPException, ValueError) as error:
                self.close()
                # As every HTTP client does with one that was closed while it was idle.
                safe = method == "GET" or "Idempotency-Key" in sent
                safe = safe or isinstance(error, BrokenPipeError)
                if attempt == 1 and is_kept and safe and isinstance(error, ConnectionError):
                    continue
            break
        return Answer(
            started,
            time.monotonic() - started,
            status,
            answer.get("code", ""),
            answer.get("data"),
            allowed_seconds,
        )

    def create(self, title: str | None = None, **options: Any) -> Answer:
        """Create a session."""
        return self.ask("POST", "/v1/chat/sessions", {"title": title or new_name()}, **options)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _was_closed(idle: socket.socket | None) -> bool:
    """Whether the server has closed a kept connection, as urllib3 looks before it uses one."""
    if idle is None:
        return True
    poll = select.poll()
    poll.register(idle, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def hold_ups() -> Iterator[list[float]]:
    """How many seconds too late a thread was woken each time that it slept, all the while."""
    seconds = [0.0]
    over = Event()

    def sleep() -> None:
        before = time.monotonic()
        while not over.wait(PULSE_SECONDS):
            now = time.monotonic()
            seconds.append(now - before - PULSE_SECONDS)
            before = now

    thread = Thread(target=sleep)
    thread.start()
    try:
        yield seconds
    finally:
        over.set()
        thread.join()


def held_up(answers: list[Answer], seconds: list[float]) -> list[Answer]:
    """The same answers, knowing of the longest hold-up."""
    return [replace(answer, held_up_seconds=max(seconds)) for answer in answers]


def new_name() -> str:
    """A title that no other session has."""
    return f"ledger {next(_names)} {random.getrandbits(64):x}"


@dataclass
class Ledger:
    """All answers, and of each write what it wrote and whether that was promised.

    `keyed` are the writes that were sent with an Idempotency-Key, again until they were
    promised.
    """

    answers: list[Answer] = field(default_factory=list)
    promised: dict[str, int] = field(default_factory=dict)  # title or content, and its id
    unknown: set[str] = field(default_factory=set)
    keyed: set[str] = field(default_factory=set)

    def during(self, begin: float, end: float) -> list[Answer]:
        """The answers to requests that were on their way in between."""
        return [
            answer
            for answer in list(self.answers)
            if answer.started < end and answer.started + answer.seconds >= begin
        ]


class Load:
    """Mixed requests of many clients, `per_second` of them together, or as many as can be.

    Each is given `allowed_seconds`, if the service allows as many.
    """

    def __init__(
        self,
        service: Service,
        clients: int,
        per_second: float | None = None,
        allowed_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.service = service
        self._allowed_seconds = allowed_seconds
        self.ledger = Ledger()
        self._pause_seconds = clients / per_second if per_second else 0.0
        self._enough = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._work, args=[number]) for number in range(clients)]

    @contextmanager
    def running(self) -> Iterator[Ledger]:
        """The load is on during the block; the ledger is complete after it."""
        with hold_ups() as seconds:
            for thread in self._threads:
                thread.start()
            try:
                yield self.ledger
            finally:
                self._enough.set()
                for thread in self._threads:
                    thread.join()
        self.ledger.answers = held_up(self.ledger.answers, seconds)

    def _work(self, number: int) -> None:
        chance = random.Random(number)
        session_id: int | None = None
        due = time.monotonic() + chance.random() * self._pause_seconds
        with closing(Caller(self.service)) as caller:
            while not self._enough.wait(max(0.0, due - time.monotonic())):
                # After a hold-up it does not make up for what it has missed.
                due = max(due, time.monotonic() - 1) + self._pause_seconds
                draw = chance.random()
                if session_id is None or draw < 0.3:
                    answer = self._write(caller, "/v1/chat/sessions", "title", keyed=draw < 0.1)
                    if answer.data:
                        session_id = answer.data["id"]
                elif draw < 0.6:
                    path = f"/v1/chat/sessions/{session_id}/messages"
                    self._write(caller, path, "content", keyed=draw < 0.4)
                elif draw < 0.8:
                    self._read(caller, "/v1/chat/sessions?limit=10")
                else:
                    self._read(caller, f"/v1/chat/sessions/{session_id}")

    def _read(self, caller: Caller, path: str) -> None:
        self._note(caller.ask("GET", path, allowed_seconds=self._allowed_seconds))

    def _write(self, caller: Caller, path: str, field_name: str, *, keyed: bool) -> Answer:
        name = new_name()
        body = {field_name: name, **({"role": "user"} if field_name == "content" else {})}
        headers = {"Idempotency_Key": name.replace(" ", "-")} if keyed else {}
        while True:
            answer = caller.ask(
                "POST", path, body, allowed_seconds=self._allowed_seconds, **headers
            )
            self._note(answer)
            if answer.status < 400 and answer.data:
                self.ledger.promised[name] = answer.data["id"]
                self.ledger.unknown.discard(name)
            elif answer.code != "overloaded":
                self.ledger.unknown.add(name)
            if keyed:
                self.ledger.keyed.add(name)
            if not keyed or name in self.ledger.promised or self._enough.wait(0.1):
                return answer

    def _note(self, answer: Answer) -> None:
        with self._lock:
            self.ledger.answers.append(answer)


@dataclass(frozen=True)
class Audit:
    """`lost`: promised and not in the database. `duplicated`: there more than once."""

    lost: list[str]
    duplicated: list[str]
    strange: list[str]  # there under another id than was promised
    session_ids: list[int]  # of the promised sessions


def audit(service: Service, ledger: Ledger) -> Audit:
    """Compare the ledger with the database, row by row."""
    with service.database() as connection:
        sessions = connection.execute(
            "SELECT title, id FROM chat_sessions WHERE title LIKE 'ledger %'"
        ).fetchall()
        messages = connection.execute(
            "SELECT content, id FROM chat_messages WHERE content LIKE 'ledger %'"
        ).fetchall()
    rows = sessions + messages
    times = Counter(name for name, _ in rows)
    ids = dict(rows)
    known = ledger.promised.keys() | ledger.unknown
    return Audit(
        lost=[name for name in ledger.promised if name not in times],
        duplicated=[name for name in known if times[name] > 1],
        strange=[
            name for name, row_id in ledger.promised.items() if ids.get(name, row_id) != row_id
        ],
        session_ids=[row_id for name, row_id in sessions if name in ledger.promised],
    )


def row_of(fault: str, answers: list[Answer], found: Audit | None = None) -> str:
    """A line of the table."""
    slowest = max((answer.seconds for answer in answers), default=0.0)
    good = sum(200 <= answer.status < 300 for answer in answers)
    clean = sum(answer.is_clean for answer in answers)
    hung = sum(answer.is_hung for answer in answers)
    broken = len(answers) - good - clean
    lost = len(found.lost) if found else 0
    duplicated = len(found.duplicated) if found else 0
    return (
        f"| {fault:<34} | {len(answers):>8} | {good:>7} | {clean:>9} | {broken:>6} | {hung:>4} "
        f"| {lost:>4} | {duplicated:>10} | {slowest:>9.2f} |"
    )


TABLE_HEAD = (
    "| fault                              | requests |     2xx | clean 5xx | broken | hung "
    "| lost | duplicated | slowest s |\n"
    "|------------------------------------|---------:|--------:|----------:|-------:|-----:"
    "|-----:|-----------:|----------:|"
)
