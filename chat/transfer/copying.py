"""Exporting chats as a stream, page by page however long they are, and importing them."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q

from accounts.principals.principal import Principal
from chat.messages.read import within_bytes
from chat.messages.write import append_messages
from chat.models import ChatMessage, ChatSession
from chat.sessions.write import create_session
from gatewayz.streaming.downloads import read_page

PAGE_MESSAGES = 100
PAGE_SESSIONS = 100

# The fields of a message or session in exports and imports.
MESSAGE_FIELDS = ("role", "model", "tokens", "reasoning", "metadata", "created_at")
SESSION_FIELDS = ("title", "model", "created_at", "updated_at")

CONTENT_TYPES = {
    "json": "application/json",
    "openai": "application/json",
    "markdown": "text/markdown; charset=utf-8",
}
SUFFIXES = {"json": "json", "openai": "openai.json", "markdown": "md"}

_encode = msgspec.json.Encoder().encode


def export_chat(session: ChatSession, form: str) -> Iterator[bytes]:
    """Yield a session in one of the formats of CONTENT_TYPES, in pieces.

    `json` is what `import_chat` reads; `openai` is the request that would continue the chat;
    `markdown` is for people. A download that was cut off is invalid JSON or lacks the comment at
    the end of the Markdown.
    """
    return {"json": _json, "openai": _openai, "markdown": _markdown}[form](session)


def export_all(owner: Principal) -> Iterator[bytes]:
    """Yield all active sessions of `owner` as NDJSON: each session, then its messages.

    The last line gives the number of lines before it. A download without that line was cut off.
    """
    last = lines = 0
    owned = ChatSession.objects.owned_by(owner).active().order_by("id")
    while page := read_page(owned.filter(id__gt=last)[:PAGE_SESSIONS]):
        for session in page:
            lines += 1
            yield _encode({"type": "session", "id": session.pk, **_session(session)}) + b"\n"
            for message in messages_of(session):
                lines += 1
                line = {"type": "message", "session_id": session.pk, "id": message.pk}
                yield _encode(line | _message(message)) + b"\n"
        last = page[-1].pk
    # It has an `id` because clients expect one in each line.
    yield _encode({"type": "end", "id": None, "lines": lines}) + b"\n"


def import_chat(owner: Principal, given: Mapping[str, Any]) -> ChatSession:
    """Create a session with the messages of an export: all of them, or nothing.

    `given` has `messages` and may have `title`, `model` and `created_at`.
    """
    with transaction.atomic():
        session = create_session(
            owner,
            title=given.get("title"),
            model=given.get("model"),
            created_at=given.get("created_at"),
        )
        if given["messages"]:
            append_messages(owner, session.pk, given["messages"])
    session.refresh_from_db()
    return session


def messages_of(session: ChatSession) -> Iterator[ChatMessage]:
    """Yield a session's messages in order, holding PAGE_MESSAGES and PAGE_BYTES in memory."""
    in_order = session.messages.in_order()
    page = read_page(within_bytes(in_order, PAGE_MESSAGES))
    while page:
        yield from page
        # Compares with the time and not with the row, which may be deleted meanwhile.
        last = page[-1]
        later = Q(created_at__gt=last.created_at) | Q(pk__gt=last.pk)
        following = in_order.filter(later, created_at__gte=last.created_at)
        page = read_page(within_bytes(following, PAGE_MESSAGES))


def _session(session: ChatSession) -> dict[str, Any]:
    return {name: getattr(session, name) for name in SESSION_FIELDS}


def _message(message: ChatMessage) -> dict[str, Any]:
    fields = {name: getattr(message, name) for name in MESSAGE_FIELDS}
    return {"role": fields.pop("role"), "content": message.given_content, **fields}


def _json(session: ChatSession) -> Iterator[bytes]:
    return _object(_session(session), map(_message, messages_of(session)))


def _openai(session: ChatSession) -> Iterator[bytes]:
    messages = (
        {"role": message.role, "content": message.given_content}
        for message in messages_of(session)
    )
    return _object({"model": session.model}, messages)


def _object(head: dict[str, Any], messages: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a JSON object of `head` and `messages`, one message at a time."""
    yield _encode(head)[:-1] + b',"messages":['
    for separator, message in zip(
        itertools.chain([b"\n"], itertools.repeat(b",\n")), messages, strict=False
    ):
        yield separator + _encode(message)
    yield b"\n]}\n"


def _markdown(session: ChatSession) -> Iterator[bytes]:
    yield f"# {session.title}\n".encode()
    count = 0
    for message in messages_of(session):
        count += 1
        yield f"\n## {message.role.title()}\n\n{message.content}\n".encode()
    # Invisible when rendered; a download that was cut off lacks it.
    yield f"\n<!-- end: {count} messages -->\n".encode()
