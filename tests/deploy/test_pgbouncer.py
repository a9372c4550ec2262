"""The service behind a real PgBouncer that gives a connection to each transaction."""

import re

import psycopg
import pytest

from gatewayz.development.embedded import postgres_server
from tests.deploy.installation import CHECKOUT, Installation, program
from tests.ports import free_port
from tests.waiting import wait_until

CONFIGURATION = (CHECKOUT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text()
PASSWORD = "of-pgbouncer"


def start_pgbouncer(installation: Installation, address: str = "127.0.0.1") -> str:
    """A PgBouncer with two connections to PostgreSQL for everybody. Returns its DATABASE_URL."""
    binary = program("pgbouncer")
    port = free_port()
    users = installation.home / "pgbouncer-users"
    users.write_text("".join(f'"{role}" "{PASSWORD}"\n' for role in ("postgres", "pooled_web")))
    configuration = installation.home / "pgbouncer.ini"
    configuration.write_text(
        _with(
            CONFIGURATION,
            gatewayz=f"host={installation.postgres_socket} port={postgres_server.PORT}",
            listen_addr=address,
            listen_port=port,
            auth_file=users,
            # Fewer than our connections.
            default_pool_size=2,
        )
    )
    installation.start("pgbouncer", binary, str(configuration), as_user=True)
    url = f"postgresql://postgres:{PASSWORD}@{address}:{port}/{postgres_server.DATABASE_NAME}"
    wait_until(lambda: _answers(url))
    return url


def _with(configuration: str, **changes: object) -> str:
    """The configuration that is shipped, with other values for some of its settings."""
    for name, value in changes.items():
        configuration, found = re.subn(
            rf"^{name} = .*$", f"{name} = {value}", configuration, flags=re.MULTILINE
        )
        assert found == 1, name
    return configuration


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def pooled(installation: Installation, redis_url: str) -> dict[str, str]:
    """The environment of a process behind PgBouncer."""
    return {
        "DATABASE_URL": start_pgbouncer(installation),
        "DATABASE_POOLER": "transaction",
        "REDIS_URL": redis_url,
    }


def test_the_api_and_a_worker_work_through_transaction_pooling(installation, pooled):
    web = installation.start_web("web", pooled)
    installation.start_worker("worker", pooled)

    # More threads than PgBouncer has connections.
    sessions = [web.create_session(f"pooled {number}") for number in range(10)]
    path = f"/v1/chat/sessions/{sessions[0]}"
    message = {"role": "user", "content": "through the pooler"}
    added = web.ask("POST", f"{path}/messages", message)
    batch = web.ask("POST", f"{path}/messages/batch", {"messages": [message] * 200})
    detail = web.ask("GET", path)
    found = web.ask("POST", "/v1/chat/search", {"query": "pooler"})
    exported = web.ask("GET", "/v1/chat/export")
    once = [
        web.ask("POST", "/v1/chat/sessions", {}, Idempotency_Key="pooled").body["data"]["id"]
        for _ in range(2)
    ]

    assert None not in sessions
    assert [added.status, batch.status, detail.status, found.status] == [201, 201, 200, 200]
    assert set(web.titles()) >= {f"pooled {number}" for number in range(10)}
    assert found.body["data"][0]["id"] == sessions[0]
    assert exported.status == 200
    assert once[0] == once[1]
    wait_until(lambda: set(sessions) <= installation.written(sessions).keys())
    assert set(installation.written(sessions).values()) == {1}


def test_without_its_setting_the_pooler_rejects_our_time_outs(installation, pooled):
    with pytest.raises(AssertionError, match="unsupported startup parameter"):
        installation.manage(pooled | {"DATABASE_POOLER": "none"}, "migrate", "--check")


def test_roles_have_the_time_outs_that_the_pooler_rejects(installation, pooled):
    installation.manage({}, "grant_roles", "--prefix", "pooled")
    url = pooled["DATABASE_URL"].replace("//postgres:", "//pooled_web:")

    with installation.database(url) as connection:
        statement, lock, idle = (
            connection.execute(f"SHOW {name}").fetchone()[0]
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
            )
        )

    assert (statement, lock, idle) == ("5s", "4s", "30s")


def test_time_zone_and_application_name_do_not_leak_between_clients(installation, pooled):
    zones = installation.manage(
        pooled,
        "shell",
        "-v",
        "0",
        "-c",
        "from django.db import connection\n"
        "import psycopg, os\n"
        "other = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)\n"
        "other.execute(\"SET TimeZone = 'Asia/Tokyo'\")\n"
        "for _ in range(5):\n"
        "    other.execute('SELECT 1')\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute('SHOW TimeZone')\n"
        "        print(cursor.fetchone()[0])\n",
    )

    assert set(zones.split()) == {"UTC"}


def test_an_iterator_over_many_rows_works_through_the_pooler(installation, pooled):
    counted = installation.manage(
        pooled,
        "shell",
        "-v",
        "0",
        "-c",
        "from chat.models import ChatSession\n"
        "print(sum(1 for _ in ChatSession.objects.iterator(chunk_size=1))"
        " == ChatSession.objects.count())",
    )

    assert counted.strip() == "True"
