"""OpenAI's own client, unmodified, with this service as its `base_url`."""

from pathlib import Path

import pytest

from tests.clients.environments import python_with, run, service

SCRIPT = Path(__file__).with_name("openai_conversation.py")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_openais_client_keeps_a_conversation():
    # The Agents SDK brings the client.
    python = python_with("openai-agents")
    with service() as environ:
        run(python, SCRIPT, environ)
