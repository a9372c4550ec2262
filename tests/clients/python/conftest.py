from collections.abc import Iterator

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from gatewayz_client import Gatewayz


@pytest.fixture
def transport() -> httpx.WSGITransport:
    """How clients reach the service, which answers in this process."""
    return httpx.WSGITransport(app=WSGIHandler(), raise_app_exceptions=True)


@pytest.fixture
def client(api_key: str, transport: httpx.WSGITransport) -> Iterator[Gatewayz]:
    """The client of `user`."""
    signals = (request_started, request_finished)
    for signal in signals:
        # As Django's own test client does: the connection holds the test's transaction.
        signal.disconnect(close_old_connections)
    with Gatewayz(api_key, "http://testserver", transport=transport, attempts=1) as client:
        yield client
    for signal in signals:
        signal.connect(close_old_connections)
