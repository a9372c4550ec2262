"""Two web hosts and a worker host, each in its own network, as one service."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Thread

import pytest

from tests.deploy.installation import HERE, Host, Installation, Web, network_namespaces
from tests.deploy.test_pgbouncer import start_pgbouncer
from tests.waiting import wait_until


@dataclass
class Hosts:
    """Two web hosts; `environ` is what the processes of all hosts have in common."""

    installation: Installation
    places: dict[str, Host]
    environ: dict[str, str]
    a: Web
    b: Web

    def run_on_a(self, code: str) -> None:
        """Run Python in a new process on host A."""
        self.installation.manage(
            self.environ, "shell", "-v", "0", "-c", code, host=self.places["a"]
        )


@pytest.fixture
def places() -> Iterator[dict[str, Host]]:
    """Network namespaces, or several addresses of this machine where there can be none."""
    with ExitStack() as stack:
        try:
            hosts = stack.enter_context(network_namespaces(["a", "b", "w"]))
        except PermissionError:
            addresses = {"a": "127.0.0.2", "b": "127.0.0.3", "w": "127.0.0.4"}
            hosts = {"here": HERE, **{name: Host(one) for name, one in addresses.items()}}
        yield hosts


@pytest.fixture
def hosts(installation: Installation, places: dict[str, Host]) -> Hosts:
    """One PostgreSQL through PgBouncer and one Redis, for a web process on A and one on B."""
    here = places["here"].address
    port = installation.start_redis("redis", address=here)
    environ = {
        "DATABASE_URL": start_pgbouncer(installation, here),
        "DATABASE_POOLER": "transaction",
        "REDIS_URL": f"redis://{here}:{port}/0",
    }
    a, b = (installation.start_web(name, environ, places[name]) for name in ("a", "b"))
    return Hosts(installation, places, environ, a, b)


def test_several_hosts_behave_as_one_service(hosts):
    hosts.installation.start_worker("w", hosts.environ, hosts.places["w"])
    secret = hosts.installation.manage(hosts.environ, "create_api_key", "dan@example.com").strip()

    # What A creates is visible on B, and the other way round.
    session = hosts.a.create_session("from A")
    assert hosts.b.ask("GET", f"/v1/chat/sessions/{session}").body["data"]["title"] == "from A"
    hosts.b.ask("PUT", f"/v1/chat/sessions/{session}", {"title": "renamed on B"})
    assert "renamed on B" in hosts.a.titles()

    # B rejects a key that A revoked, although B has it in memory.
    for web in (hosts.a, hosts.b):
        assert web.ask("GET", "/v1/chat/stats", api_key=secret).status == 200
    hosts.run_on_a(
        "from accounts.keys import deactivate_key\n"
        "from accounts.models import ApiKey\n"
        "deactivate_key(ApiKey.objects.get(user__email='dan@example.com'))"
    )
    for web in (hosts.a, hosts.b):
        web.assert_rejects_soon(secret)

    # Host A is killed while it is asked: B goes on, and nothing that A promised is lost.
    promised = _promised_until_killed(hosts)
    assert len(promised) > 5
    promised.append(hosts.b.create_session("B goes on"))
    with hosts.installation.database() as connection:
        (kept,) = connection.execute(
            "SELECT count(*) FROM chat_sessions WHERE id = ANY(%s)", [promised]
        ).fetchone()
    assert kept == len(promised)

    # The worker's host writes the activity of both, once.
    wait_until(lambda: set(promised) <= hosts.installation.written(promised).keys())
    assert set(hosts.installation.written(promised).values()) == {1}


def _promised_until_killed(hosts: Hosts) -> list[int]:
    """The sessions that A has promised when it is killed."""
    promised: list[int] = []
    killed = Event()

    def create() -> None:
        while not killed.is_set():
            session = hosts.a.create_session()
            if session is not None:
                promised.append(session)

    creators = [Thread(target=create) for _ in range(3)]
    for creator in creators:
        creator.start()
    wait_until(lambda: len(promised) > 5)
    hosts.installation.kill("a")
    killed.set()
    for creator in creators:
        creator.join()
    return promised
