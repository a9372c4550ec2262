"""The answers about activity match their OpenAPI description."""

import pytest

from accounts.worker import drain
from tests.openapi import DescribedClient

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_response_matches_the_schema(api):
    api.post_json("/v1/chat/sessions", {"model": "openai/gpt-4o"})
    drain.drain()
    described = DescribedClient(api)

    for path in ("/v1/activity/stats", "/v1/activity/log"):
        assert described.ask("get", path)
        described.ask("get", path, query={"from": "nonsense"})

    assert described.asked == described.operations_below("/v1/activity")
