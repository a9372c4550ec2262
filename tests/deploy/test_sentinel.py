"""Redis fails over to its replica, under real Sentinels."""

import re
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.deploy.installation import Installation
from tests.ports import free_port
from tests.waiting import wait_until

NAME = "gatewayz-primary"
PASSWORD = "of-redis"
SENTINEL = f"""
sentinel monitor {NAME} 127.0.0.1 {{primary}} 2
sentinel down-after-milliseconds {NAME} 500
sentinel failover-timeout {NAME} 5000
sentinel auth-pass {NAME} {PASSWORD}
requirepass of-sentinel
sentinel sentinel-pass of-sentinel
"""
# They would find this out by themselves, within half a minute.
KNOWN = f"""
sentinel myid {{own_id}}
sentinel known-replica {NAME} 127.0.0.1 {{replica}}
"""


class Watched:
    """A Redis, its replica, and three Sentinels that watch over both."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        # Replicas are sent the data immediately.
        login = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
        at_once = ("--repl-diskless-sync-delay", "0")
        self.primary = installation.start_redis("redis-a", *login, *at_once)
        self.replica = installation.start_redis(
            "redis-b", *login, "--replicaof", "127.0.0.1", str(self.primary)
        )
        self.sentinels = [free_port() for _ in range(3)]
        for number, port in enumerate(self.sentinels):
            lines = [
                SENTINEL.format(primary=self.primary),
                KNOWN.format(own_id=f"{number}" * 40, replica=self.replica),
                *(
                    f"sentinel known-sentinel {NAME} 127.0.0.1 {other} {f'{index}' * 40}\n"
                    for index, other in enumerate(self.sentinels)
                    if other != port
                ),
            ]
            installation.start_sentinel(f"sentinel-{number}", port, "".join(lines))
        wait_until(lambda: self.at(self.primary).info("replication")["connected_slaves"] == 1)
        wait_until(lambda: all(self._knows_all(port) for port in self.sentinels))
        addresses = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        self.url = (
            f"redis+sentinel://:{PASSWORD}@{addresses}/{NAME}/0?sentinel_password=of-sentinel"
        )

    def at(self, port: int, password: str = PASSWORD) -> redis.Redis:
        # A failover closes connections.
        return redis.Redis(port=port, password=password, retry=Retry(ConstantBackoff(0.02), 100))

    def _knows_all(self, port: int) -> bool:
        seen = self.at(port, "of-sentinel").sentinel_master(NAME)
        return seen["num-slaves"] == 1 and seen["num-other-sentinels"] == 2

    def synchronize(self) -> None:
        """Everything written by now is at the replica."""
        primary = self.at(self.primary).info("replication")["master_repl_offset"]
        replica = self.at(self.replica)
        wait_until(lambda: replica.info("replication")["slave_repl_offset"] >= primary)

    def fail_over(self) -> None:
        """Kill the primary and wait until its replica has taken over."""
        self._installation.kill("redis-a")
        wait_until(lambda: self.at(self.replica).info("replication")["role"] == "master")


@pytest.fixture
def watched(installation: Installation) -> Iterator[Watched]:
    return Watched(installation)


def test_a_failover_loses_no_response_and_no_replicated_data(installation, watched):
    environ = {"REDIS_URL": watched.url}
    web = installation.start_web("web", environ)
    installation.start_worker("worker", environ)
    begun = [web.create_session() for _ in range(20)]
    wait_until(lambda: installation.written(begun))  # a worker that starts needs a Redis
    before = begun + [web.create_session() for _ in range(20)]
    watched.synchronize()

    watched.fail_over()
    during = [web.create_session() for _ in range(20)]
    wait_until(lambda: web.ask("GET", "/readyz").status == 200)
    after = [web.create_session() for _ in range(20)]

    made = [*before, *during, *after]
    assert None not in made
    # The schedule does this every minute; django-q2 rests for 10 s after it has lost Redis.
    installation.manage(
        environ, *("shell", "-v", "0", "-c"), "from accounts.worker.drain import sweep; sweep()"
    )
    wait_until(lambda: set(made) <= installation.written(made).keys())
    assert set(installation.written(made).values()) == {1}
    log = installation.log("web") + installation.log("worker")
    assert not re.search(PASSWORD, log)


def test_a_key_revoked_after_a_failover_is_rejected_everywhere(installation, watched):
    environ = {"REDIS_URL": watched.url}
    one, other = (installation.start_web(name, environ) for name in ("one", "other"))
    secret = installation.manage(environ, "create_api_key", "carol@example.com").strip()
    for web in (one, other):
        assert web.ask("GET", "/v1/chat/stats", api_key=secret).status == 200

    watched.fail_over()
    for web in (one, other):
        wait_until(lambda web=web: web.ask("GET", "/readyz").status == 200)
        assert web.ask("GET", "/v1/chat/stats", api_key=secret).status == 200
    installation.manage(
        environ,
        *("shell", "-v", "0", "-c"),
        "from accounts.keys import deactivate_key\n"
        "from accounts.models import ApiKey\n"
        "deactivate_key(ApiKey.objects.get(user__email='carol@example.com'))",
    )
    for web in (one, other):
        web.assert_rejects_soon(secret)
