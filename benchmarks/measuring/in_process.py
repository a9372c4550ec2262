"""Measures requests inside a contender's process: without server, load or other threads.

    python -m benchmarks.measuring.in_process CONTENDER USER_ID API_KEY

Each line that it reads is a request as JSON: method, path and body. It does that some times, and
prints the seconds of CPU and of time that one took.
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
from benchmarks.measuring.load import Request

REQUESTS_IN_A_TURN = 5

Do = Callable[[Request], object]

_kept: list[Any] = []


def main(contender: str, user_id: str, api_key: str) -> None:
    """Take a turn for each line of stdin."""
    do = CONTENDERS[contender](user_id, api_key)
    for line in sys.stdin:
        request = Request(*json.loads(line))
        cpu, wall = time.thread_time(), time.perf_counter()
        for _ in range(REQUESTS_IN_A_TURN):
            do(request)
        spent = time.thread_time() - cpu, time.perf_counter() - wall
        print(*(seconds / REQUESTS_IN_A_TURN for seconds in spent), flush=True)


def _limit(user_id: str, api_key: str) -> Do:
    from benchmarks.contenders.bare_insert import INSERT

    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return lambda _: connection.execute(INSERT, [user_id], prepare=True).fetchone()


def _ours(user_id: str, api_key: str) -> Do:
    from gatewayz.wsgi import application

    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        statuses[:] = [status]

    def do(request: Request) -> None:
        path, _, query = request.path.partition("?")
        body = request.body.encode()
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_AUTHORIZATION": f"Bearer {api_key}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        response: Any = application(environ, start_response)
        b"".join(response)
        response.close()
        _check(request, int(statuses[0].partition(" ")[0]))

    return do


def _fastapi(user_id: str, api_key: str) -> Do:
    import uvloop

    from benchmarks.contenders.fastapi_day import app

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    # Keeps a reference; the connection would be closed without one.
    _kept.append(lifespan := app.router.lifespan_context(app))
    loop.run_until_complete(lifespan.__aenter__())
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses[:] = [message["status"]]

    async def answer(request: Request) -> None:
        path, _, query = request.path.partition("?")
        body = request.body.encode()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", f"Bearer {api_key}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "state": {},
        }
        await app(scope, receive, send)

    def do(request: Request) -> None:
        loop.run_until_complete(answer(request))
        _check(request, statuses[0])

    return do


CONTENDERS: dict[str, Callable[[str, str], Do]] = {
    "ours": _ours,
    "fastapi": _fastapi,
    LIMIT: _limit,
}


def _check(request: Request, status: int) -> None:
    if status not in {200, 201}:
        sys.exit(f"{request.method} {request.path} was answered with {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
