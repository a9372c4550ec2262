"""All keys of one command or script are in one slot of a Redis Cluster."""

import pytest
import redis

from tests.waiting import wait_until


@pytest.fixture
def cluster_url(installation):
    """A cluster of one server, which rejects commands across slots like any other."""
    port = installation.start_redis("cluster", "--cluster-enabled", "yes")
    with redis.Redis(port=port, decode_responses=True) as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        with pytest.raises(redis.exceptions.ClusterCrossSlotError):
            client.mget("one", "another")
    return f"redis://127.0.0.1:{port}/0"


def test_requests_workers_and_commands_stay_within_one_slot(installation, cluster_url):
    environ = {"REDIS_URL": cluster_url}
    web = installation.start_web("web", environ)
    installation.start_worker("worker", environ)

    made = [web.create_session() for _ in range(5)]
    ready = web.ask("GET", "/readyz")
    stats = installation.manage(environ, "key_cache", "stats")
    installation.manage(environ, "key_cache", "clear")

    assert None not in made
    assert ready.status == 200
    assert "hits" in stats
    wait_until(lambda: set(made) <= installation.written(made).keys())
    log = installation.log("web") + installation.log("worker")
    assert "CROSSSLOT" not in log
    assert "Redis" not in log
