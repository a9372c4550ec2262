"""The contenders of `make bench`: services with `POST /v1/chat/sessions`, and the bare INSERT.

All insert into the same table, with its indexes and triggers, and add the same row to the activity
log. Each uses the servers of DATABASE_URL and REDIS_URL.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from gatewayz.development import run

THREADS = 16  # of a process of gunicorn, one for each connection


@dataclass(frozen=True)
class Contender:
    """A service; {port}, {processes} and {threads} are filled into its command `web`.

    `worker` is the command of what it leaves its activity to, and `gateway` of what it speaks to
    the database through, if there is such a thing. A round in which it errs ends the run, unless
    it has more `tries`.
    """

    name: str
    title: str
    web: tuple[str, ...]
    worker: tuple[str, ...] = ()
    gateway: tuple[str, ...] = ()
    tries: int = 1

    def web_command(self, port: int, processes: int, threads: int) -> list[str]:
        """The command that serves at `port`."""
        given = {"port": port, "processes": processes, "threads": threads}
        return [sys.executable, *(word.format(**given) for word in self.web)]


_UVICORN = (
    *("-m", "uvicorn", "--loop", "uvloop", "--http", "httptools"),
    *("--workers", "{processes}", "--port", "{port}"),
)
_QUIET_UVICORN = (*_UVICORN, "--no-access-log", "--log-level", "warning")
_GUNICORN = (
    *("-m", "gunicorn", "--worker-class", "gthread", "--threads", "{threads}"),
    *("--workers", "{processes}", "--bind", "127.0.0.1:{port}", "--log-level", "warning"),
)

OURS = Contender(
    "ours",
    "Gatewayz as `make run` serves it",
    # Like the others, it is told only where to listen.
    tuple(run.web_command("127.0.0.1", "{port}")[1:]),
    worker=("manage.py", "qcluster"),
)

SERVICES: Mapping[str, Contender] = {
    contender.name: contender
    for contender in (
        OURS,
        Contender(
            "fastapi",
            "FastAPI, asyncpg and redis.asyncio on uvicorn, uvloop and httptools",
            (*_QUIET_UVICORN, "benchmarks.contenders.fastapi_asyncpg:app"),
            worker=("-m", "benchmarks.contenders.fastapi_worker"),
        ),
        Contender(
            "observed",
            "The same FastAPI with metrics and an access log, which ours has on",
            (*_UVICORN, "benchmarks.contenders.fastapi_observed:app"),
            worker=("-m", "benchmarks.contenders.fastapi_worker"),
        ),
        Contender(
            "drf",
            "DRF as usual: djangorestframework-api-key, ModelSerializer, gunicorn",
            (*_GUNICORN, "benchmarks.contenders.drf_as_usual.wsgi:application"),
        ),
        Contender(
            "before",
            "The service before: key, user, insert and activity, one after another",
            (*_QUIET_UVICORN, "benchmarks.contenders.before:app"),
            gateway=("-m", "benchmarks.contenders.postgrest"),
            # With 64 clients, its HTTP client loses one in some thousand requests (EBADF).
            tries=5,
        ),
    )
}

# Those of `python -m benchmarks day`.
DAY: Mapping[str, Contender] = {
    contender.name: contender
    for contender in (
        OURS,
        Contender(
            "fastapi",
            "FastAPI, asyncpg and orjson with the same checks, metrics and an access log",
            (*_UVICORN, "benchmarks.contenders.fastapi_observed:app"),
            worker=("-m", "benchmarks.contenders.fastapi_worker"),
        ),
        Contender(
            "litestar",
            "Litestar, asyncpg and msgspec with the same",
            (*_UVICORN, "benchmarks.contenders.litestar_day:app"),
            worker=("-m", "benchmarks.contenders.fastapi_worker"),
        ),
        SERVICES["drf"],
        Contender(
            "bare",
            "The same FastAPI without keys, limits and activity",
            (*_QUIET_UVICORN, "benchmarks.contenders.fastapi_bare:app"),
        ),
    )
}

# Not a service: see `bare_insert`.
LIMIT = "limit"
