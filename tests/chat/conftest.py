"""Fixtures for tests of chats."""

import pytest

from accounts.models import User
from chat.models import ChatSession


@pytest.fixture
def session(user: User) -> ChatSession:
    """A session of `user` without messages."""
    return ChatSession.objects.create(user=user, title="Hello", model="openai/gpt-4o")
