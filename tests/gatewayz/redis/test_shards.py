"""Everything that starts reports a Redis Cluster of several shards in one line."""

import os
import subprocess
import sys

import pytest
import redis
from django.core.checks import run_checks

from gatewayz.development.embedded.redis_server import binary
from gatewayz.redis import shards
from tests.ports import free_port
from tests.waiting import wait_until

LINE = "REDIS_URL leads to a Redis Cluster of 2 shards, which is not supported"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """The addresses of two servers in cluster mode, each of which knows only of itself yet."""
    servers, urls = [], []
    for number in range(2):
        port = free_port()
        home = tmp_path_factory.mktemp(f"node{number}")
        servers.append(
            subprocess.Popen(
                [binary(), "--port", str(port), "--dir", home, "--cluster-enabled", "yes"],
                stdout=subprocess.DEVNULL,
            )
        )
        urls.append(f"redis://127.0.0.1:{port}/0")
    for url in urls:
        wait_until(lambda url=url: answers(url))
    yield urls
    for server in servers:
        server.kill()
        server.wait()


def answers(url):
    try:
        with redis.Redis.from_url(url) as client:
            return client.ping()
    except redis.ConnectionError:
        return False


@pytest.fixture(scope="module")
def cluster_url(nodes):
    """A cluster of two shards."""
    with redis.Redis.from_url(nodes[0]) as first, redis.Redis.from_url(nodes[1]) as second:
        first.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8000)
        second.execute_command("CLUSTER ADDSLOTSRANGE", 8001, 16383)
        # They may not hand out the same configuration epoch.
        second.execute_command("CLUSTER SET-CONFIG-EPOCH", 2)
        port = second.connection_pool.connection_kwargs["port"]
        first.execute_command("CLUSTER MEET", "127.0.0.1", port)
        wait_until(lambda: first.execute_command("CLUSTER INFO")["cluster_size"] == "2")
    return nodes[0]


def test_a_cluster_of_two_shards_is_a_problem(cluster_url):
    assert LINE in shards.problem_with(cluster_url)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+sentinel://s:1/primary", ""])
def test_an_unreachable_server_is_not_a_problem(url):
    assert shards.problem_with(url) is None


def test_a_server_without_shards_is_not_a_problem(settings):
    assert shards.problem_with(settings.REDIS_URL) is None
    assert "gatewayz.E001" not in [found.id for found in run_checks()]


@pytest.mark.parametrize(
    "command", [["-m", "gatewayz.web"], ["manage.py", "qcluster"], ["manage.py", "check"]]
)
def test_no_command_starts_with_a_cluster_of_two_shards(cluster_url, command):
    ended = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"REDIS_URL": cluster_url},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if LINE in line]
    assert len(lines) == 1
    assert "Traceback" not in ended.stderr
