"""Measures a creation inside a contender's process: without server, load or other threads.

    python -m benchmarks.measuring.in_process CONTENDER USER_ID API_KEY

For each line that it reads it creates some sessions, and prints the seconds of CPU and of time
that one of them took.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import psycopg

from benchmarks.contenders import LIMIT
from benchmarks.create_session import BODY, PATH

REQUESTS_IN_A_TURN = 10

JSON = json.dumps(BODY).encode()

Create = Callable[[], object]

_kept: list[Any] = []


def main(contender: str, user_id: str, api_key: str) -> None:
    """Take a turn for each line of stdin."""
    create = CONTENDERS[contender](user_id, api_key)
    for _ in sys.stdin:
        cpu, wall = time.thread_time(), time.perf_counter()
        for _ in range(REQUESTS_IN_A_TURN):
            create()
        spent = time.thread_time() - cpu, time.perf_counter() - wall
        print(*(seconds / REQUESTS_IN_A_TURN for seconds in spent), flush=True)


def _limit(user_id: str, api_key: str) -> Create:
    from benchmarks.contenders.bare_insert import INSERT

    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return lambda: connection.execute(INSERT, [user_id], prepare=True).fetchone()


def _ours(user_id: str, api_key: str) -> Create:
    from gatewayz.wsgi import application

    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        statuses[:] = [status]

    def create() -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": PATH,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_AUTHORIZATION": f"Bearer {api_key}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(JSON)),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(JSON),
            "wsgi.errors": sys.stderr,
        }
        response: Any = application(environ, start_response)
        b"".join(response)
        response.close()
        _check(int(statuses[0].partition(" ")[0]))

    return create


def _fastapi(user_id: str, api_key: str) -> Create:
    import uvloop

    from benchmarks.contenders.fastapi_asyncpg import app

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    # Keeps a reference; the connection would be closed without one.
    _kept.append(lifespan := app.router.lifespan_context(app))
    loop.run_until_complete(lifespan.__aenter__())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {api_key}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(JSON)).encode()),
        ],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": JSON, "more_body": False}

    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses[:] = [message["status"]]

    async def request() -> None:
        await app({**scope, "state": {}}, receive, send)

    def create() -> None:
        loop.run_until_complete(request())
        _check(statuses[0])

    return create


CONTENDERS: dict[str, Callable[[str, str], Create]] = {
    "ours": _ours,
    "fastapi": _fastapi,
    LIMIT: _limit,
}


def _check(status: int) -> None:
    if status != 201:
        sys.exit(f"a creation was answered with {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
