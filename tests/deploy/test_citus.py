"""A cluster of Citus, whose coordinator CITUS_DATABASE_URL names, behind the real service.

The database must have the extension and its workers, and be otherwise empty; docs/citus.md says
how. What the tests make stays there.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from accounts.principals.principal import Principal
from accounts.profile.serializers import CONFIRMATION
from chat.messages.read import _listed
from chat.models import ChatMessage, ChatSession, Feedback, IdempotencyKey
from chat.search.candidates import _OWNER, _PENDING_MESSAGES, _SHOWN
from chat.sessions.read import _STATISTICS, _STATISTICS_OF_END_USER, _one, _page
from chat.sessions.write import _BRANCH, _COPY
from tests.contract.client import ContractClient
from tests.faults.load import Load, audit
from tests.faults.service import Service
from tests.gatewayz.processes import CHECKOUT
from tests.waiting import wait_until

URL = os.environ.get("CITUS_DATABASE_URL", "")
# Nothing listens there.
UNUSED_PORT = 1

pytestmark = pytest.mark.skipif(not URL, reason="CITUS_DATABASE_URL names no cluster")

OWNER = Principal.without_key(1)
ANY = {"pinned": None, "archived": None}
STATEMENTS = {
    "list": lambda: _page(
        1, None, None, order="updated", limit=50, offset=0, deleted=False, **ANY
    ),
    "detail": lambda: _one(1, 1),
    "messages": lambda: _listed(1, 1, None, None, branches="current")[:50],
    "one message": lambda: ChatMessage.objects.owned_by(OWNER).filter(pk=1),
    "feedback": lambda: Feedback.objects.owned_by(OWNER).newest_first()[:50],
    "idempotency": lambda: IdempotencyKey.objects.filter(user_id=1, key="a"),
    "export": lambda: (
        ChatSession.objects.owned_by(OWNER).active().with_current_message(1).order_by("id")[:100]
    ),
}
RAW = {
    "stats": (_STATISTICS, {"user_id": 1}),
    "stats of an end user": (_STATISTICS_OF_END_USER, {"user_id": 1, "end_user_id": "a"}),
    "search of words": (_OWNER, {"user_id": 1, "parts": ["a"]}),
    "search of what is not indexed": (
        _PENDING_MESSAGES,
        {"user_id": 1, "message_ids": [1], "whole": [1], "messages": 10, "bytes": 1_000},
    ),
    "branch to fork": (
        _BRANCH,
        {"user": 1, "session": 1, "message": 1, "max_messages": 10},
    ),
    "copy of a fork": (
        _COPY,
        {"user": 1, "session": 1, "copy": 2, "ids": "{1,2}", "new_ids": "{3,4}"},
    ),
    "marks of sessions to purge": (
        "UPDATE chat_sessions SET is_purged = TRUE WHERE id = ANY(%s) AND user_id = ANY(%s)",
        [[1, 2], [1]],
    ),
    "search of snippets": (_SHOWN, {"user_id": 1, "ids": [1], "bytes": 1_000}),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gatewayz-test-") as folder:
        service = Service(Path(folder) / "service", DATABASE_URL=URL)
        service.database_url = URL
        try:
            add_old_chat(service)
            service.manage("distribute")
            service.start_web()
            yield service
        finally:
            if service.runs("web"):
                service.kill("web")
            service.stop()


OLD_CHAT = """
WITH session AS (
    INSERT INTO chat_sessions (user_id, title, model, is_active, created_at, updated_at)
    SELECT id, 'Old chat', 'm', TRUE, now(), now() FROM users WHERE email = 'ada@example.com'
    RETURNING id, user_id
)
INSERT INTO chat_messages (session_id, user_id, role, content, model, tokens, created_at)
SELECT id, user_id, 'user', 'Old message', '', 0, now() FROM session
"""


def add_old_chat(service: Service) -> None:
    """Add a chat, unless the tables are distributed already by an earlier run."""
    with service.database() as connection:
        if connection.execute("SELECT count(*) FROM pg_dist_partition").fetchone() == (0,):
            connection.execute(OLD_CHAT)


@pytest.fixture
def client(service: Service) -> ContractClient:
    return client_of(service, service.api_key)


@pytest.fixture
def clients(service: Service) -> list[ContractClient]:
    """Those of some users, who are on different servers."""
    names = [f"user-{number}@example.com" for number in range(8)]
    return [client_of(service, service.manage("create_api_key", name).strip()) for name in names]


def client_of(service: Service, api_key: str) -> ContractClient:
    return ContractClient(f"http://127.0.0.1:{service.port}", api_key)


def chat_of(client: ContractClient) -> tuple[str, list[int]]:
    """The path of a new session, and the ids of the four messages in it."""
    session = client.post("/v1/chat/sessions", {"title": "Chat"}).data
    path = f"/v1/chat/sessions/{session['id']}"
    body = {"messages": [{"role": "user", "content": f"M{number}"} for number in range(4)]}
    saved = client.post(f"{path}/messages/batch", body).data["saved"]
    return path, [one["message_id"] for one in saved]


def created_together(clients: list[ContractClient]) -> list[int]:
    """The status of the answer to each of some clients, who create a session simultaneously."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return [
            answer.status
            for answer in pool.map(lambda client: client.post("/v1/chat/sessions", {}), clients)
        ]


def server_of(connection: psycopg.Connection, user_id: int) -> int:
    """The port of the server that holds the chats of a user."""
    row = connection.execute(
        "SELECT nodeport FROM pg_dist_placement JOIN pg_dist_node USING (groupid)"
        " WHERE shardid = get_shard_id_for_distribution_column('chat_sessions', %s)",
        [user_id],
    ).fetchone()
    assert row is not None
    port: int = row[0]
    return port


def move_to(connection: psycopg.Connection, node: int, host: str, port: int) -> None:
    """Have the cluster look for one of its servers elsewhere."""
    connection.execute("SELECT citus_update_node(%s, %s, %s)", [node, host, port])


def state_of_search(client: ContractClient) -> str:
    """What /readyz says of search. It answers 200."""
    answer = client.get("/readyz")
    assert answer.status == 200
    state: str = answer.json["parts"]["search"]
    return state


def run(service: Service, function: str) -> None:
    """Run a task of the worker, by its path."""
    module, _, name = function.rpartition(".")
    service.manage("shell", "-v", "0", "-c", f"from {module} import {name}; {name}()")


def stored_bytes(service: Service, client: ContractClient) -> int:
    """What a user stores, as the worker has counted it."""
    while service.waiting():
        service.sweep()
    used: int = client.get("/v1/user/plan/usage").data["storage"]["used_bytes"]
    return used


def tasks_of(sql: str, parameters: object) -> str:
    """How many shards a statement asks."""
    with psycopg.connect(URL) as connection:
        plan = [line for (line,) in connection.execute(f"EXPLAIN {sql}", parameters)]
    return next(line.strip() for line in plan if "Task Count" in line)


def test_a_distributed_database_has_nothing_left_to_do(service: Service):
    assert " do " not in service.manage("distribute")
    assert "to do" not in service.manage("distribute", "--dry-run")
    service.manage("migrate", "--check")
    service.manage("check_indexes")


def test_chats_of_before_are_there(client: ContractClient):
    found = client.post("/v1/chat/search", {"query": "old message"}).data

    assert [one["title"] for one in found] == ["Old chat"]


def test_it_does_not_move_tables_under_running_processes(service: Service, client: ContractClient):
    # So that a process holds a connection.
    chat_of(client)

    with pytest.raises(subprocess.CalledProcessError):
        service.manage("distribute", "--undo")

    assert "to do" not in service.manage("distribute", "--dry-run")


def test_the_contract_holds(service: Service):
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n", "0", "-q", "tests/contract"),
            *("--base-url", f"http://127.0.0.1:{service.port}", "--api-key", service.api_key),
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stdout


def test_a_message_is_replaced_by_its_client_id(client: ContractClient):
    session = client.post("/v1/chat/sessions", {"title": "Upsert"}).data
    path = f"/v1/chat/sessions/{session['id']}/messages"
    first = client.post(path, {"role": "user", "content": "one", "client_id": "c"}).data
    again = client.post(path, {"role": "user", "content": "two", "client_id": "c"}).data

    assert (again["id"], again["content"]) == (first["id"], "two")


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_query_asks_one_shard(service: Service, name: str):
    sql, parameters = STATEMENTS[name]().query.sql_with_params()

    assert tasks_of(sql, parameters) == "Task Count: 1"


@pytest.mark.parametrize("name", RAW)
def test_a_statement_asks_one_shard(service: Service, name: str):
    assert tasks_of(*RAW[name]) == "Task Count: 1"


def test_a_fork_copies_a_branch(client: ContractClient):
    path, messages = chat_of(client)

    fork = client.post(f"{path}/fork", {"message_id": messages[2]}).data

    copied = client.get(f"/v1/chat/sessions/{fork['id']}").data["messages"]
    assert [one["content"] for one in copied] == ["M0", "M1", "M2"]
    assert [one["parent_id"] for one in copied] == [None, copied[0]["id"], copied[1]["id"]]


def test_a_purge_deletes_chats_of_several_users(service: Service, clients: list[ContractClient]):
    kept = [chat_of(client)[0] for client in clients]
    stored_bytes(service, clients[0])
    # Events of an earlier run may have been lost with its Redis.
    service.manage("count_storage")
    stored = [stored_bytes(service, client) for client in clients]
    deleted = [chat_of(client)[0] for client in clients]
    for client, path in zip(clients, deleted, strict=True):
        assert client.request("DELETE", path).status == 200
    assert stored_bytes(service, clients[0]) > stored[0]
    ids = [int(path.rpartition("/")[2]) for path in deleted]
    with service.database() as connection:
        connection.execute(
            "UPDATE chat_sessions SET updated_at = now() - interval '400 days',"
            " deleted_at = now() - interval '400 days' WHERE id = ANY(%s)",
            [ids],
        )

    run(service, "chat.sessions.retention.purge_expired")

    with service.database() as connection:
        for table, column in (("chat_sessions", "id"), ("chat_messages", "session_id")):
            found = connection.execute(
                f"SELECT count(*) FROM {table} WHERE {column} = ANY(%s)",  # noqa: S608
                [ids],
            ).fetchone()
            assert found == (0,), table
    for client, path in zip(clients, kept, strict=True):
        assert len(client.get(path).data["messages"]) == 4
    assert [stored_bytes(service, client) for client in clients] == stored
    service.manage("count_storage")
    assert [stored_bytes(service, client) for client in clients] == stored


def test_an_erased_user_leaves_nothing(service: Service, clients: list[ContractClient]):
    path, _ = chat_of(clients[0])
    other, _ = chat_of(clients[1])
    user_id = clients[0].get(path).data["user_id"]

    assert (
        clients[0].request("DELETE", "/v1/user/profile", {"confirmation": CONFIRMATION}).status
        == 200
    )
    run(service, "accounts.profile.erasure.erase_remaining")

    with service.database() as connection:
        for table in ("users", "user_storage", "chat_sessions", "chat_messages"):
            column = "id" if table == "users" else "user_id"
            found = connection.execute(
                f"SELECT count(*) FROM {table} WHERE {column} = %s",  # noqa: S608
                [user_id],
            ).fetchone()
            assert found == (0,), table
    assert clients[1].get(other).status == 200


def test_what_is_promised_is_there_once(service: Service):
    with Load(service, clients=8).running() as ledger:
        for _ in range(3):
            before = len(ledger.promised)
            wait_until(lambda known=before: len(ledger.promised) > known + 50)
            service.terminate_connections()
        before = len(ledger.promised)
        wait_until(lambda: len(ledger.promised) > before + 50)

    found = audit(service, ledger)
    assert (found.lost, found.duplicated, found.strange) == ([], [], [])


def test_users_of_living_servers_are_served(service: Service, clients: list[ContractClient]):
    chats = [chat_of(client)[0] for client in clients]
    users = [client.get(path).data["user_id"] for client, path in zip(clients, chats, strict=True)]
    with psycopg.connect(URL, autocommit=True) as connection:
        servers = [server_of(connection, user) for user in users]
        dead = servers[0]
        assert set(servers) > {dead}
        node = connection.execute(
            "SELECT nodeid, nodename, nodeport FROM pg_dist_node WHERE nodeport = %s", [dead]
        ).fetchone()
        assert node is not None
        move_to(connection, node[0], node[1], UNUSED_PORT)
        try:
            service.terminate_connections()
            wait_until(lambda: state_of_search(clients[0]) == "unknown")
            for client, path, server in zip(clients, chats, servers, strict=True):
                status = 503 if server == dead else 200
                assert client.get(path).status == status
            together = created_together(clients)
            assert together == [503 if server == dead else 201 for server in servers]
        finally:
            move_to(connection, *node)
        wait_until(lambda: state_of_search(clients[0]) == "ok")
    assert [client.get(path).status for client, path in zip(clients, chats, strict=True)] == [
        200
    ] * len(clients)
