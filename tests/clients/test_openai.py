"""OpenAI's own client, unmodified, with this service as its `base_url`."""

from pathlib import Path

import pytest

from tests.clients.environments import python_with, run, service

PROGRAMS = [Path(__file__).with_name(f"openai_{name}.py") for name in ("conversation", "items")]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_openais_client_keeps_a_conversation(program):
    # The Agents SDK brings the client.
    python = python_with("openai-agents")
    with service() as environ:
        run(python, program, environ)
