"""A cluster of Citus, whose coordinator CITUS_DATABASE_URL names, behind the real service.

The database must have the extension and its workers, and be otherwise empty; docs/citus.md says
how. What the tests make stays there.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from accounts.principals.principal import Principal
from chat.messages.read import _listed
from chat.models import ChatMessage, ChatSession, Feedback, IdempotencyKey
from chat.search.candidates import _PENDING_MESSAGES, _SHOWN
from chat.sessions.read import _STATISTICS, _STATISTICS_OF_END_USER, _one, _page
from tests.contract.client import ContractClient
from tests.faults.service import Service
from tests.gatewayz.processes import CHECKOUT

URL = os.environ.get("CITUS_DATABASE_URL", "")

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
    "search of what is not indexed": (
        _PENDING_MESSAGES,
        {"user_id": 1, "message_ids": [1], "whole": [1], "messages": 10, "bytes": 1_000},
    ),
    "search of snippets": (_SHOWN, {"user_id": 1, "ids": [1], "bytes": 1_000}),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gatewayz-test-") as folder:
        service = Service(Path(folder) / "service", DATABASE_URL=URL)
        try:
            service.manage("distribute")
            service.start_web()
            yield service
        finally:
            if service.runs("web"):
                service.kill("web")
            service.stop()


@pytest.fixture
def client(service: Service) -> ContractClient:
    return ContractClient(f"http://127.0.0.1:{service.port}", service.api_key)


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
