"""Requests of OpenAI's Chat Completions, and whatever else has `messages` in our own form."""

from collections.abc import Mapping
from typing import Any

from chat.transfer.formats.conversations import Conversation

NAME = "openai"


def matches(document: Mapping[str, Any]) -> bool:
    """Whether this has messages at all; asked after the other formats."""
    return "messages" in document


def conversation(document: dict[str, Any]) -> Conversation:
    """The conversation as it is: `ChatInput` tells what is wrong with it."""
    return Conversation(document, {})
