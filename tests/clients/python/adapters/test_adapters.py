"""Messages that an adapter keeps come back equal, and read well elsewhere.

No framework publishes tests for stores of chats: `langchain-tests` has them for other stores, and
the wheels of LlamaIndex, OpenAI's Agents SDK and Pydantic AI have none. So each adapter keeps
messages of every kind, with tools and images, and runs of the framework with a fake model.
"""

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
