"""OpenAI's own client, unmodified, with this service as its `base_url`."""

from pathlib import Path

import pytest

from tests.clients.environments import python_with, run_against_a_service

SCRIPT = Path(__file__).with_name("openai_conversation.py")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_openais_client_keeps_a_conversation():
    # The Agents SDK brings the client.
    run_against_a_service(python_with("openai-agents"), SCRIPT)
