"""What is kept by an adapter comes back equal, and reads well elsewhere."""

from pathlib import Path

import pytest

from tests.clients.environments import python_with, run, service

CONVERSATIONS = sorted(Path(__file__).parent.glob("*_conversation.py"))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda path: path.stem)
def test_a_framework_keeps_its_conversations(conversation):
    extra = conversation.stem.removesuffix("_conversation").replace("_", "-")
    python = python_with(extra)
    with service() as environ:
        run(python, conversation, environ)
