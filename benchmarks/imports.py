"""How fast a long file of chats is imported, in what memory, and whether kills lose anything.

`python -m benchmarks imports [CONVERSATIONS]` makes a file as ChatGPT exports it, of 50 messages a
conversation, sends it by HTTP, kills the worker twice (kill -9) and a web process once while it is
imported, and compares with a bare COPY of the same rows in the same run.
"""

import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from django.db import connection

from accounts.keys import create_key
from accounts.models import Plan, User
from benchmarks.contenders import OURS
from benchmarks.measuring.servers import Running, running

MESSAGES = 50
KILLED_AT = (0.25, 0.6)
POLL_SECONDS = 0.2
LONGEST_SECONDS = 7_200.0

_TABLES = ("chat_sessions", "chat_messages")


def main(conversations: str = "1000") -> None:
    """Measure, and print the figures. Raises AssertionError when anything is lost or doubled."""
    count = int(conversations)
    user = User.objects.create_user(
        "benchmark@example.com", plan=Plan.objects.get(name="Enterprise")
    )
    _, secret = create_key(user, key_name="benchmark")
    keys = {OURS.name: secret}
    url = os.environ["DATABASE_URL"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.json"
        _write(path, count)
        size_mb = path.stat().st_size / 1e6
        print(f"{count:,} conversations, {count * MESSAGES:,} messages, {size_mb:,.0f} MB")
        with running([OURS], keys, database_url=url, processes=1, threads=0) as (one,):
            with one.worker():
                seconds = _import(one, path)
    _assert_whole(count)
    _copy(seconds)


def _write(path: Path, count: int) -> None:
    chance = random.Random(1)  # noqa: S311 - it keeps no secret
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(3_000)]
    with path.open("w") as file:
        file.write("[")
        for number in range(count):
            texts = [" ".join(chance.choices(words, k=90)) for _ in range(MESSAGES)]
            file.write("," * bool(number) + json.dumps(_conversation(number, texts)))
        file.write("]")


def _conversation(number: int, texts: list[str]) -> dict[str, Any]:
    ids = [f"{number}-{place}" for place in range(len(texts))]
    began = 1.7e9 + 100 * number
    mapping = {
        name: {
            "id": name,
            "message": {
                "id": name,
                "author": {"role": ("user", "assistant")[place % 2], "name": None, "metadata": {}},
                "create_time": began + place,
                "content": {"content_type": "text", "parts": [texts[place]]},
                "status": "finished_successfully",
                "metadata": {"model_slug": "gpt-4o"} if place % 2 else {},
            },
            "parent": ids[place - 1] if place else None,
            "children": ids[place + 1 : place + 2],
        }
        for place, name in enumerate(ids)
    }
    about = {"title": f"Chat {number}", "create_time": began, "conversation_id": f"c{number}"}
    return {**about, "mapping": mapping, "current_node": ids[-1]}


def _import(one: Running, path: Path) -> float:
    """Send the file and kill processes until it is imported. Returns how long that took."""
    peaks = {"web": 0, "worker": 0}
    began = time.monotonic()
    with path.open("rb") as file:
        job = _ask(
            one, "POST", "/v1/chat/import", file, {"Content-Length": str(path.stat().st_size)}
        )
    sent_seconds = time.monotonic() - began
    killed = 0
    began = time.monotonic()
    while job["state"] == "running":
        _note_peaks(one, peaks)
        if killed < len(KILLED_AT) and job["progress"] > KILLED_AT[killed]:
            _kill(one, "worker")
            if not killed:
                _kill(one, "web")
            killed += 1
        time.sleep(POLL_SECONDS)
        assert time.monotonic() - began < LONGEST_SECONDS, job
        job = _ask(one, "GET", f"/v1/chat/imports/{job['id']}") or job
    seconds = time.monotonic() - began
    assert killed == len(KILLED_AT), "the file is too short"
    assert job["state"] == "completed", job
    messages = job["imported"] * MESSAGES
    print(
        f"sent in {sent_seconds:.1f} s, imported in {seconds:.1f} s with {killed} kills of the"
        f" worker: {messages / seconds:,.0f} messages/s"
    )
    print(f"VmHWM: web {peaks['web'] / 1e3:,.0f} MB, worker {peaks['worker'] / 1e3:,.0f} MB")
    return seconds


def _ask(
    one: Running, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Any:
    """The data of the answer; None when there is none, as while a web process is killed."""
    client = HTTPConnection("127.0.0.1", one.port, timeout=600)
    try:
        authorization = {
            "Authorization": f"Bearer {one.api_key}",
            "X-Forwarded-Proto": "https",
        }
        kind = {"Content-Type": "application/json"} if body else {}
        client.request(method, path, body, {**authorization, **kind, **(headers or {})})
        response = client.getresponse()
        answer = response.read()
        assert response.status < 400, answer
        return json.loads(answer)["data"]
    except (OSError, HTTPException):
        return None
    finally:
        client.close()


def _processes(one: Running, part: str) -> Iterator[psutil.Process]:
    """The processes that a part has started, except its first."""
    if part == "web":
        yield from one.web.children(recursive=True)
        return
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            if "qcluster" in child.cmdline():
                yield child


def _note_peaks(one: Running, peaks: dict[str, int]) -> None:
    for part in peaks:
        for process in _processes(one, part):
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                continue
            peak = next(
                line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")
            )
            peaks[part] = max(peaks[part], int(peak))


def _kill(one: Running, part: str) -> None:
    """Kill the process of a part that has worked most."""
    first = {"web": 0, "worker": 2}[part]  # after the command and the sentinel of the worker
    processes = sorted(_processes(one, part), key=lambda process: process.pid)[first:]
    busiest = max(processes, key=lambda process: sum(process.cpu_times()[:2]))
    os.kill(busiest.pid, signal.SIGKILL)


def _assert_whole(count: int) -> None:
    """Assert that each conversation is there once, with each of its messages once and in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT external_id) FROM chat_sessions")
        assert cursor.fetchone() == (count, count)
        cursor.execute(
            "SELECT count(*), count(DISTINCT (session_id, created_at)) FROM chat_messages"
        )
        assert cursor.fetchone() == (count * MESSAGES,) * 2
    print("nothing is lost or doubled")


def _copy(import_seconds: float) -> None:
    """Time a COPY of the same rows into tables with the same indexes and no triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        seconds, rows = 0.0, 0
        for table in _TABLES:
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
                pieces = [bytes(piece) for piece in copy]
            began = time.monotonic()
            with cursor.copy(f"COPY bare_{table} FROM STDIN (FORMAT binary)") as copy:
                for piece in pieces:
                    copy.write(piece)
            seconds += time.monotonic() - began
            rows = cursor.rowcount
        print(
            f"bare COPY of the same rows: {seconds:.1f} s, {rows / seconds:,.0f} messages/s;"
            f" the import takes {import_seconds / seconds:.1f} times as long"
        )
