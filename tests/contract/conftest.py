"""The service under test: a given one, or one that is started for it.

    pytest tests/contract --base-url https://chat.example --api-key gw_live_…

Everything that is made there is deleted again at the end, softly as the contract has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import ContractClient
from tests.faults.service import Service


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--base-url", help="the running service to test")
    parser.addoption("--api-key", help="a working key of it")


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest) -> Iterator[ContractClient]:
    """A client of the service with a working key."""
    # In a run of all tests the options are not registered, and so not given.
    base_url = request.config.getoption("--base-url", None)
    api_key = request.config.getoption("--api-key", None)
    if bool(base_url) != bool(api_key):
        pytest.fail("Give both --base-url and --api-key, or neither")
    if base_url:
        yield ContractClient(base_url, api_key)
        return
    with tempfile.TemporaryDirectory(prefix="gatewayz-test-") as folder:
        service = Service(Path(folder) / "service")
        try:
            service.start_web()
            yield ContractClient(f"http://127.0.0.1:{service.port}", service.api_key)
        finally:
            if service.runs("web"):
                service.kill("web")
            service.stop()


@pytest.fixture(scope="session")
def nobody(client: ContractClient) -> ContractClient:
    """A client of the service without a key."""
    return ContractClient(client.base_url, None)


@pytest.fixture
def session(client: ContractClient) -> Iterator[dict[str, Any]]:
    """A session of the client's, deleted at the end of the test."""
    session = client.post("/v1/chat/sessions", {"title": "Contract", "model": "acme/one"}).data
    yield session
    client.delete(f"/v1/chat/sessions/{session['id']}")
