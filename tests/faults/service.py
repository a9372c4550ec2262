"""Runs the whole service in processes that can be killed and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import psycopg
import redis

from gatewayz.development.embedded import postgres_server, redis_server
from gatewayz.development.run import web_command
from tests.faults.proxy import Proxy, upstream_of
from tests.ports import free_port
from tests.servers import PATIENCE, impatient_environ
from tests.waiting import COMMAND_SECONDS, WAIT_SECONDS, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
RETRY_SECONDS = 0.02
ESTABLISHED = "01"  # in /proc/net/tcp
# Its time-out is that of Redis: one request after the other waits for that.
PATIENCE_WITH_DATABASE = {
    name: seconds for name, seconds in PATIENCE.items() if name != "REDIS_TIMEOUT_SECONDS"
}


class Service:
    """PostgreSQL, Redis, a web process and a cluster with one worker; `stop()` ends them all.

    The last two reach the first two through `database_network` and `redis_network`, whose faults
    can be chosen; the tests reach them without. `environ` may change settings.
    """

    def __init__(self, home: Path, **environ: str) -> None:
        self.home = home
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        home.mkdir(parents=True)
        self.database_url = self.start_postgres()
        self.redis_url = self.start_redis()
        self.database_network = Proxy(upstream_of(self.database_url))
        self.redis_network = Proxy(upstream_of(self.redis_url))
        self.port = free_port()
        self.environ = {
            **impatient_environ(),
            "DATABASE_URL": self.database_network.url(self.database_url),
            "REDIS_URL": self.redis_network.url(self.redis_url),
            "REDIS_KEY_PREFIX": "faults",
            "GATEWAYZ_DATA_DIR": str(home),
            "LOG_LEVEL": "ERROR",
            "PROMETHEUS_MULTIPROC_DIR": str(home / "metrics"),
            "WORKERS": "1",
            **environ,
        }
        self.manage("migrate", "-v", "0")
        self.api_key = self.manage(
            "create_api_key", "ada@example.com", "--plan", "Enterprise"
        ).strip()

    def stop(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        self.database_network.stop()
        self.redis_network.stop()
        redis_server.stop(self.home / "redis")
        postgres_server.stop(self.home / "postgres")
        shutil.rmtree(self.home)

    # --- Parts ---------------------------------------------------------------------------------

    def start_postgres(self) -> str:
        return postgres_server.start(self.home / "postgres", durable=True)

    def stop_postgres(self) -> None:
        postgres_server.stop(self.home / "postgres")

    def start_redis(self) -> str:
        return redis_server.start(self.home / "redis", durable=True)

    def stop_redis(self) -> None:
        redis_server.stop(self.home / "redis")

    def kill_redis(self) -> None:
        pid = int((self.home / "redis" / "redis.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._redis_answers())

    def _redis_answers(self) -> bool:
        with self.redis() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def start_cluster(self) -> None:
        self._start("cluster", "manage.py", "qcluster")

    def start_web(self, workers: int = 1, *, until_healthy: bool = True, **environ: str) -> None:
        """So many web processes, each of which is replaced when it dies."""
        self._start(
            "web",
            *web_command("127.0.0.1", str(self.port))[1:],
            GRANIAN_WORKERS=str(workers),
            **environ,
        )
        if until_healthy:
            wait_until(self._is_healthy)

    def pids(self, name: str) -> list[int]:
        """The processes that a part has begun: web processes, or those of the cluster."""
        parent = psutil.Process(self._processes[name].pid)
        return [child.pid for child in parent.children(recursive=True)]

    def unread_bytes(self) -> int:
        """How much of what clients have sent the web processes have not read."""
        connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(
            int(queues.split(":")[1], 16)
            for _, local, _, state, queues, *_ in connections
            if state == ESTABLISHED and int(local.split(":")[1], 16) == self.port
        )

    def cluster_processes(self) -> dict[str, psutil.Process]:
        """The processes of the cluster except its first, by their role in django-q2."""
        (sentinel,) = psutil.Process(self._processes["cluster"].pid).children()
        children = sorted(sentinel.children(), key=lambda child: (child.create_time(), child.pid))
        names = [*(["worker"] * (len(children) - 3)), "monitor", "pusher", "courier"]
        return {"sentinel": sentinel, **dict(zip(names, children, strict=True))}

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a part's first process."""
        self._processes[name].send_signal(number)

    def wait(self, name: str) -> int:
        """Wait for the end of a part. Returns its exit code."""
        return self._processes.pop(name).wait(WAIT_SECONDS)

    def terminate_connections(self) -> None:
        """As an operator does, or a failover."""
        with self.database() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'gatewayz'"
            )

    def log(self, name: str) -> str:
        """The output of a part since its first start."""
        return (self.home / f"{name}.log").read_text()

    def runs(self, name: str) -> bool:
        return name in self._processes

    def kill(self, name: str) -> None:
        """Kill a part and all its processes, as `kill -9` does."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.environ,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=COMMAND_SECONDS,
        ).stdout

    def _start(self, name: str, *command: str, **environ: str) -> None:
        assert name not in self._processes
        with (self.home / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=CHECKOUT,
                env={**self.environ, **environ},
                start_new_session=True,
                stdout=log,
                stderr=log,
            )

    def _is_healthy(self) -> bool:
        return self.answer("GET", "/healthz") is not None

    # --- Requests ------------------------------------------------------------------------------

    def create_session(self) -> int | None:
        """The id of a new session; None when the service did not promise one."""
        answer = self.answer("POST", "/v1/chat/sessions", "{}")
        return answer["data"]["id"] if answer and answer.get("success") else None

    def create_sessions(self, count: int) -> list[int]:
        """The ids of new sessions, all promised."""
        made = [self.create_session() for _ in range(count)]
        assert None not in made
        return made

    @contextmanager
    def traffic(self, threads: int) -> Iterator[list[int]]:
        """Sessions are created as fast as they can be; the promised ids are in the list."""
        promised: list[int] = []
        enough = Event()

        def create() -> None:
            while not enough.is_set():
                session_id = self.create_session()
                if session_id is None:
                    enough.wait(RETRY_SECONDS)
                else:
                    promised.append(session_id)

        creators = [Thread(target=create) for _ in range(threads)]
        for creator in creators:
            creator.start()
        try:
            yield promised
        finally:
            enough.set()
            for creator in creators:
                creator.join()

    def answer(self, method: str, path: str, body: str | None = None) -> dict[str, Any] | None:
        """The JSON that the service answers with; None when it answers with none."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
        }
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return answer

    # --- What became of them -------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            yield connection

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.redis_url) as client:
            yield client

    def waiting(self) -> int:
        """Events in the buffer."""
        with self.redis() as client:
            return client.llen("faults:{activity}:buffer")

    def leases(self) -> list[str]:
        """The batches that a worker holds."""
        with self.redis() as client:
            return [name.decode() for name in client.zrange("faults:{activity}:leases", 0, -1)]

    def end_leases(self) -> None:
        """As if their time had passed."""
        with self.redis() as client:
            for lease in self.leases():
                client.zadd("faults:{activity}:leases", {lease: 0}, xx=True)

    def sweep(self) -> None:
        """Run the tasks that are scheduled every minute."""
        self.manage("shell", "-v", "0", "-c", "from accounts.worker.drain import sweep; sweep()")

    def written(self) -> Counter[int]:
        """How often each session's creation is in the activity log."""
        with self.database() as connection:
            rows = connection.execute(
                "SELECT (metadata->>'session_id')::bigint, count(*) FROM activity_log"
                " WHERE finish_reason = 'session_created' GROUP BY 1"
            )
            return Counter(dict(rows.fetchall()))

    def assert_written_once(self, promised: list[int], seconds: float = WAIT_SECONDS) -> None:
        """Every promised event is in the log, once, and counted as often, before long."""
        wait_until(lambda: set(promised) <= self.written().keys(), seconds)
        assert set(self.written().values()) == {1}
        with self.database() as connection:
            row = connection.execute("""
                SELECT
                    (SELECT count(*) FROM activity_log),
                    (SELECT sum(requests) FROM activity_daily),
                    (SELECT count(*) FROM activity_log WHERE api_key_id IS NOT NULL),
                    (SELECT sum(requests) FROM api_key_usage_daily),
                    (SELECT sum(requests_used) FROM api_keys_new)
            """).fetchone()
        assert row is not None
        events, counted, of_keys, counted_of_keys, used = row
        assert events == counted
        assert of_keys == counted_of_keys == used
